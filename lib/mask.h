/*
 * Secrets taken out of streams of bytes: wherever a secret stands, `***` comes
 * out in its place, however the bytes came in pieces. Secrets that overlap or
 * follow each other at once are one `***`.
 *
 * A secret of several lines is also known by each of its longer lines, and one
 * that JSON writes with escapes by that form, too.
 *
 * What may yet become a secret is kept back until the next bytes tell; nothing
 * else is. It takes a step for each byte and each form of a secret.
 *
 * Pure: must not know streams, lines, jobs.
 */
#ifndef MUSTER_LIB_MASK_H
#define MUSTER_LIB_MASK_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"

#define MASK_TEXT  "***"
#define MASK_MIN   4  /* bytes of a secret: what is shorter is no secret */
#define MASK_FORMS 64 /* of all secrets of a mask; further lines go unmasked */

/* What is to be masked; constant once the first stream of it runs. */
struct mask;

struct mask *mask_new(void);
/* False, and nothing is added: it is shorter than MASK_MIN, or too many. */
__attribute__((warn_unused_result)) bool
mask_add(struct mask *m, const char *secret, size_t len);
/* Overwrites what it knew; NULL is fine. */
void mask_free(struct mask *m);

/* One stream through a mask. */
struct mask_stream {
    const struct mask *mask; /* NULL: what comes in goes out */
    struct buf held;         /* bytes that may be the beginning of a secret */
    struct buf hidden;       /* for each of them: 1, it is part of one */
    size_t *state;           /* for each form: how much of it came last */
    bool in_mask;            /* the last byte that went out was hidden */
};

/* m is borrowed; NULL is no mask. */
void mask_stream_init(struct mask_stream *s, const struct mask *m);
void mask_stream_free(struct mask_stream *s);
/* Appends to out what can be told of bytes. */
void mask_feed(struct mask_stream *s, const char *bytes, size_t len,
               struct buf *out);
/* The stream has ended: appends the rest. The beginning of a secret that is
 * long enough to be one is masked as well. */
void mask_end(struct mask_stream *s, struct buf *out);

/* Text as a whole. */
void mask_text(const struct mask *m, const char *text, size_t len,
               struct buf *out);

#endif

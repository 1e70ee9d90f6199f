/*
 * similar: a text with what differs from host to host taken out, so that texts
 * that are alike otherwise can be found: the host's own name, addresses (IPv4,
 * IPv6, MAC), numbers, and how many blanks stand between words.
 *
 * Pure. Must not know where texts come from or how they are shown.
 */
#ifndef MUSTER_CLI_SIMILAR_H
#define MUSTER_CLI_SIMILAR_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"

/* A piece that was taken out. */
struct similar_piece {
    size_t at, len; /* in the text */
};

struct similar {
    struct buf key; /* the rest, with a mark for each piece: equal keys, alike
                       texts */
    struct similar_piece *pieces; /* owned */
    size_t count;
};

/* host is whose text it is; its name up to the first dot is taken out, too. */
void similar_make(struct similar *s, const char *host, const char *text,
                  size_t len);
void similar_free(struct similar *s);
bool similar_equal(const struct similar *a, const struct similar *b);

/* Marks in differs (one for each piece) those that are not the same in both of
 * two alike texts. */
void similar_compare(const struct similar *a, const char *text_a,
                     const struct similar *b, const char *text_b,
                     bool *differs);

#endif

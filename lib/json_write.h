/*
 * json_write: JSON written straight into a buffer, in the order in which it is
 * said; nothing is kept but where a comma or a line belongs. It writes what
 * Go's encoding/json writes, for clients that compare texts: <, > and & as
 * \u00XX, what is no UTF-8 as \ufffd; laid out with four blanks if asked for,
 * with [] and {} on one line.
 *
 *   jw_open_object(w);
 *   jw_key(w, "Name");
 *   jw_text(w, name);
 *   jw_close(w);
 *
 * Pure. That a key comes before each value of an object is the caller's to see
 * to: it is asserted nowhere but in the depth.
 */
#ifndef MUSTER_LIB_JSON_WRITE_H
#define MUSTER_LIB_JSON_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"

#define JW_DEPTH_MAX 32

struct jw {
    struct buf buf; /* owned: what is written */
    bool pretty;
    bool keyed;     /* a key was written, its value comes next */
    unsigned depth; /* open arrays and objects */
    unsigned char any[JW_DEPTH_MAX + 1]; /* something stands in it already */
    char ends[JW_DEPTH_MAX + 1];         /* ] or } */
};

/* All zero is a writer that is not pretty. */
void jw_free(struct jw *w);
/* Empty again; keeps at most keep bytes allocated. */
void jw_reset(struct jw *w, size_t keep);

void jw_open_object(struct jw *w);
void jw_open_array(struct jw *w);
/* The innermost of them. */
void jw_close(struct jw *w);

/* Of the next value; name needs no quoting: it is one of ours. */
void jw_key(struct jw *w, const char *name);
/* The same of a name that comes from elsewhere. */
void jw_key_text(struct jw *w, const char *name, size_t len);

void jw_text(struct jw *w, const char *text); /* NUL-terminated */
void jw_text_len(struct jw *w, const char *text, size_t len);
void jw_uint(struct jw *w, uint64_t n);
void jw_int(struct jw *w, int64_t n);
/* As Go writes it: the shortest that reads back the same. */
void jw_double(struct jw *w, double n);
void jw_bool(struct jw *w, bool yes);
void jw_null(struct jw *w);
/* Bytes as a text in base64; of none it is "". */
void jw_base64(struct jw *w, const void *bytes, size_t len);
/* One value that is JSON already, on one line: it is not laid out anew. */
void jw_raw(struct jw *w, const char *json, size_t len);

/* Short for a key and its value. */
void jw_pair_text(struct jw *w, const char *name, const char *text);
void jw_pair_uint(struct jw *w, const char *name, uint64_t n);
void jw_pair_int(struct jw *w, const char *name, int64_t n);
void jw_pair_bool(struct jw *w, const char *name, bool yes);
void jw_pair_null(struct jw *w, const char *name);

#endif

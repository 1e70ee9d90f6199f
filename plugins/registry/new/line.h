/*
 * A line of port new as a request: what it is about, what it sets, which
 * directives it has. Pure: it knows no connection and no catalog.
 */
#ifndef MUSTER_FACE_NEW_LINE_H
#define MUSTER_FACE_NEW_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/mem.h"
#include "lib/refusal.h"
#include "lib/words.h"

#define NEW_UNSETS_MAX 64
#define NEW_TTL_MAX    4000000 /* seconds: 46 days fit 32 bits of ms */

enum new_verb {
    NEW_NOTHING,  /* only settings of the connection, or an empty line */
    NEW_REGISTER, /* name: the first line, or .new */
    NEW_UPDATE, /* name: .of; name.text NULL: the connection's first service */
    NEW_REMOVE  /* name: .remove */
};

struct new_line {
    enum new_verb verb;
    struct word name;
    struct word *sets;  /* pairs; in the caller's array, compacted */
    unsigned set_count; /* pairs */
    unsigned unset_count;
    enum refusal why; /* after an error: what it is */
    bool ack, has_ack;
    bool replace;
    bool has_volatiles;
    struct word volatiles;
    bool has_ttl;
    uint64_t ttl_s;
    struct word unsets[NEW_UNSETS_MAX]; /* the last: it is long, and cleared
                                           by its count */
};

struct new_line_limits {
    size_t name, value; /* bytes */
};

/*
 * Reads words[0..n) (n is 0 for an empty line); first says that it is the
 * first line of its connection. Returns NULL, or an error text for the peer
 * (owned by the caller).
 */
MUST_CHECK char *new_line_read(struct new_line *l, struct word *words, int n,
                               bool first,
                               const struct new_line_limits *limits);

#endif

/*
 * A request whose line ends in `.body N`: the N bytes behind the line belong to
 * it (doc/protocol.md, Bytes). The line is kept until they have come.
 *
 * Wherever that cannot be, the connection must end: what follows is no line of
 * the client's, whatever it looks like.
 *
 * Must not know requests.
 */
#ifndef MUSTER_LIB_BODY_H
#define MUSTER_LIB_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"

#define BODY_DROP_MAX (256ULL << 20) /* bytes of one that are dropped */

struct conn;

/* Embedded in its owner, all zero at first. */
struct body {
    struct buf line; /* without its `.body N` */
    struct buf bytes;
    uint64_t left; /* still to come */
    bool pending;  /* the line waits for them */
    bool dropped;  /* they were too many, and are not kept */
};

enum body_kind {
    BODY_NONE,     /* an ordinary line */
    BODY_WHOLE,    /* of no bytes: the line is in b, to be handled now */
    BODY_COMES,    /* body_add() is given them */
    BODY_TOO_LONG, /* the same, but the bytes are dropped: why says it */
    BODY_WRONG     /* why says it; close the connection */
};

/* Looks at a line; from within the handler's line(). max: the longest body. */
enum body_kind body_begin(struct body *b, struct conn *c, const char *line,
                          size_t len, uint64_t max, const char **why);
/* Bytes of it, from the handler's bytes(). True: it is whole now. */
__attribute__((warn_unused_result)) bool
body_add(struct body *b, const char *bytes, size_t len);
/* True for the name of the directive in a line that was no body: it does not
 * stand where it must. */
bool body_is_name(const char *name);
/* It has been handled, or will not be: overwritten and freed. */
void body_free(struct body *b);

#endif

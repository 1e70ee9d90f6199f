/*
 * The words of a worker become calls of a link's handler (doc/protocol.md,
 * Port worker). A constant table says how many words each verb takes; what is
 * not well-formed is an error text and calls nothing.
 *
 * Pure: must not know connections; it is fuzzed by itself.
 */
#ifndef DISPATCHER_WIRE_WORDS_H
#define DISPATCHER_WIRE_WORDS_H

#include "dispatcher/wire.h"
#include "lib/mem.h"

#define WIRE_WORDS_MAX 256 /* words of a line */

struct wire_hello {
    const char *host, *instance, *ops;
    unsigned slots;
};

/* hello HOST INSTANCE slots N ops a,b,c: NULL, or what is wrong. */
MUST_CHECK const char *wire_parse_hello(struct word *w, int n,
                                        struct wire_hello *hello);
/* Any later line. */
MUST_CHECK const char *wire_dispatch_words(const struct wire_handler *h,
                                           void *arg, struct word *w, int n);

#endif

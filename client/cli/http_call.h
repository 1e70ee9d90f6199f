/*
 * One HTTP request to a daemon of ours, on a connection of its own: dialled,
 * asked, and its answer handed over, on the loop. Several may be on their way
 * at once.
 *
 *   start --> dialling --> asking --> told (done(), once) --> gone
 *
 * Must not know any route, nor whose token it shows.
 */
#ifndef MUSTER_CLI_HTTP_CALL_H
#define MUSTER_CLI_HTTP_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/buf.h"
#include "lib/loop.h"
#include "lib/tls.h"

enum http_call_end {
    HTTP_CALL_ANSWERED,  /* the answer came whole, whatever its status */
    HTTP_CALL_UNREACHED, /* nobody listens there */
    HTTP_CALL_BROKEN,    /* it broke off, or is no HTTP */
    HTTP_CALL_STOPPED    /* piece() wanted no more */
};

struct http_answer {
    enum http_call_end end;
    const char *error; /* HTTP_CALL_UNREACHED and _BROKEN: why */
    int status;        /* 0: there was none */
    uint64_t index;    /* its X-Consul-Index; 0: it has none */
    struct buf *body;  /* what did not go to piece() */
};

/* What to ask; everything is borrowed until http_call_start() returns, but
 * piece(), done() and arg. */
struct http_ask {
    const char *method, *path;
    const char *header; /* further lines, each ended by CR LF; NULL: none */
    const char *type;   /* of the body */
    const void *body;   /* NULL: none */
    size_t len;
    size_t max;        /* bytes of an answer that are kept in body */
    uint64_t quiet_ms; /* without a byte of the answer: broken; 0: none */
    /* Each piece of a body of status 2xx as it comes; false: no more. NULL:
     * it is kept. */
    bool (*piece)(void *arg, const char *bytes, size_t len);
    /* The end, never from inside http_call_start(); the call is gone. */
    void (*done)(void *arg, const struct http_answer *a);
    void *arg;
};

struct http_call;

/* tls may be NULL where the address is without. */
struct http_call *http_call_start(struct loop *l, const struct addr *addr,
                                  struct tls *tls, const struct http_ask *ask);
/* Gives up: done() is not called. NULL is fine. */
void http_call_cancel(struct http_call *k);

#endif

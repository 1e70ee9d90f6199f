/*
 * The inside of the Consul face's frame, for its parts only: consul.c is the
 * face, call.c the life of calls and what is asked for, answer.c their answers,
 * blocking.c reads that wait.
 */
#ifndef PLUGINS_REGISTRY_CONSUL_CALL_IMPL_H
#define PLUGINS_REGISTRY_CONSUL_CALL_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/httpd.h"
#include "plugins/registry/consul/call.h"

#define CALL_JSON          "application/json"
#define CALL_TEXT          "text/plain; charset=utf-8"
#define CALL_OUT_KEPT      65536 /* bytes of c->out that a spare call keeps */
#define CALL_SPARE_MAX     64
#define CONSUL_RENDERED    8  /* answers kept for those woken together */
#define CONSUL_LEAVING_MAX 16 /* members shown as leaving */
#define CALL_RETRY_TEXT    "too many blocking queries wait: try again later"
#define CALL_FILTER_TEXT                                                       \
    "the filter's regular expressions take too long over so many rows"

struct gzip;
struct consul;

/* view.c: true, the handler will be called once more, when the view of the
 * directory is there. */
bool call_waits_for_view(struct consul *u, struct http_request *r);

struct consul_counts {
    uint64_t calls;
    uint64_t woken;  /* blocking queries answered because of a change */
    uint64_t over;   /* ... because the wait was over */
    uint64_t looked; /* ... looked at because something had changed */
    uint64_t same;   /* ... whose result had not */
    uint64_t shared; /* ... answered with what another one was */
    uint64_t busy;   /* refused, too many waited */
    uint64_t denied;
};

/* The result of a read when it was last made: blocking.c */
struct seen {
    uint64_t key, index, hash;
};

/* A member that was told to leave. */
struct leaving {
    char *node; /* owned; NULL: none */
    uint64_t until_ms;
};

/* What was last written for one who was woken. */
struct rendered {
    uint64_t key, index, hash; /* key 0: nothing */
    int status;
    const char *type;
    struct buf body;
    struct buf zipped; /* made when the first one asks for it; or empty */
};

struct consul {
    struct musterd *m;
    struct httpd_face face;
    struct httpd *httpd;
    struct call *calls, *spare;
    unsigned n_spare;
    unsigned blocking, max_blocking;
    size_t value_max;   /* registry.kv_value */
    struct call *woken; /* blocked ones that are to look again */
    struct loop_task look;
    struct seen *seen; /* made when the first one blocks */
    struct rendered rendered[CONSUL_RENDERED];
    uint64_t jitter;
    struct gzip *gzip; /* made at need; of whole answers */
    char since[32];    /* when it began, as RFC 3339 */
    struct leaving leaving[CONSUL_LEAVING_MAX];
    struct consul_counts counts;
};

/* call.c */
void call_end(struct call *c);
/* It is answered later: it ends when the client goes. */
void call_stays(struct call *c);

/* answer.c */
/* Sends what was gathered. */
void call_send_gathered(struct call *c);
/* A first piece is written, there is more of it. */
void call_stream_begin(struct call *c);
/* Takes a stream that has begun, or is to go on, off the loop. */
void call_stream_stop(struct call *c);

/* blocking.c */
void call_block_end(struct call *c);
void consul_look_stop(struct consul *u);

#endif

/*
 * A call: one request to the Consul face, from what it asks for to its answer.
 * Every handler of a family of endpoints begins one, and works with nothing
 * else of HTTP but http_param() and http_query() of c->r:
 *
 *   static enum http_verdict get_leader(struct http_request *r, void *ctx)
 *   {
 *       struct call *c = call_begin(r, ctx);
 *
 *       if (!c)
 *           return HTTP_DONE;
 *       jw_text(&c->out, "127.0.0.1:8300");
 *       return call_json(c, 200);
 *   }
 *
 * An answer ends the call: c is gone then. What is to be answered later:
 *
 *   call_hold(c); kv_request(..., done, c); return HTTP_LATER;
 *   done(): if (!call_release(c)) return; ... call_true(c, true);
 *
 * where done() may come before kv_request() returns. A read that may block is
 * made of functions (struct call_read) and call_read() does the rest; a long
 * answer is written in pieces: call_stream().
 *
 * Must not know what any endpoint is for.
 */
#ifndef PLUGINS_REGISTRY_CONSUL_CALL_H
#define PLUGINS_REGISTRY_CONSUL_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/http.h"
#include "lib/json_write.h"
#include "lib/loop.h"
#include "plugins/registry/consul/authority.h"
#include "plugins/registry/consul/filter.h"

struct consul;
struct gzip;
struct json_t;
struct musterd;
struct rendered;

/* Of a family's rows: what a body may be at most. Every route takes one, as
 * Consul does, and most do not look at it. */
#define CALL_BODY       ((size_t)1 << 20) /* JSON */
#define CALL_BODY_VALUE ((size_t)-1)      /* registry.kv_value */
#define CALL_BODY_TXN   ((size_t)-2)      /* operations with so much in all */

struct call_read;

struct call {
    struct http_request *r; /* NULL: the client is gone (call_release()) */
    struct consul *consul;
    struct musterd *m;

    /* of the request */
    uint64_t index;   /* 0: answer at once */
    uint64_t wait_ms; /* 0: none was given, or none that counts */
    bool stale, consistent, pretty;
    const char *near;  /* borrowed from r; NULL: none */
    const char *token; /* owned; "": none was shown; never to be logged */

    struct jw out; /* the answer as it is written, pretty if asked for */

    /* of the handler */
    void *data;                    /* its own ... */
    void (*free_data)(void *data); /* ... freed with the call; may be NULL */

    struct filter *filter; /* owned; NULL: see call_filter() */

    /* of authority.c */
    const struct acl_authority *who;

    /* of the frame */
    const struct call_read *how; /* it is a read that may block */
    uint64_t answer_index;       /* X-Consul-Index; 0: none is told */
    bool gathers; /* an answer given now is kept for a look, not sent */
    bool held, gone;
    bool waits; /* it blocks */
    bool woken;
    bool leader;      /* KnownLeader is told */
    int status;       /* of the answer gathered */
    const char *type; /* ... */
    bool (*more)(struct call *c);
    bool streaming;
    struct gzip *gzip;         /* of a stream that is compressed; owned */
    uint64_t key;              /* of what is asked: see blocking.c */
    struct rendered *rendered; /* its answer is there, too; or NULL */
    uint64_t seen;            /* the result that the client has; 0: not known */
    struct loop_task look;    /* woken: looks again */
    struct loop_task go_on;   /* of a stream: the next piece */
    struct loop_timer *timer; /* of a read that blocks; made at need */
    struct json_t *body;      /* owned */
    struct buf wrong;         /* of the body: see body.h */
    unsigned wrongs;
    struct call *prev, *next;             /* of all */
    struct call *prev_woken, *next_woken; /* of those to look again */
};

/*
 * NULL: it has been answered (a bad parameter, an unknown datacenter, a token
 * that is none), or the handler will be called once more (view.c); return
 * HTTP_DONE.
 */
struct call *call_begin(struct http_request *r, void *ctx);

/* NULL, or why what it asks for of consistency makes no sense (400). Of a GET
 * call_begin() has refused that. */
const char *call_consistency_wrong(const struct call *c);

/*
 * A token that stands elsewhere than call_begin() looks: from now on it is that
 * of the call, unless the call has one. Before anything is asked about rights,
 * or who asks. False: it is none, and this has been answered.
 */
bool call_show_token(struct call *c, const char *token);

/*
 * Reads ?filter= into c->filter, for rows of that kind: around each row, a
 * filter_mark() and a filter_keep(). False: it makes no sense, and this has
 * been answered (400); return HTTP_DONE.
 */
bool call_filter(struct call *c, enum filter_kind kind);

/* -- answers: each ends the call ------------------------------------------- */

/* All of them return HTTP_DONE. */

/* What is in c->out, as application/json. */
enum http_verdict call_json(struct call *c, int status);
/* The same in one: true, false. */
enum http_verdict call_true(struct call *c, bool yes);
/* Without a body. */
enum http_verdict call_empty(struct call *c, int status);
/* What Consul writes as an error: text/plain. */
enum http_verdict call_error(struct call *c, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Bytes of any type. */
enum http_verdict call_bytes(struct call *c, int status, const char *type,
                             const void *bytes, size_t len);
/*
 * JSON that may be long: more() writes a piece (some tens of KiB, or what
 * musterd_share() of rows gives) to c->out and returns whether there is more to
 * come; it is called now, and again in later turns whenever there is room.
 * What is done after the first piece goes out like call_json(). c->data is what
 * more() remembers; what it points at may have changed between two calls.
 */
enum http_verdict call_stream(struct call *c, bool (*more)(struct call *c));

/*
 * Bytes that come from elsewhere, of a length that is not known: begins the
 * answer, which goes on by http_stream_...(c->r). If the client goes, so does
 * the call, and c->data with it. At its end: call_stream_close(), and only then
 * http_stream_end() or http_stream_fail() of the request.
 */
void call_stream_open(struct call *c, const char *type);
void call_stream_close(struct call *c);

/* The answer to come tells X-Consul-Index (never 0: 1 in its place),
 * X-Consul-KnownLeader and X-Consul-LastContact. call_read() does it. */
void call_index(struct call *c, uint64_t index);
/* The latter two alone. */
void call_leader(struct call *c);

/* -- answers later --------------------------------------------------------- */

/* The call stays although the client may go, until call_release(); the handler
 * returns HTTP_LATER. */
void call_hold(struct call *c);
/* False: the client has gone, and so has the call: do not touch it. */
bool call_release(struct call *c);

/* -- reads that may block -------------------------------------------------- */

/*
 * Answered at once, or when the index has passed c->index, or when the wait
 * (and up to a sixteenth more) is over. A result that is the one which that
 * index stood for wakes nobody, though the index has moved, except with
 * consul.compat 0.7.
 */
struct call_read {
    /* The index of the result now. */
    uint64_t (*index)(struct call *c);
    /* Gives the answer, by any call_...() above; it does not end the call.
     * May be called several times, each time from nothing. */
    void (*answer)(struct call *c);
    /* From now on call_wake(c) is called when the result may have changed; and
     * no longer. Both once, and wait_end() always after wait(). */
    void (*wait)(struct call *c);
    void (*wait_end)(struct call *c);
    /* Whether it has changed since c->index, where that says more than the
     * index's being greater; or NULL. */
    bool (*changed)(struct call *c);
    /* An index that is no order, only another one (events): told without the
     * other headers; by default ten minutes are waited, and no more. */
    bool unordered;
};

enum http_verdict call_read(struct call *c, const struct call_read *how);
/* Looks again, at the end of this turn: may be called from anywhere. */
void call_wake(struct call *c);

/* consul.compat is 0.7. */
bool call_is_07(const struct call *c);

/* -- rights ---------------------------------------------------------------- */

bool call_may(struct call *c, enum acl_kind kind, const char *name, size_t len,
              enum acl_level level);
/* False: not, and it has been answered (403 "Permission denied"), counted and
 * audited; return HTTP_DONE. */
bool call_demand(struct call *c, enum acl_kind kind, const char *name,
                 size_t len, enum acl_level level);
/* The same where it was found out in another way. */
enum http_verdict call_deny(struct call *c);
/* The log and the audit log are told that something was denied, and the answer
 * says another thing. */
void call_denied(struct call *c, const char *why);

#endif

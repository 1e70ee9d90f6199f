/*
 * httpd: a face that speaks HTTP/1.1, made of tables of routes (http_route.h)
 * whose handlers (http.h) know nothing of connections. It plugs into the
 * listener host like any other face, so that its connections stand in the same
 * accounts, under the same bounds, and come over TLS where those do.
 *
 * Before a handler is called, and before a byte of the body is read, it is
 * settled, in this order, that: the head is well-formed (http_head.h); the
 * token makes sense (400) and is known (401); the Host is one of ours (421: see
 * http_guard.h; not asked of who shows a token, which no browser does by
 * itself); the path exists (404) and takes the method (405); no other site's
 * page sends it (403); the body is of the size (413) and type (415) that the
 * route takes; and the face admits it (its admit()). What is refused before all
 * of its body has come costs the connection.
 *
 *   head --> (100 Continue) --> body --> handler --> answer --> head …
 *
 * A token that the daemon does not know may be asked about (lib/auth/ask.h):
 * the request, and the connection, wait for the answer.
 *
 * One request of a connection is handled at a time; more that are there
 * already wait unread, in order. It does not use libevent's evhttp: that one
 * (2.1.12) either does not see that a client has gone while its answer is made,
 * or ends the process when such a client sends a second request, reads a body
 * as a second request behind a "Content-Length :", and lets nobody count or
 * refuse connections.
 *
 * Must not know what any route is for.
 */
#ifndef MUSTER_LIB_HTTPD_H
#define MUSTER_LIB_HTTPD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/http.h"
#include "lib/listen.h"
#include "lib/loop.h"

struct auth;
struct conf;
struct httpd;

/* In what else a face differs, where its clients are those of another server:
 * a mask. */
enum httpd_way {
    HTTPD_NO_HEAD = 1,     /* HEAD is no GET: 405 */
    HTTPD_OWN_TOKENS = 2,  /* tokens shown are for http_token(): none is looked
                             at before, and none is unknown */
    HTTPD_CLEAN_PATHS = 4, /* as Go's: // and /./ and /../ are a 301, and so is
                              a path that lacks the slash at its end */
    HTTPD_GO_ALLOW = 8     /* OPTIONS is a 200, Allow has commas alone */
};

/* What makes a face: constant. */
struct httpd_face {
    const char *name; /* of the face, as in ready words and metrics */
    const struct http_table *const *tables;
    size_t n_tables;
    /* Header lines for every answer, each ended by CR LF; or NULL. */
    const char *headers;
    /* May this request be? 0, or the status to refuse it with and why (static).
     * NULL: everyone may everything. */
    int (*admit)(struct http_request *r, void *ctx, const char **why);
    /* Writes an error of its own instead of our JSON; or NULL. */
    void (*error)(struct http_request *r, int status, const char *text);
    /* A request has its answer, with so many bytes of a body; or NULL. */
    void (*answered)(struct http_request *r, void *ctx, int status,
                     uint64_t bytes);
    unsigned ways;
    const char *options; /* header lines of what OPTIONS gets, or NULL */
    /* The most that its body may have; NULL: what its route says. */
    size_t (*body)(const struct http_request *r, void *ctx);
    /* A further name that a Host may have, without its port; or NULL. */
    bool (*host)(const char *name, void *ctx);
    /* With HTTPD_OWN_TOKENS: that token is one, and a secret: who shows it may
     * ask for any Host. NULL: none is. */
    bool (*knows)(const char *token, void *ctx);
};

struct httpd_limits {
    size_t header;       /* bytes of a request's first line and headers */
    uint64_t request_ms; /* time in which a request must be there, whole */
    uint64_t idle_ms;    /* time between two requests */
    unsigned waiting;    /* requests that wait for their answer */
};

/* ctx goes to handlers and admit(). face stays the caller's, and constant. */
struct httpd *httpd_new(struct loop *l, const struct httpd_face *face,
                        void *ctx);
/* Who knows tokens; borrowed. Without it every token is an unknown one. */
void httpd_set_auth(struct httpd *h, struct auth *auth);
/* Settings that may change while it runs: http.*. */
void httpd_configure(struct httpd *h, const struct conf *conf);
void httpd_set_limits(struct httpd *h, const struct httpd_limits *limits);
/* So many more may wait than http.waiting says: after httpd_configure(). */
void httpd_add_waiting(struct httpd *h, unsigned more);
/* Names that a Host may have beside addresses and localhost; copied. */
void httpd_set_names(struct httpd *h, const char *const *names, size_t count);

/* For a listen_face's open(), and its handler: constant but for the name. */
void *httpd_open(struct conn *c, struct httpd *h);
const struct conn_handler *httpd_handler(void);
/* For its refusal(): the whole answer to a connection that is not taken. */
void httpd_refusal(char *text, size_t size, const char *why);

/* Every request that waits is answered that status and why, every stream ends:
 * before the connections are closed. */
void httpd_stop(struct httpd *h, int status, const char *why);
/* When all its connections are closed or freed. NULL is fine. */
void httpd_free(struct httpd *h);

/* Requests that wait for their answer, and streams. */
unsigned httpd_waiting(const struct httpd *h);

#endif

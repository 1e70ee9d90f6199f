/*
 * The inside of an HTTP face, for its parts only: httpd.c is the life of
 * connections and requests, httpd_take.c how a request comes in and what it is
 * refused for, http_reply.c its answer, http_request.c what handlers ask about
 * it.
 *
 * A request: taken --handler--> waiting --> over --settled--> freed. Whoever
 * ends it (an answer, the client) sets over; it is freed in the settling step.
 */
#ifndef MUSTER_LIB_HTTPD_IMPL_H
#define MUSTER_LIB_HTTPD_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/auth/auth.h"
#include "lib/httpd.h"
#include "lib/metrics.h"

#define HTTPD_HANGUP_MS 1000 /* for the answer to one who sends no more */

/* Why a request was refused before its handler was called. */
enum httpd_refused {
    HTTPD_BROKEN,  /* not HTTP as we take it */
    HTTPD_TOO_BIG, /* header or body */
    HTTPD_LATE,    /* it did not come in time */
    HTTPD_PATH,    /* no such path, or not by that method */
    HTTPD_HOST,
    HTTPD_SITE,
    HTTPD_TYPE,
    HTTPD_RIGHT, /* token or right */
    HTTPD_BUSY,  /* too many wait already */
    HTTPD_REFUSALS
};

struct httpd_counts {
    uint64_t requests;   /* that came whole, or were refused */
    uint64_t classes[4]; /* answers by their status: 2xx, 3xx, 4xx, 5xx */
    uint64_t refused[HTTPD_REFUSALS];
    uint64_t gone; /* clients that did not wait for their answer */
    uint64_t body; /* bytes of bodies */
};

struct httpd {
    struct loop *loop;
    struct httpd_conn *conns;
    const struct httpd_face *face;
    void *ctx;
    struct auth *auth; /* NULL: nobody knows any token */
    struct httpd_limits limits;
    char **names; /* owned */
    size_t n_names;
    struct http_request *waiting; /* all that wait for their answer */
    unsigned n_waiting;
    struct httpd_counts counts;
    struct histogram seconds; /* from whole request to whole answer */
    char date[40];            /* as of date_s */
    uint64_t date_s;
};

struct httpd_conn {
    struct httpd *h;
    struct conn *c;
    struct http_request *r;    /* that is taken or handled; NULL between two */
    struct loop_timer *hangup; /* made when the first one hangs up */
    uint64_t heard_sent;       /* of r->sent, when that timer was set */
    bool hurried;              /* the time for a request counts, not the idle */
    bool forgiven;             /* an empty line before a request */
    struct httpd_conn *prev, *next;
};

enum httpd_taking {
    TAKE_FIRST,
    TAKE_HEADERS,
    TAKE_BODY,
    TAKE_CHUNK, /* a chunk's size */
    TAKE_CHUNK_BYTES,
    TAKE_CHUNK_END,
    TAKE_TRAILERS,
    TAKEN
};

struct http_request {
    struct httpd *h;
    struct httpd_conn *hc; /* NULL: the client has gone */
    struct http_head head;
    struct http_match match;
    uint32_t params[HTTP_PARAMS_MAX]; /* decoded, in head.text */
    struct http_query *query;         /* owned; NULL: none */
    bool showed;                      /* a token that httpd looks at */
    bool asking;                      /* ... that another is asked about */
    struct principal_holder holder;   /* on whose behalf */

    enum httpd_taking taking;
    size_t body_max;
    uint64_t left; /* bytes of this chunk that are to come */
    struct buf body;
    uint64_t began_ms; /* the first line */
    double taken;      /* seconds, when it was whole */

    struct buf headers; /* of the answer, each ended by CR LF */
    int status;         /* of the answer; 0: none yet */
    uint64_t sent;      /* bytes of its body */
    bool keep;          /* the connection stays after it */
    bool chunked;       /* the answer is a stream in chunks */
    bool streaming;     /* a stream has begun */
    bool over;          /* nothing more will be answered */
    bool waits;         /* it is on h->waiting */
    void (*gone)(struct http_request *r, void *arg);
    void *gone_arg;
    void (*room)(struct http_request *r, void *arg);
    void *room_arg;
    struct loop_task finish;
    struct http_request *prev, *next;
};

/* httpd.c */

/* All of it is there: the handler's turn. */
enum conn_verdict httpd_run(struct http_request *r);
/* It is over while nobody handles it: goes on in the settling step. */
void httpd_settle(struct http_request *r);
double httpd_clock(void);

/* http_reply.c */

/* A whole answer that stands outside of any request. */
void httpd_answer_text(char *text, size_t size, int status, const char *why);

/* httpd_path.c */

/*
 * Where the path is to lead, among the routes of its face. Returns 0, or the
 * status of the answer: of a refusal, and why; 204, 301: there is nothing to
 * handle (httpd_path_answer()).
 */
int httpd_find_route(struct http_request *r, const char **why);
void httpd_path_answer(struct http_request *r, int status);

/* httpd_take.c */

/* It is freed: no answer about its token is waited for. */
void httpd_unask(struct http_request *r);

struct http_request *httpd_request_new(struct httpd_conn *hc);
enum conn_verdict httpd_take_line(struct http_request *r, char *line,
                                  size_t len);
enum conn_verdict httpd_take_bytes(struct http_request *r, const char *bytes,
                                   size_t len);
/* Refuses what is being taken; the connection ends with it unless all of it
 * was there. */
enum conn_verdict httpd_refuse(struct http_request *r, enum httpd_refused what,
                               int status, const char *why);

#endif

/*
 * Routes: a request's method and path looked up in constant tables, and the
 * parts of a path and of what is behind its `?` decoded. Pure.
 *
 *   /v1/tokens/:name   a piece between two slashes, not empty
 *   /v1/kv/ *key       (without the blank) all the rest, slashes too, or none
 *
 * A path is split at its slashes first and decoded then, so that %2F is never
 * one of them. Of several rows that fit the first stands: a fixed word before
 * a :name.
 */
#ifndef MUSTER_LIB_HTTP_ROUTE_H
#define MUSTER_LIB_HTTP_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/http_head.h"

#define HTTP_PARAMS_MAX 4
#define HTTP_QUERY_MAX  64

struct http_request;

enum http_verdict {
    HTTP_DONE, /* answered */
    HTTP_LATER /* somebody else will answer it, or goes on answering */
};

/* What a route demands before its handler is called. */
enum http_demand {
    HTTP_JSON = 1,   /* a body is application/json */
    HTTP_BYTES = 2,  /* a body is application/octet-stream */
    HTTP_OPEN = 4,   /* the face need not know who asks: see its admit() */
    HTTP_CHANGES = 8 /* a GET changes something, too: no other site's page */
};

/* A row of a face's table. */
struct http_route {
    unsigned methods; /* mask of enum http_method; HEAD comes with GET */
    const char *path;
    enum http_verdict (*handler)(struct http_request *r, void *ctx);
    unsigned demands;  /* mask of enum http_demand */
    size_t body;       /* most bytes of a body; 0: it takes none */
    const char *right; /* what admit() looks at; NULL: the usual */
    const char *help;  /* a sentence, for people */
};

/* The rows of one file; a face has a list of them. */
struct http_table {
    const struct http_route *rows;
    size_t count;
};

struct http_piece {
    const char *at;
    size_t len;
};

struct http_match {
    const struct http_route *route; /* NULL: none */
    unsigned allowed; /* with no route: the methods that path takes; 0: none */
    unsigned n_params;
    struct http_piece params[HTTP_PARAMS_MAX]; /* as they stand in the path */
};

/* path ends before any `?`. */
void http_route_find(const struct http_table *const *tables, size_t count,
                     unsigned method, const char *path, size_t len,
                     struct http_match *match);

/* The param of that name, by its place in the route's path; -1: none such. */
int http_route_param(const struct http_route *route, const char *name);

/* Decodes %XX (and with plus, + as a blank) in place and ends it by a NUL.
 * False if it is wrong or holds a NUL. *len is set to the new length. */
bool http_decode(char *text, size_t *len, bool plus);

struct http_query {
    unsigned count;
    struct {
        const char *name, *value; /* value "" without a = */
    } items[HTTP_QUERY_MAX];
};

/* Splits and decodes what is behind the `?`, in place. False if it is wrong or
 * too much. */
bool http_query_split(struct http_query *q, char *text);

#endif

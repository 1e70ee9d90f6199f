/*
 * The inside of the face: an endpoint is a row of a table, which says its
 * method and path, who may call it, its parameters and the statuses that it
 * answers with. The routes of lib/httpd.h and the OpenAPI document are made
 * from these rows; parameters are checked before the handler is called.
 *
 *   exed.c     the face: routes from the rows, rights, parameters, errors
 *   targets.c  /target, /targets
 *   operate.c  /ping, /facter, /service, /execute, /deploy
 *   release.c  /release, /task
 *   jobs.c     /jobs, and one of them
 *   follow.c   a job's results as they come
 *   stream.c   a job's events as they come (events.c: how they are written)
 *   openapi.c  /openapi.json
 *
 *   run.c      submits the job of a request, and answers it
 *   gather.c   what the hosts of a job said, as results
 *   record.c   the record of a job as a JSON object
 */
#ifndef PLUGINS_DISPATCH_EXED_ENDPOINT_H
#define PLUGINS_DISPATCH_EXED_ENDPOINT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "dispatcher/dispatcher.h"
#include "lib/http.h"
#include "lib/httpd.h"
#include "plugins/dispatch/exed/exed.h"
#include "plugins/dispatch/exed/params.h"

#define EXED_NO_HOSTS "no hosts match that target"
#define EXED_NO_JOB   "job not exists"
#define EXED_TURN     512 /* events read before others get their turn */

struct exed_endpoint;

/* What the face counts; never reset. */
struct exed_counts {
    uint64_t blocking, async; /* jobs submitted */
    uint64_t follows, events; /* streams begun */
    uint64_t cut;             /* bytes of output left out of answers */
};

struct exed {
    struct loop *loop;
    struct dispatch *dispatch;
    struct httpd *httpd;
    struct httpd_face face;
    struct http_route *routes; /* owned: a row for each of endpoints */
    const struct exed_endpoint **endpoints; /* owned; the rows are constant */
    size_t count;
    struct http_table table;
    const struct http_table *tables[1];
    uint64_t heartbeat_ms; /* of a stream on which nothing happens */
    size_t gather_max;     /* bytes of output in answers that are being made */
    size_t gathered;       /* of these, now */
    struct access_log *access;
    struct exed_counts counts;
};

/* A request that is being handled; args are gone after the handler. */
struct exed_call {
    struct exed *exed;
    struct http_request *request;
    const struct exed_endpoint *endpoint;
    json_t *args; /* its checked parameters: an object */
};

enum exed_who {
    EXED_ANYBODY, /* nothing of the dispatcher's is told */
    EXED_RUNNER   /* who may run something somewhere */
};

/* What the store must have brought before the handler is called. */
enum exed_needs {
    EXED_NOTHING,
    EXED_RECORDS, /* the records of all jobs */
    EXED_JOB      /* that of the path's :jid, and its life */
};

struct exed_endpoint {
    unsigned method; /* one enum http_method */
    const char *path;
    const char *name; /* one word: "deploy" */
    enum http_verdict (*handler)(struct exed_call *c);
    enum exed_who who;
    enum exed_needs needs;
    bool changes; /* something, although its method is GET */
    struct params params;
    const char *statuses; /* "201 400 404" beside those of every endpoint */
    const char *help;     /* a sentence, for people */
};

struct exed_family {
    const char *name; /* "jobs" */
    const struct exed_endpoint *rows;
    size_t count;
};

extern const struct exed_family exed_targets, exed_operate, exed_release,
    exed_jobs, exed_about;

#define EXED_PARAMS(table)                                                     \
    {                                                                          \
        table, ARRAY_LEN(table)                                                \
    }

/* The values of parameters; NULL, false, fallback where they are not. */
const char *exed_text(const struct exed_call *c, const char *name);
bool exed_flag(const struct exed_call *c, const char *name);
json_int_t exed_number(const struct exed_call *c, const char *name,
                       json_int_t fallback);

/* exed.c */

/* An error, which is freed. */
enum http_verdict exed_wrong(struct http_request *r, int status, char *text);
/* ... that he lacks a right for; counted and audited as a refusal. */
enum http_verdict exed_refuse(struct http_request *r, char *text);
/* No registry has told which hosts there are: ask again. */
enum http_verdict exed_unsynced(struct http_request *r);
/* Whether that job is there, and his who asks. */
bool exed_owns(const struct exed_call *c, const char *jid);

/* openapi.c */
json_t *exed_openapi(const struct exed *e);

#endif

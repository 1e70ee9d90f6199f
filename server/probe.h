/*
 * What a check does to find out how a service is (struct probe_spec), as
 * text and back; and the ways to do it once (struct probe_kind), each in a
 * file of its own: probe_http.c, probe_tcp.c, probe_script.c. A check of the
 * kind PROBE_TTL does nothing: it waits to be told.
 *
 *   start() --> a run --answered--> done(), the run is gone
 *                    \--cancel()--> gone, done() is not called
 *
 * When something is to be run, and what comes of it, is prober.h. Must not know
 * the directory, nor who asked.
 */
#ifndef MUSTER_SERVER_PROBE_H
#define MUSTER_SERVER_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/loop.h"

#define PROBE_OUTPUT_MAX  4096 /* bytes of what a probe has to say */
#define PROBE_INTERVAL_MS 1000 /* shorter ones are raised to it */
#define PROBE_REAP_MS     60000
#define PROBE_ARGS_MAX    64
#define PROBE_HEADERS_MAX 64

struct tls;

enum probe_status { PROBE_CRITICAL, PROBE_WARNING, PROBE_PASSING };

enum probe_method {
    PROBE_TTL,    /* nothing: critical unless it is told otherwise in time */
    PROBE_HTTP,   /* 2xx passing, 429 warning, else critical */
    PROBE_TCP,    /* connects: passing, else critical */
    PROBE_SCRIPT, /* exit status 0 passing, 1 warning, else critical */
    PROBE_METHODS
};

struct probe_header {
    char *name, *value; /* owned; without control characters */
};

/* All of it is owned: probe_spec_free(). Zero it first. */
struct probe_spec {
    enum probe_method method;
    uint64_t ttl_ms;      /* of PROBE_TTL: at least 1 */
    bool lives;           /* of it: its service gives signs of life by itself;
                             not part of its text */
    uint64_t interval_ms; /* of the others: from one start to the next */
    uint64_t timeout_ms;  /* 0: probe_timeout_ms() says */
    uint64_t reap_ms;     /* its service goes when it has been critical for so
                             long; 0: never */
    unsigned fails;       /* so many in a row make it critical; 0 is 1 */
    unsigned warns;       /* ... make it warn before that; 0: none do */
    unsigned passes;      /* ... make it passing, or warning; 0 is 1 */
    char *target;         /* an URL, or HOST:PORT */
    char *verb;           /* of HTTP; NULL: GET */
    bool insecure;        /* any certificate is taken */
    struct probe_header *headers;
    size_t header_count;
    char **args; /* of a script; ends in NULL */
    size_t arg_count;
};

void probe_spec_free(struct probe_spec *s); /* zero again */
void probe_add_header(struct probe_spec *s, const char *name,
                      const char *value);
void probe_add_arg(struct probe_spec *s, const char *arg, size_t len);
/* What is too small is raised. A static text why it cannot be, or NULL. */
const char *probe_spec_check(struct probe_spec *s);
/* How long a run may take. */
uint64_t probe_timeout_ms(const struct probe_spec *s);
/* "ttl", "http", "tcp", "script" */
const char *probe_method_text(enum probe_method m);

/* What is looked at, for people: of a URL without the password. */
void probe_name(const struct probe_spec *s, struct buf *out);

/* A line of words, without its end. */
void probe_spec_write(const struct probe_spec *s, struct buf *out);
/* The same back; text is copied. NULL, or a static text why it is none: s is
 * zero then. */
const char *probe_spec_read(struct probe_spec *s, const char *text, size_t len);

/* -- runs ------------------------------------------------------------------ */

struct probe_result {
    enum probe_status status;
    const char *output; /* valid during the call; any bytes */
    size_t output_len;  /* at most PROBE_OUTPUT_MAX and some words before it */
};

struct probe_run;

/* Never from inside start(). The run is gone by then. */
typedef void probe_done_fn(void *arg, const struct probe_result *r);

/* Where probes are run: shared by them all, borrowed. */
struct probe_place {
    struct loop *loop;
    /* For servers of HTTPS: whose certificates must be right, and those where
     * none is looked at. NULL, and *error (static): there is no TLS. */
    struct tls *(*tls)(void *arg, bool insecure, const char **error);
    void *arg;        /* of tls() */
    const char *user; /* who runs scripts if we are root; NULL: root */
};

/* s is borrowed as long as it runs; the caller cancels it at its timeout. */
struct probe_kind {
    struct probe_run *(*start)(const struct probe_place *place,
                               const struct probe_spec *s, probe_done_fn *done,
                               void *arg);
    void (*cancel)(struct probe_run *run);
};

extern const struct probe_kind probe_http, probe_tcp, probe_script;

#endif

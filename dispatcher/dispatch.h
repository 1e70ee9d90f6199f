/*
 * Making and ending the dispatcher's core: what main.c calls. Faces know
 * dispatcher.h only.
 */
#ifndef DISPATCHER_DISPATCH_H
#define DISPATCHER_DISPATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dispatcher/dispatcher.h"
#include "lib/conf.h"
#include "lib/loop.h"

struct auth;
struct muster;
struct tls;

/* The settings of the core, as read from a configuration. */
struct dispatch_settings {
    size_t output; /* stored of one host in one job, bytes */
    size_t window; /* unread of one host in one job, bytes */
    unsigned jobs; /* ended ones that are kept */
    uint64_t jobs_age_ms;
    size_t jobs_size;
    uint64_t lost_after_ms;
    uint64_t probe_ms;  /* silence of a worker before it is asked */
    unsigned queue;     /* jobs at once */
    size_t line;        /* longest line of a client */
    uint64_t body;      /* longest body of a request */
    size_t memory;      /* of output in memory */
    const char *store;  /* a file, or NULL: memory; borrowed at the start */
    uint64_t ageing_ms; /* of waiting, worth one of .priority; 0: none is */
    uint64_t retry_ms, retry_max_ms; /* the first pause of .retry, the most */
};

void dispatch_settings_read(struct dispatch_settings *s,
                            const struct conf *conf);

/* NULL, and why its store cannot be (free()). */
struct dispatch *dispatch_new(struct loop *l, const struct dispatch_settings *s,
                              char **error);
/* What to dial workers with that speak TLS; borrowed. Before they are known.
 */
void dispatch_set_tls(struct dispatch *d, struct tls *tls);
/* Who may, for jobs that begin later; borrowed. */
void dispatch_set_auth(struct dispatch *d, struct auth *auth);
/* Shown to workers (NULL: none); copied. */
void dispatch_set_token(struct dispatch *d, const char *token);
/* Follows the workers of that manager's registries. */
MUST_CHECK bool dispatch_start(struct dispatch *d, struct muster *m);
/* New settings: for jobs to come. */
void dispatch_reload(struct dispatch *d, const struct dispatch_settings *s);
/* The name of this process among dispatchers: the prefix of its jobs. */
const char *dispatch_instance(const struct dispatch *d);
/* Its jobs outlive it. */
bool dispatch_is_durable(const struct dispatch *d);
/* Jobs that have not ended. */
unsigned dispatch_running(const struct dispatch *d);
/* Takes no job any more and ends every reader with that text. */
void dispatch_go_down(struct dispatch *d, const char *text);
void dispatch_free(struct dispatch *d);

#endif

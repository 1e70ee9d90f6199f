/*
 * Draining a worker: it is asked by its link, keeps that itself and registers
 * it, so that every dispatcher learns of it from the registry. Its answers come
 * in the order of the requests.
 */
#include <stdlib.h>

#include "dispatcher/core.h"
#include "lib/mem.h"

struct dispatch_ask {
    dispatch_answer_fn *fn; /* NULL: nobody waits for it any more */
    void *arg;
    TAILQ_ENTRY(dispatch_ask) link;
};

struct dispatch_ask *dispatch_drain(struct dispatch *d, const char *host,
                                    const char *reason, uint64_t ms,
                                    dispatch_answer_fn *fn, void *arg,
                                    char **error)
{
    struct worker *w = workers_by_host(d, host);
    struct dispatch_ask *ask;

    *error = NULL;
    if (!w || !worker_is_known(w))
        *error = xasprintf("no worker %s", host);
    else if (!w->up)
        *error = xasprintf("no connection to the worker %s", host);
    if (*error)
        return NULL;
    ask = xcalloc(1, sizeof(*ask));
    ask->fn = fn;
    ask->arg = arg;
    TAILQ_INSERT_TAIL(&w->asks, ask, link);
    wire_drain(w->wire, reason, ms);
    return ask;
}

/* The oldest of the worker's. */
static void ask_answer(struct worker *w, const char *error)
{
    struct dispatch_ask *ask = TAILQ_FIRST(&w->asks);

    if (!ask)
        return;
    TAILQ_REMOVE(&w->asks, ask, link);
    if (ask->fn)
        ask->fn(ask->arg, error);
    free(ask);
}

void dispatch_ask_forget(struct dispatch_ask *ask)
{
    if (ask)
        ask->fn = NULL;
}

void drain_answered(void *arg, const char *error)
{
    ask_answer(arg, error);
}

void drain_lost(struct worker *w)
{
    while (!TAILQ_EMPTY(&w->asks))
        ask_answer(w, "the link to the worker broke: look whether it is "
                      "drained, and ask again");
}

#include "dispatcher/core.h"
#include "lib/auth/principal.h"

/* What a job would find there now. */
static bool is_there(const struct worker *w, const struct scope *scope)
{
    return worker_is_known(w) && scope_has(scope, w->name, worker_lookup, w);
}

void dispatch_hosts(const struct dispatch *d, const struct selector *s,
                    const struct scope *scope, dispatch_host_fn *fn, void *arg)
{
    struct worker *w, *next;

    HASH_ITER (by_host, d->by_host, w, next) {
        if (is_there(w, scope) &&
            (!s || selector_match(s, w->name, worker_lookup, w)))
            fn(arg, w->host, &w->attrs);
    }
}

bool dispatch_knows_host(const struct dispatch *d, const char *host,
                         const struct scope *scope)
{
    const struct worker *w = workers_by_host(d, host);

    return w && is_there(w, scope);
}

bool dispatch_is_synced(const struct dispatch *d)
{
    return d->synced;
}

bool dispatch_is_full(const struct dispatch *d)
{
    return d->n_live >= d->settings.queue;
}

const char *dispatch_degraded(const struct dispatch *d)
{
    return d->store->degraded;
}

/*
 * Jobs that must have their hosts for themselves (.exclusive): while the same
 * operation is being done on one of them, or is about to, such a job is
 * refused as a whole, and nothing of it starts.
 */
#include <stdlib.h>
#include <string.h>

#include "dispatcher/core.h"

/* The hosts that a job wants; sorted, to be looked up. */
struct wanted {
    const char **names; /* owned; the names are not */
    size_t count;
};

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static struct wanted wanted_new(const struct dispatch *d, const struct job *j)
{
    size_t most =
        j->spec.n_hosts ? j->spec.n_hosts : HASH_CNT(by_host, d->by_host);
    struct wanted all = {.names = xcalloc(most + 1, sizeof(*all.names))};
    struct worker *w, *next;

    for (size_t i = 0; i < j->spec.n_hosts; i++)
        all.names[all.count++] = j->spec.hosts[i];
    if (!j->spec.n_hosts) {
        HASH_ITER (by_host, d->by_host, w, next) {
            if (worker_is_known(w) && worker_matches(w, j))
                all.names[all.count++] = w->host;
        }
    }
    qsort(all.names, all.count, sizeof(*all.names), compare);
    return all;
}

static bool wanted_has(const struct wanted *all, const char *host)
{
    return host &&
           bsearch(&host, all->names, all->count, sizeof(*all->names), compare);
}

static bool runs_on(const struct job *j, const struct wanted *all)
{
    for (unsigned i = 0; i < j->n_tasks; i++) {
        if (j->tasks[i].state != TASK_ENDED &&
            wanted_has(all, j->tasks[i].host))
            return true;
    }
    return false;
}

/* It is being stored, or waits for the registry: its hosts are not fixed. */
static bool will_run_on(const struct dispatch *d, const struct job *j,
                        const struct wanted *all)
{
    struct wanted its = wanted_new(d, j);
    bool found = false;

    for (size_t i = 0; i < its.count && !found; i++)
        found = wanted_has(all, its.names[i]);
    free(its.names);
    return found;
}

bool exclusive_taken(const struct dispatch *d, const struct job *j)
{
    struct wanted all = wanted_new(d, j);
    const struct job *other;
    bool taken = false;

    TAILQ_FOREACH (other, &d->live, live) {
        if (other == j || strcmp(other->spec.op, j->spec.op) != 0)
            continue;
        if (other->state == JOB_RUNNING)
            taken = runs_on(other, &all);
        else if (other->state == JOB_MATCHING && other->number < j->number)
            taken = will_run_on(d, other, &all);
        if (taken)
            break;
    }
    free(all.names);
    return taken;
}

#include "dispatcher/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dispatcher/core.h"
#include "dispatcher/random.h"
#include "lib/mem.h"

#define DIFFERENCE_MAX 50 /* hosts that are named of it */

struct plan {
    TAILQ_ENTRY(plan) link;
    uint64_t made_ms;
    char *by; /* whose; NULL: nobody's */
    char *on; /* its target, as in a spec */
    char **targets;
    size_t n_targets;
    struct dispatch_plan shown;
};

/* -- hosts ----------------------------------------------------------------- */

static void add_host(struct dispatch_plan *p, const char *host, char *why)
{
    size_t n = p->n_hosts++;

    if ((n & (n - 1)) == 0) /* 0 1 2 4 8: room doubles */
        p->hosts = xreallocarray(p->hosts, n ? 2 * n : 1, sizeof(*p->hosts));
    p->hosts[n].host = xstrdup(host);
    p->hosts[n].why = why;
    p->n_run += !why;
}

static int by_name(const void *a, const void *b)
{
    const struct dispatch_plan_host *x = a, *y = b;
    int cmp = strcmp(x->host, y->host);

    return cmp ? cmp : (x->why != NULL) - (y->why != NULL);
}

static char *quarantined(const struct worker *w)
{
    return xasprintf("quarantined: %s says to be the host that %s is", w->name,
                     attrs_get(&w->attrs, "conflict"));
}

/* Why nothing would run there, or NULL. */
static char *worker_skip(const struct worker *w, const struct job *j)
{
    if (w->shadowed)
        return xasprintf("another worker has this host; this is %s", w->name);
    if (w->drained && j->spec.on)
        return xasprintf("drained: %s", w->drained);
    if (!worker_is_allowed(w, &j->spec))
        return xstrdup("the token may execute nothing there");
    if (!worker_has_op(w, j->spec.op))
        return xasprintf("the worker has no operation %s", j->spec.op);
    return NULL;
}

static void by_selector(struct dispatch *d, const struct job *j,
                        struct dispatch_plan *p)
{
    struct worker *w, *next;

    HASH_ITER (by_name, d->by_name, w, next) {
        if ((worker_is_known(w) || (w->shadowed && w->registered)) &&
            worker_matches(w, j))
            add_host(p, w->host, worker_skip(w, j));
    }
    HASH_ITER (by_name, d->quarantined, w, next) {
        if (worker_matches(w, j))
            add_host(p, w->host, quarantined(w));
    }
}

static void by_hosts(struct dispatch *d, const struct job *j,
                     struct dispatch_plan *p)
{
    for (size_t i = 0; i < j->spec.n_hosts; i++) {
        const char *host = j->spec.hosts[i];
        struct worker *w = workers_by_host(d, host);

        add_host(p, host,
                 w && worker_is_known(w) ? worker_skip(w, j)
                                         : xstrdup("the host is not there"));
    }
}

/* Each host that it means, in order. */
static void find_hosts(struct dispatch *d, const struct job *j,
                       struct dispatch_plan *p)
{
    if (j->spec.n_hosts)
        by_hosts(d, j, p);
    else
        by_selector(d, j, p);
    if (p->n_hosts)
        qsort(p->hosts, p->n_hosts, sizeof(*p->hosts), by_name);
}

static void hosts_free(struct dispatch_plan *p)
{
    for (size_t i = 0; i < p->n_hosts; i++) {
        free(p->hosts[i].host);
        free(p->hosts[i].why);
    }
    free(p->hosts);
    p->hosts = NULL;
    p->n_hosts = p->n_run = 0;
}

/* -- keeping them ---------------------------------------------------------- */

void plans_init(struct plans *p)
{
    TAILQ_INIT(&p->list);
    p->count = 0;
}

static void plan_free(struct plan *p)
{
    hosts_free(&p->shown);
    for (size_t i = 0; i < p->n_targets; i++)
        free(p->targets[i]);
    free(p->targets);
    free(p->on);
    free(p->by);
    free(p);
}

static void drop_oldest(struct plans *p)
{
    struct plan *oldest = TAILQ_FIRST(&p->list);

    TAILQ_REMOVE(&p->list, oldest, link);
    p->count--;
    plan_free(oldest);
}

void plans_free(struct plans *p)
{
    while (p->count)
        drop_oldest(p);
}

static void drop_old(struct dispatch *d)
{
    uint64_t now = dispatch_now(d);
    const struct plan *p;

    while ((p = TAILQ_FIRST(&d->plans.list)) &&
           now - p->made_ms >= PLAN_LIFE_MS)
        drop_oldest(&d->plans);
}

static char **copy_texts(char *const *from, size_t n)
{
    char **to = n ? xcalloc(n, sizeof(*to)) : NULL;

    for (size_t i = 0; i < n; i++)
        to[i] = xstrdup(from[i]);
    return to;
}

static struct plan *plan_new(struct dispatch *d, const struct job *j)
{
    const struct dispatch_spec *spec = &j->spec;
    struct plan *p = xcalloc(1, sizeof(*p));

    p->made_ms = dispatch_now(d);
    p->by = spec->by ? xstrdup(spec->by) : NULL;
    p->on = spec->on ? xstrdup(spec->on) : NULL;
    p->targets = copy_texts(spec->hosts, spec->n_hosts);
    p->n_targets = spec->n_hosts;
    random_name(p->shown.id, sizeof(p->shown.id) - 1);
    find_hosts(d, j, &p->shown);
    return p;
}

const struct dispatch_plan *
dispatch_plan(struct dispatch *d, struct dispatch_spec *spec, char **error)
{
    struct plan *p = NULL;
    struct job *j = submit_try(d, spec, error);

    if (j && !d->synced)
        *error = xstrdup("the registry has not answered yet");
    if (j && !*error) {
        p = plan_new(d, j);
        drop_old(d);
        if (d->plans.count == PLANS_MAX)
            drop_oldest(&d->plans);
        TAILQ_INSERT_TAIL(&d->plans.list, p, link);
        d->plans.count++;
    }
    if (j)
        job_free(j);
    return p ? &p->shown : NULL;
}

/* -- a run by one ---------------------------------------------------------- */

static bool same(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

/* Another one's plan is as unknown as one that never was. */
static struct plan *plan_find(struct dispatch *d,
                              const struct dispatch_spec *spec)
{
    struct plan *p;

    drop_old(d);
    TAILQ_FOREACH (p, &d->plans.list, link) {
        if (strcmp(p->shown.id, spec->plan) == 0 && same(p->by, spec->by))
            return p;
    }
    return NULL;
}

char *plan_apply(struct dispatch *d, struct dispatch_spec *spec)
{
    const struct plan *p;

    if (!spec->plan || spec->plan_hosts)
        return NULL;
    p = plan_find(d, spec);
    if (!p)
        return xasprintf("unknown plan %.40s: plans are kept for an hour, and "
                         "not over a restart of the dispatcher",
                         spec->plan);
    if (!spec->on && !spec->n_hosts) {
        spec->on = p->on ? xstrdup(p->on) : NULL;
        spec->hosts = copy_texts(p->targets, p->n_targets);
        spec->n_hosts = p->n_targets;
    }
    spec->plan_hosts = xcalloc(p->shown.n_hosts + 1, sizeof(char *));
    for (size_t i = 0; i < p->shown.n_hosts; i++) {
        if (!p->shown.hosts[i].why)
            spec->plan_hosts[spec->n_plan_hosts++] =
                xstrdup(p->shown.hosts[i].host);
    }
    return NULL;
}

struct difference {
    struct buf text;
    size_t count;
};

static void differ(struct difference *diff, char sign, const char *host)
{
    if (diff->count++ < DIFFERENCE_MAX)
        buf_add_fmt(&diff->text, " %c%s", sign, host);
}

/* Both are in order. */
static void compare(const struct dispatch_spec *spec,
                    const struct dispatch_plan *now, struct difference *diff)
{
    size_t i = 0, k = 0;

    while (i < spec->n_plan_hosts || k < now->n_hosts) {
        const char *planned = i < spec->n_plan_hosts ? spec->plan_hosts[i] : 0;
        int cmp;

        if (k < now->n_hosts && now->hosts[k].why) {
            k++;
            continue;
        }
        cmp = !planned            ? 1
              : k == now->n_hosts ? -1
                                  : strcmp(planned, now->hosts[k].host);
        if (cmp < 0)
            differ(diff, '-', planned);
        else if (cmp > 0)
            differ(diff, '+', now->hosts[k].host);
        i += cmp <= 0;
        k += cmp >= 0;
    }
}

char *plan_wrong(struct dispatch *d, const struct job *j)
{
    struct difference diff = {.text = BUF_INIT};
    struct dispatch_plan now = {.hosts = NULL};
    char *wrong = NULL;

    if (!j->spec.plan)
        return NULL;
    find_hosts(d, j, &now);
    compare(&j->spec, &now, &diff);
    if (diff.count > DIFFERENCE_MAX)
        buf_add_fmt(&diff.text, " and %zu more", diff.count - DIFFERENCE_MAX);
    if (diff.count)
        wrong = xasprintf("plan %s:%s", j->spec.plan, buf_str(&diff.text));
    buf_free(&diff.text);
    hosts_free(&now);
    return wrong;
}

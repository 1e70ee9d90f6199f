#include "dispatcher/route.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

unsigned route_amount(const struct dispatch_amount *a, unsigned n)
{
    if (!a->set)
        return UINT_MAX;
    if (!a->percent)
        return a->n;
    return (unsigned)((uint64_t)n * a->n / 100);
}

bool route_is_stopped(const struct job *j)
{
    return j->failures > route_amount(&j->spec.fail, j->n_tasks);
}

static bool parallel_allows(const struct job *j)
{
    unsigned most = route_amount(&j->spec.parallel, j->n_tasks);

    return job_active(j) < (most ? most : 1);
}

bool route_job_may(const struct job *j)
{
    return !j->cancelled && !j->paused && !route_is_stopped(j) &&
           parallel_allows(j);
}

bool route_may_start(const struct job *j, const struct task *t)
{
    if (!route_job_may(j))
        return false;
    return t->group < 0 || j->groups[t->group].active < j->spec.per_n;
}

uint64_t route_backoff(unsigned n, uint64_t first, uint64_t most,
                       uint32_t chance)
{
    uint64_t bound = first;

    while (n-- && bound < most)
        bound *= 2;
    if (bound > most)
        bound = most;
    return bound - bound / 2 + chance % (bound / 2 + 1);
}

char *route_count_wrong(const struct dispatch_spec *spec, unsigned matching)
{
    const char *verb = matching == 1 ? "worker matches" : "workers match";

    if (!matching)
        return xstrdup(DISPATCH_NOBODY);
    if (spec->expect && matching != spec->expect)
        return xasprintf("%u %s, .expect is %u", matching, verb, spec->expect);
    if (spec->min && matching < spec->min)
        return xasprintf("%u %s, .min is %u", matching, verb, spec->min);
    return NULL;
}

/* Whether a list of words separated by blanks has word. */
static bool tried_has(const char *tried, const char *word)
{
    size_t len = strlen(word);

    while (tried && *tried) {
        size_t item = strcspn(tried, " ");

        if (item == len && memcmp(tried, word, len) == 0)
            return true;
        tried += item;
        tried += *tried == ' ';
    }
    return false;
}

bool route_has_tried(const struct task *t, const char *host)
{
    return tried_has(t->tried, host);
}

bool route_is_candidate(const struct task *t, const struct worker *w)
{
    return worker_is_known(w) && !w->drained &&
           worker_has_op(w, t->job->spec.op) && !tried_has(t->tried, w->host) &&
           worker_matches(w, t->job);
}

/* < 0: a is the better one */
static int worker_compare(const struct worker *a, const struct worker *b)
{
    uint64_t busy_a = (uint64_t)a->n_active * b->slots;
    uint64_t busy_b = (uint64_t)b->n_active * a->slots;
    long load_a, load_b;

    if (busy_a != busy_b)
        return busy_a < busy_b ? -1 : 1;
    load_a = strtol(a->load, NULL, 10);
    load_b = strtol(b->load, NULL, 10);
    return load_a < load_b ? -1 : load_a > load_b;
}

bool route_may_win(const struct route_choice *c, const struct worker *w)
{
    return !c->best || worker_compare(w, c->best) <= 0;
}

/* The name's FNV-1a and the seed, mixed as splitmix64 does. */
uint64_t route_score(uint32_t seed, const struct worker *w)
{
    uint64_t x = w->hash + UINT64_C(0x9e3779b97f4a7c15) * (seed + UINT64_C(1));

    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

void route_consider(struct route_choice *c, struct worker *w)
{
    int cmp = c->best ? worker_compare(w, c->best) : -1;

    if (cmp > 0)
        return;
    c->ties = cmp < 0 ? 1 : c->ties + 1;
    if (cmp < 0 || route_score(c->seed, w) > route_score(c->seed, c->best))
        c->best = w;
}

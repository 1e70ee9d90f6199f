#include "server/state/query.h"

#include <string.h>

#include "lib/mem.h"

/* A term, resolved against the index as it is now. */
struct plan_term {
    const struct selector_term *term;
    const struct attr_key *key;   /* NULL: nobody has the attribute */
    const struct attr_pair *pair; /* SEL_EQ: NULL if nobody has the value */
};

#define PLAN_SETS SELECTOR_TERMS_MAX /* posting lists walked side by side */

struct plan {
    struct plan_term terms[SELECTOR_TERMS_MAX];
    unsigned count;
    const struct seqset *sets[PLAN_SETS]; /* what is walked: their union */
    unsigned set_count;
    size_t size;          /* members of those sets */
    size_t cost;          /* of making the plan */
    struct service *only; /* .name of one service: just this */
    bool empty;           /* nothing can match */
};

static bool term_needs_attr(const struct selector_term *t)
{
    return t->op != SEL_ABSENT && t->op != SEL_NAME;
}

static void plan_narrow(struct plan *p, const struct seqset *set)
{
    if (set->count >= p->size)
        return;
    p->sets[0] = set;
    p->set_count = 1;
    p->size = set->count;
}

/* attr= a,b,c: the services that have one of the values. (A value that is
 * listed twice is walked once.) */
static void plan_one_of(struct plan *p, const struct catalog *c,
                        const struct selector_term *t)
{
    const struct seqset *sets[PLAN_SETS];
    const struct attr_pair *pair;
    unsigned i, k, n = 0;
    size_t size = 0;

    p->cost += t->u.list.count;
    for (i = 0; i < t->u.list.count; i++) {
        pair =
            record_find_pair(&c->index, t->attr, t->attr_len,
                             t->u.list.items[i].text, t->u.list.items[i].len);
        for (k = 0; pair && k < n && sets[k] != &pair->services; k++)
            continue;
        if (!pair || k < n)
            continue;
        if (n == PLAN_SETS)
            return;
        sets[n++] = &pair->services;
        size += pair->services.count;
    }
    if (size >= p->size)
        return;
    memcpy(p->sets, sets, n * sizeof(sets[0]));
    p->set_count = n;
    p->size = size;
}

bool query_is_name(const struct selector_term *t)
{
    return t->op == SEL_NAME && !strpbrk(t->value, "*?[\\");
}

static void plan_name(struct plan *p, const struct catalog *c,
                      const struct selector_term *t)
{
    if (!query_is_name(t))
        return;
    p->only = catalog_find(c, t->value, t->value_len);
    p->empty |= !p->only;
}

static void plan_term(struct plan *p, const struct catalog *c,
                      const struct selector_term *t, struct plan_term *pt)
{
    pt->term = t;
    pt->pair = NULL;
    pt->key = t->op == SEL_NAME
                  ? NULL
                  : record_find_key(&c->index, t->attr, t->attr_len);
    if (t->op == SEL_NAME)
        plan_name(p, c, t);
    if (!term_needs_attr(t))
        return;
    if (!pt->key) {
        p->empty = true;
        return;
    }
    if (t->op != SEL_EQ) {
        plan_narrow(p, &pt->key->services);
        if (t->op == SEL_ONE_OF)
            plan_one_of(p, c, t);
        return;
    }
    pt->pair = record_find_pair(&c->index, t->attr, t->attr_len, t->value,
                                t->value_len);
    if (pt->pair)
        plan_narrow(p, &pt->pair->services);
    else
        p->empty = true;
}

static void plan_make(struct plan *p, const struct query *q,
                      const struct catalog *c)
{
    unsigned i;

    p->count = q->count;
    p->sets[0] = &c->all;
    p->set_count = 1;
    p->size = c->all.count;
    p->cost = 0;
    p->only = NULL;
    p->empty = false;
    for (i = 0; i < q->count && !p->empty; i++)
        plan_term(p, c, &q->terms[i], &p->terms[i]);
}

static enum selector_result plan_term_holds(const struct plan_term *pt,
                                            const struct service *v,
                                            unsigned *budget)
{
    const struct selector_term *t = pt->term;
    const struct attr_pair *pair;

    if (t->op == SEL_EQ)
        return (enum selector_result)record_has(v->record, pt->pair);
    if (t->op == SEL_NAME)
        return selector_name_part(t, v->name, v->name_len, budget);
    pair = pt->key ? record_pair_of(v->record, pt->key) : NULL;
    return pair ? selector_term_part(t, pair->value, pair->len, budget)
                : selector_term_part(t, NULL, 0, budget);
}

static enum selector_result
plan_holds(const struct plan *p, const struct service *v, unsigned *budget)
{
    enum selector_result r = SELECTOR_YES;
    unsigned i;

    query_spend(budget, 1);
    for (i = 0; i < p->count && r == SELECTOR_YES; i++)
        r = plan_term_holds(&p->terms[i], v, budget);
    return r;
}

/* Several sets walked as one, in the order of registration. */
struct walk {
    struct seqset_pos pos[PLAN_SETS];
    struct service *at[PLAN_SETS]; /* the next of each; NULL: no more */
    unsigned count;
};

/* Takes the first of the heads, and all that are the same. */
static struct service *walk_next(struct walk *w)
{
    struct service *first = NULL;
    unsigned i;

    for (i = 0; i < w->count; i++)
        if (w->at[i] && (!first || w->at[i]->seq < first->seq))
            first = w->at[i];
    for (i = 0; first && i < w->count; i++)
        if (w->at[i] == first)
            w->at[i] = seqset_next(&w->pos[i]);
    return first;
}

static void walk_begin(struct walk *w, const struct plan *p, uint64_t after)
{
    w->count = p->set_count;
    for (unsigned i = 0; i < w->count; i++)
        w->at[i] = seqset_first(p->sets[i], after, &w->pos[i]);
}

static enum query_state query_one(struct query *q, const struct plan *p,
                                  unsigned *budget, query_emit_fn *emit,
                                  void *arg)
{
    struct service *v = p->only;

    enum selector_result r = SELECTOR_NO;

    if (v->seq > q->after && q->left)
        r = plan_holds(p, v, budget);
    if (r == SELECTOR_MORE)
        return QUERY_MORE;
    if (r == SELECTOR_YES)
        emit(arg, v);
    return QUERY_DONE;
}

enum query_state query_run(struct query *q, const struct catalog *c,
                           unsigned *budget, query_emit_fn *emit, void *arg)
{
    enum selector_result holds;
    struct service *v;
    struct walk walk;
    struct plan p;

    if (!*budget)
        return QUERY_MORE;
    plan_make(&p, q, c);
    query_spend(budget, p.cost / 4);
    if (p.empty || !q->left)
        return QUERY_DONE;
    if (p.only)
        return query_one(q, &p, budget, emit, arg);
    walk_begin(&walk, &p, q->after);
    while ((v = walk_next(&walk))) {
        if (!*budget)
            return QUERY_MORE;
        holds = plan_holds(&p, v, budget);
        if (holds == SELECTOR_MORE)
            return QUERY_MORE;
        q->after = v->seq;
        if (holds == SELECTOR_NO)
            continue;
        if (q->left != UINT64_MAX)
            q->left--;
        if (!emit(arg, v))
            return q->left ? QUERY_MORE : QUERY_DONE;
        if (!q->left)
            return QUERY_DONE;
    }
    return QUERY_DONE;
}

enum selector_result query_matches(const struct selector_term *terms,
                                   unsigned count, const struct service *v,
                                   const struct record *r, unsigned *budget)
{
    const struct selector_term *t = terms;
    enum selector_result holds = r ? SELECTOR_YES : SELECTOR_NO;
    const char *value;
    size_t len;

    query_spend(budget, 1);
    for (; holds == SELECTOR_YES && count--; t++) {
        if (t->op == SEL_NAME) {
            holds = selector_name_part(t, v->name, v->name_len, budget);
            continue;
        }
        len = 0;
        value = record_lookup(r, t->attr, t->attr_len, &len);
        holds = selector_term_part(t, value, len, budget);
    }
    return holds;
}

/* -- warming --------------------------------------------------------------- */

#define WARM_TERMS 2 /* terms of a query that are warmed */

struct warm {
    uint32_t hash;
    const struct attr_pair *pair;
    const struct service *service;
    const struct record *record;
};

static unsigned warm_begin(struct warm *w, const struct catalog *c,
                           const struct query *q)
{
    unsigned i, n = 0;

    for (i = 0; i < q->count && n < WARM_TERMS; i++)
        if (q->terms[i].op == SEL_EQ)
            w[n++].hash = record_warm_pair(
                &c->index, q->terms[i].attr, q->terms[i].attr_len,
                q->terms[i].value, q->terms[i].value_len);
    return n;
}

static void warm_pair(const struct attr_pair *p)
{
    __builtin_prefetch(p);
    __builtin_prefetch(p->value + 16);
}

/* Each step asks for what the next one reads. */
static void warm_pairs(struct warm *w, unsigned n, const struct catalog *c)
{
    for (; n--; w++) {
        w->pair = record_guess_pair(&c->index, w->hash);
        if (w->pair)
            warm_pair(w->pair);
    }
}

static void warm_services(struct warm *w, unsigned n)
{
    for (; n--; w++) {
        w->service = w->pair && w->pair->services.count == 1
                         ? w->pair->services.u.one
                         : NULL;
        if (w->service) {
            __builtin_prefetch(w->service);
            __builtin_prefetch(w->service->name);
        }
    }
}

static void warm_records(struct warm *w, unsigned n)
{
    for (; n--; w++) {
        w->record = w->service ? w->service->record : NULL;
        if (w->record)
            __builtin_prefetch(w->record);
    }
}

static void warm_texts(struct warm *w, unsigned n)
{
    uint32_t i;

    for (; n--; w++)
        for (i = 0; w->record && i < w->record->count && i < 16; i++)
            warm_pair(w->record->pairs[i]);
}

void query_warm(const struct catalog *c, const struct query *const *queries,
                unsigned count)
{
    struct warm w[QUERY_BATCH * WARM_TERMS];
    unsigned i, n = 0;

    for (i = 0; i < count && i < QUERY_BATCH; i++)
        n += warm_begin(w + n, c, queries[i]);
    warm_pairs(w, n, c);
    warm_services(w, n);
    warm_records(w, n);
    warm_texts(w, n);
}

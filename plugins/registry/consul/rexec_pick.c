#include "plugins/registry/consul/rexec_pick.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/rex.h"
#include "server/musterd.h"
#include "server/places.h"
#include "server/state/directory.h"
#include "server/state/query.h"

#define SLICE 500 /* workers and services looked at in a turn, at most */

struct rexec_pick {
    struct musterd *m;
    struct rex *node, *service, *tag; /* NULL: everything matches */
    struct principal *who;            /* NULL: everywhere */
    rexec_picked_fn *done;
    void *arg;
    struct selector workers;
    struct query query;
    unsigned budget; /* of this turn */
    struct rexec_target *list;
    size_t count, size;
    struct loop_task go_on;
    struct places_waiter places; /* services are asked for: until they are
                                    there ... */
    bool waits;                  /* ... if they are not */
};

static void pick_free(struct rexec_pick *p)
{
    rexec_targets_free(p->list, p->count);
    selector_free(&p->workers);
    principal_unref(p->who);
    rex_free(p->node);
    rex_free(p->service);
    rex_free(p->tag);
    free(p);
}

/* -- one worker ------------------------------------------------------------ */

static bool found(const struct rex *r, const char *text)
{
    return !r || rex_match(r, text, strlen(text));
}

static bool tag_is_found(const struct rexec_pick *p,
                         const struct dir_instance *i)
{
    if (!p->tag)
        return true;
    for (unsigned n = 0; n < i->tags.count; n++)
        if (found(p->tag, i->tags.list[n]))
            return true;
    return false;
}

/* Whether the node has a service as it is asked for. */
static bool service_is_found(struct rexec_pick *p, const char *node)
{
    const struct dir_node *n = directory_node(p->m->directory, node);
    const struct dir_instance *i = NULL;

    if (!p->service)
        return true;
    while (n && (i = dir_node_next(n, i))) {
        query_spend(&p->budget, 1);
        if (found(p->service, i->id) && tag_is_found(p, i))
            return true;
    }
    return false;
}

static void add(struct rexec_pick *p, const char *node, const char *host)
{
    if (p->count == p->size) {
        p->size = p->size ? 2 * p->size : 16;
        p->list = xreallocarray(p->list, p->size, sizeof(*p->list));
    }
    p->list[p->count++] =
        (struct rexec_target){.node = xstrdup(node), .host = xstrdup(host)};
}

/* A copy of an attribute, for free(). */
static char *attr_of(const struct service *v, const char *name)
{
    size_t len;
    const char *value = record_lookup(v->record, name, strlen(name), &len);

    return value ? xstrndup(value, len) : NULL;
}

/* A name that can stand in a key and in a list. */
static bool is_plain(const char *name)
{
    return name && *name && !strpbrk(name, ",/");
}

static bool look(void *arg, struct service *v)
{
    struct rexec_pick *p = arg;
    char *host = attr_of(v, "host"), *node = attr_of(v, "node");

    if (!node && host)
        node = xstrdup(host);
    if (is_plain(host) && is_plain(node) && found(p->node, node) &&
        service_is_found(p, node) &&
        (!p->who ||
         scope_has(&p->who->exec, v->name, record_lookup, v->record)))
        add(p, node, host);
    free(host);
    free(node);
    return p->budget > 0;
}

/* -- all of them ----------------------------------------------------------- */

static int by_node(const void *a, const void *b)
{
    const struct rexec_target *x = a, *y = b;

    return dir_compare(x->node, y->node);
}

/* Two that say to be one node would write the same keys: one of them is left
 * out. */
static void leave_twins_out(struct rexec_pick *p)
{
    size_t kept = 0;

    if (p->count)
        qsort(p->list, p->count, sizeof(*p->list), by_node);
    for (size_t i = 0; i < p->count; i++) {
        if (!kept || by_node(&p->list[kept - 1], &p->list[i]) != 0) {
            p->list[kept++] = p->list[i];
        } else {
            free(p->list[i].node);
            free(p->list[i].host);
        }
    }
    p->count = kept;
}

static void turn(void *arg)
{
    struct rexec_pick *p = arg;
    struct rexec_target *list;
    enum query_state state;
    size_t count;

    musterd_turn_came(p->m);
    p->budget = musterd_share(p->m, SLICE);
    state = query_run(&p->query, p->m->catalog, &p->budget, look, p);
    if (state == QUERY_MORE) {
        musterd_later(p->m, &p->go_on);
        return;
    }
    leave_twins_out(p);
    list = p->list;
    count = p->count;
    p->list = NULL;
    p->count = 0;
    p->done(p->arg, list, count);
    pick_free(p);
}

static const char *compile(const char *filter, struct rex **out)
{
    return filter && *filter ? rex_compile(filter, out) : NULL;
}

static void on_places(struct places_waiter *w)
{
    struct rexec_pick *p = container_of(w, struct rexec_pick, places);

    p->waits = false;
    musterd_later(p->m, &p->go_on);
}

struct rexec_pick *rexec_pick_start(struct musterd *m,
                                    const struct rexec_filters *f,
                                    struct principal *who,
                                    rexec_picked_fn *done, void *arg,
                                    const char **wrong)
{
    struct rexec_pick *p = xcalloc(1, sizeof(*p));
    char *error;

    p->m = m;
    p->done = done;
    p->arg = arg;
    p->who = who ? principal_ref(who) : NULL;
    *wrong = compile(f->node, &p->node);
    if (!*wrong)
        *wrong = compile(f->service, &p->service);
    if (!*wrong)
        *wrong = compile(f->tag, &p->tag);
    error = selector_parse_text(&p->workers, "kind=worker", 11);
    if (*wrong || error) {
        free(error);
        pick_free(p);
        return NULL;
    }
    p->query = (struct query){.terms = p->workers.terms,
                              .count = p->workers.count,
                              .left = UINT64_MAX};
    p->go_on = (struct loop_task){.fn = turn, .arg = p};
    p->places.ready = on_places;
    p->waits = p->service && !places_are_ready(m->places);
    if (p->waits)
        places_wait(m->places, &p->places);
    else
        musterd_later(m, &p->go_on);
    return p;
}

void rexec_pick_cancel(struct rexec_pick *p)
{
    if (!p)
        return;
    if (p->waits)
        places_wait_end(p->m->places, &p->places);
    musterd_not_later(p->m, &p->go_on);
    pick_free(p);
}

/*
 * Workers that the registry keeps in quarantine: each says to be a host that
 * another one is already. They get no job and are not among the workers; who
 * asks where a job would run is told of them.
 */
#include <stdlib.h>
#include <string.h>

#include "dispatcher/core.h"
#include "lib/log.h"
#include "lib/mem.h"

static struct worker *find(const struct dispatch *d, const char *name)
{
    struct worker *w;

    HASH_FIND(by_name, d->quarantined, name, strlen(name), w);
    return w;
}

static void drop(struct dispatch *d, struct worker *w)
{
    HASH_DELETE(by_name, d->quarantined, w);
    worker_free(w);
}

static void on_add(void *arg, const struct muster_service *s)
{
    struct dispatch *d = arg;
    const char *host = muster_service_get(s, "host");
    struct worker *w = find(d, s->name);
    struct attrs attrs = {0};

    if (w)
        drop(d, w);
    w = worker_new(s->name);
    if (host && *host)
        worker_set_host(w, host);
    for (size_t i = 0; i < s->attr_count; i++)
        attrs_set(&attrs, s->attrs[i].name, s->attrs[i].value);
    worker_set_attrs(w, &attrs, dispatch_now(d));
    attrs_free(&attrs);
    HASH_ADD_KEYPTR(by_name, d->quarantined, w->name, strlen(w->name), w);
}

static void on_change(void *arg, const struct muster_service *s,
                      const struct muster_service *old)
{
    (void)old;
    on_add(arg, s);
}

static void on_gone(void *arg, const struct muster_service *old)
{
    struct dispatch *d = arg;
    struct worker *w = find(d, old->name);

    if (w)
        drop(d, w);
}

bool quarantine_start(struct dispatch *d, struct muster *m)
{
    static const struct muster_monitor_callbacks callbacks = {
        .on_add = on_add,
        .on_change = on_change,
        .on_gone = on_gone,
    };
    static const struct muster_attr hidden[] = {{".hidden", "1"}};
    char *error = NULL;

    d->quarantine =
        muster_monitor_with(m, "kind worker conflict *", hidden,
                            ARRAY_LEN(hidden), &callbacks, d, &error);
    if (!d->quarantine)
        log_error("following the workers in quarantine: %s", error);
    free(error);
    return d->quarantine != NULL;
}

void quarantine_free(struct dispatch *d)
{
    struct worker *w, *next;

    HASH_ITER (by_name, d->quarantined, w, next) {
        drop(d, w);
    }
}

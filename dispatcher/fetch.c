#include <stdlib.h>

#include "dispatcher/core.h"
#include "lib/mem.h"

struct dispatch_fetch {
    struct dispatch *core;
    struct jobstore_fetch base;
    dispatch_ready_fn *ready;
    void *arg;
    struct loop_task task;
};

static void fetch_tell(void *arg)
{
    struct dispatch_fetch *f = arg;

    f->ready(f->arg);
}

static void fetch_done(struct jobstore_fetch *base)
{
    struct dispatch_fetch *f = container_of(base, struct dispatch_fetch, base);

    loop_settle(f->core->loop, &f->task);
}

static struct dispatch_fetch *fetch_new(struct dispatch *d,
                                        dispatch_ready_fn *ready, void *arg)
{
    struct dispatch_fetch *f = xcalloc(1, sizeof(*f));

    f->core = d;
    f->ready = ready;
    f->arg = arg;
    f->base.done = fetch_done;
    f->task = (struct loop_task){.fn = fetch_tell, .arg = f};
    return f;
}

static struct dispatch_fetch *fetch_begun(struct dispatch_fetch *f, bool begun)
{
    if (begun)
        return f;
    free(f);
    return NULL;
}

struct dispatch_fetch *dispatch_fetch(struct dispatch *d, const char *jid,
                                      dispatch_ready_fn *ready, void *arg)
{
    struct dispatch_fetch *f = fetch_new(d, ready, arg);

    return fetch_begun(f, jobstore_fetch(d->store, &f->base, jid));
}

struct dispatch_fetch *dispatch_kept(struct dispatch *d,
                                     dispatch_ready_fn *ready, void *arg)
{
    struct dispatch_fetch *f = fetch_new(d, ready, arg);

    return fetch_begun(f, jobstore_sync(d->store, &f->base));
}

void dispatch_fetch_free(struct dispatch_fetch *f)
{
    if (!f)
        return;
    jobstore_unfetch(f->core->store, &f->base);
    loop_unsettle(f->core->loop, &f->task);
    free(f);
}

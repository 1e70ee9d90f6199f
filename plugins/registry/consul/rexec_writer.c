#include "plugins/registry/consul/rexec_writer.h"

#include <stdlib.h>
#include <string.h>

#include "lib/loop.h"
#include "lib/mem.h"
#include "server/musterd.h"
#include "server/state/kv.h"

#define BATCH_BYTES (128 * 1024) /* of one request, unless it is one value */

struct item {
    struct item *next;
    char *key; /* owned */
    void *value;
    size_t len;
    uint64_t flags;
    bool last;
};

struct rexec_writer {
    struct musterd *m;
    char *base;
    char session[KV_SESSION_ID + 1];
    const struct rexec_writer_calls *calls; /* NULL: freed but for the request
                                               that is under way */
    void *arg;
    struct item *first, **end;
    size_t queued;
    unsigned asked; /* items of the request under way */
    bool over;
    struct loop_task go_on;
};

/* -- the queue ------------------------------------------------------------- */

static size_t item_size(const struct item *i)
{
    return i->len + strlen(i->key) + sizeof(*i);
}

static void drop_first(struct rexec_writer *w)
{
    struct item *i = w->first;

    w->first = i->next;
    if (!w->first)
        w->end = &w->first;
    w->queued -= item_size(i);
    free(i->key);
    free(i->value);
    free(i);
}

static void drop_all(struct rexec_writer *w)
{
    while (w->first)
        drop_first(w);
}

static void really_free(struct rexec_writer *w)
{
    loop_unsettle(w->m->loop, &w->go_on);
    drop_all(w);
    free(w->base);
    free(w);
}

/* -- requests -------------------------------------------------------------- */

static void on_done(void *arg, const struct kv_result *r)
{
    struct rexec_writer *w = arg;
    bool good = r->status == KV_DONE;

    for (; w->asked; w->asked--)
        drop_first(w);
    if (!w->calls) {
        really_free(w);
        return;
    }
    if (good) {
        if (w->first)
            loop_settle(w->m->loop, &w->go_on);
        w->calls->written(w->arg);
        return;
    }
    w->over = true;
    drop_all(w);
    w->calls->refused(w->arg, r->text ? r->text : "it could not be written");
}

/* As many of the first as go together. */
static unsigned gather(const struct rexec_writer *w, struct kv_op *ops)
{
    const struct item *i = w->first;
    size_t bytes = 0;
    unsigned n = 0;

    for (; i && n < KV_OPS_MAX; i = i->next) {
        bytes += i->len;
        if (n && (bytes > BATCH_BYTES || i->last != w->first->last))
            break;
        ops[n++] = (struct kv_op){.verb = KV_LOCK,
                                  .key = i->key,
                                  .key_len = strlen(i->key),
                                  .value = i->value,
                                  .value_len = i->len,
                                  .flags = i->flags,
                                  .session = w->session};
    }
    return n;
}

static void request(void *arg)
{
    struct rexec_writer *w = arg;
    struct kv_op ops[KV_OPS_MAX];

    if (w->asked || w->over || !w->first)
        return;
    w->asked = gather(w, ops);
    musterd_tick(w->m);
    kv_request(w->m->kv, ops, w->asked, on_done, w);
}

/* -- interface ------------------------------------------------------------- */

struct rexec_writer *rexec_writer_new(struct musterd *m, const char *base,
                                      const char *session,
                                      const struct rexec_writer_calls *calls,
                                      void *arg)
{
    struct rexec_writer *w = xcalloc(1, sizeof(*w));

    w->m = m;
    w->base = xstrdup(base);
    memcpy(w->session, session, KV_SESSION_ID);
    w->calls = calls;
    w->arg = arg;
    w->end = &w->first;
    w->go_on = (struct loop_task){.fn = request, .arg = w};
    return w;
}

void rexec_writer_free(struct rexec_writer *w)
{
    if (!w)
        return;
    w->calls = NULL;
    if (!w->asked)
        really_free(w);
}

void rexec_writer_add(struct rexec_writer *w, const char *node,
                      const char *name, const void *value, size_t len,
                      uint64_t flags, bool last)
{
    struct item *i;

    if (w->over)
        return;
    i = xcalloc(1, sizeof(*i));
    i->key = xasprintf("%s/%s/%s", w->base, node, name);
    i->len = len;
    i->flags = flags;
    i->last = last;
    i->value = xmalloc(len + 1);
    if (len)
        memcpy(i->value, value, len);
    *w->end = i;
    w->end = &i->next;
    w->queued += item_size(i);
    loop_settle(w->m->loop, &w->go_on);
}

size_t rexec_writer_queued(const struct rexec_writer *w)
{
    return w->queued;
}

#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

#include "lib/mem.h"
#include "server/state/kv_impl.h"

static struct kv_watch **watches_of(struct kv *kv, bool tree)
{
    return tree ? &kv->tree_watches : &kv->key_watches;
}

static struct kv_watch *watch_open(struct kv *kv, const struct kv_scope *s)
{
    struct kv_watch **all = watches_of(kv, s->tree), *w;

    HASH_FIND(hh, *all, s->key, s->key_len, w);
    if (w)
        return w;
    w = xcalloc(1, sizeof(*w) + s->key_len + 1);
    w->tree = s->tree;
    w->len = s->key_len;
    if (w->len)
        memcpy(w->key, s->key, w->len);
    HASH_ADD_KEYPTR(hh, *all, w->key, w->len, w);
    if (w->tree && w->len <= KV_KEY_MAX)
        kv->tree_lengths[w->len]++;
    return w;
}

static void watch_close(struct kv *kv, struct kv_watch *w)
{
    struct kv_watch **all = watches_of(kv, w->tree);

    HASH_DEL(*all, w);
    if (w->tree && w->len <= KV_KEY_MAX)
        kv->tree_lengths[w->len]--;
    free(w);
}

void kv_wait(struct kv *kv, struct kv_waiter *w, const struct kv_scope *s)
{
    w->watch = watch_open(kv, s);
    DL_APPEND(w->watch->waiters, w);
    kv->waiters++;
}

void kv_wait_end(struct kv *kv, struct kv_waiter *w)
{
    struct kv_watch *watch = w->watch;

    if (!watch)
        return;
    w->watch = NULL;
    DL_DELETE(watch->waiters, w);
    kv->waiters--;
    if (!watch->waiters)
        watch_close(kv, watch);
}

static void watch_tell(struct kv_watch *watch, uint64_t revision)
{
    struct kv_waiter *w, *next;

    if (!watch)
        return;
    /* the last to end takes the watch with it: next is NULL then */
    DL_FOREACH_SAFE (watch->waiters, w, next)
        w->changed(w, revision);
}

void kv_tell(struct kv *kv, const char *key, size_t len, uint64_t revision)
{
    struct kv_watch *w;
    size_t i;

    if (!kv->waiters)
        return;
    HASH_FIND(hh, kv->key_watches, key, len, w);
    watch_tell(w, revision);
    for (i = 0; i <= len && i <= KV_KEY_MAX; i++) {
        if (!kv->tree_lengths[i])
            continue;
        HASH_FIND(hh, kv->tree_watches, key, i, w);
        watch_tell(w, revision);
    }
}

void kv_watch_free(struct kv *kv)
{
    struct kv_watch *w, *next;

    HASH_ITER (hh, kv->key_watches, w, next)
        watch_close(kv, w);
    HASH_ITER (hh, kv->tree_watches, w, next)
        watch_close(kv, w);
}

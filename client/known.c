#include "client/known.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "client/service.h"
#include "lib/mem.h"

struct known_entry {
    struct muster_service *service; /* owned */
    unsigned pass;                  /* in which it was put last */
    UT_hash_handle hh;
};

static struct known_entry *known_find(struct known *k, const char *name)
{
    struct known_entry *e;

    HASH_FIND(hh, k->entries, name, strlen(name), e);
    return e;
}

static void known_add(struct known *k, const struct muster_service *s)
{
    struct known_entry *e = xcalloc(1, sizeof(*e));

    e->service = service_copy(s);
    e->pass = k->pass;
    HASH_ADD_KEYPTR(hh, k->entries, e->service->name, strlen(e->service->name),
                    e);
    k->count++;
}

/* Forgets the entry; its service is the caller's. */
static struct muster_service *known_remove(struct known *k,
                                           struct known_entry *e)
{
    struct muster_service *s = e->service;

    HASH_DELETE(hh, k->entries, e);
    k->count--;
    free(e);
    return s;
}

void known_free(struct known *k)
{
    struct known_entry *e, *next;

    HASH_ITER (hh, k->entries, e, next)
        free(known_remove(k, e));
}

enum known_news known_put(struct known *k, const struct muster_service *s,
                          struct muster_service **old)
{
    struct known_entry *e = known_find(k, s->name);

    if (!e) {
        known_add(k, s);
        return KNOWN_ADDED;
    }
    e->pass = k->pass;
    if (service_equal(e->service, s))
        return KNOWN_SAME;
    /* a new entry: its key lies in the service */
    *old = known_remove(k, e);
    known_add(k, s);
    return KNOWN_CHANGED;
}

struct muster_service *known_take(struct known *k, const char *name)
{
    struct known_entry *e = known_find(k, name);

    return e ? known_remove(k, e) : NULL;
}

void known_pass_begin(struct known *k)
{
    k->pass++;
}

void known_pass_end(struct known *k,
                    bool (*fn)(void *arg, const struct muster_service *s),
                    void *arg)
{
    struct known_entry *e, *next;
    struct muster_service *s;
    bool go_on = true;

    HASH_ITER (hh, k->entries, e, next) {
        if (e->pass == k->pass)
            continue;
        s = known_remove(k, e);
        go_on = fn(arg, s);
        free(s);
        if (!go_on)
            return;
    }
}

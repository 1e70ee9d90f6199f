#include "server/state/turns.h"

#include <stdlib.h>
#include <uthash.h>

#include "lib/mem.h"

struct name_turns {
    struct turn *first, *last;
    bool under_way;
    bool running; /* turns_done() is at work on it */
    UT_hash_handle hh;
    char name[];
};

struct name_turns *turns_find(const struct turns *all, const char *name,
                              size_t len)
{
    struct name_turns *n;

    HASH_FIND(hh, all->by_name, name, len, n);
    return n;
}

void turns_wait(struct name_turns *n, struct turn *t)
{
    t->next = NULL;
    *(n->first ? &n->last->next : &n->first) = t;
    n->last = t;
}

struct name_turns *turns_take(struct turns *all, const char *name, size_t len)
{
    struct name_turns *n = turns_find(all, name, len);

    if (!n) {
        n = xcalloc(1, sizeof(*n) + len + 1);
        memcpy(n->name, name, len);
        HASH_ADD_KEYPTR(hh, all->by_name, n->name, len, n);
    }
    n->under_way = true;
    return n;
}

void turns_done(struct turns *all, struct name_turns *n)
{
    struct turn *t;

    n->under_way = false;
    if (n->running)
        return; /* done at once, in the run() of one that waited */
    n->running = true;
    while (!n->under_way && (t = n->first)) {
        n->first = t->next;
        t->run(t);
    }
    n->running = false;
    if (n->under_way)
        return;
    HASH_DEL(all->by_name, n);
    free(n);
}

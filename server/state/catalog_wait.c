#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "server/state/catalog_impl.h"

/* A request whose turn has not come; a copy, for its line is gone by then. */
struct waiter {
    struct turn turn;
    struct catalog_call call; /* its service is counted */
    struct catalog_request request;
    struct word volatiles;
    catalog_go_fn *go;
    struct word words[]; /* what the request points to; their text is behind */
};

static void waiter_run(struct turn *t)
{
    struct waiter *w = container_of(t, struct waiter, turn);

    w->go(&w->call, &w->request);
    if (w->call.service)
        service_unref(&w->call.catalog->index, w->call.service);
    free(w);
}

static size_t words_size(const struct word *w, unsigned count)
{
    size_t size = 0;

    for (; count--; w++)
        size += sizeof(*w) + w->len;
    return size;
}

/* Copies words to *to and their text to *text, and moves both on. */
static const struct word *words_copy(struct word **to, char **text,
                                     const struct word *w, unsigned count)
{
    const struct word *copy = *to;

    for (; count--; w++, (*to)++) {
        if (w->len)
            memcpy(*text, w->text, w->len);
        **to = (struct word){.text = *text, .len = w->len};
        *text += w->len;
    }
    return copy;
}

static struct waiter *waiter_new(const struct catalog_call *k,
                                 const struct catalog_request *q)
{
    const struct record_edit *e = &q->edit;
    unsigned count = 2 + 2 * e->set_count + e->unset_count + !!q->volatiles;
    struct waiter *w;
    struct word *to;
    char *text;

    w = xmalloc(sizeof(*w) + words_size(&k->name, 1) + words_size(&q->by, 1) +
                words_size(e->sets, 2 * e->set_count) +
                words_size(e->unsets, e->unset_count) +
                words_size(q->volatiles, !!q->volatiles));
    to = w->words;
    text = (char *)(w->words + count);
    w->call = *k;
    w->request = *q;
    w->call.name = *words_copy(&to, &text, &k->name, 1);
    w->request.by = *words_copy(&to, &text, &q->by, 1);
    w->request.edit.sets = words_copy(&to, &text, e->sets, 2 * e->set_count);
    w->request.edit.unsets = words_copy(&to, &text, e->unsets, e->unset_count);
    if (q->volatiles)
        w->request.volatiles = words_copy(&to, &text, q->volatiles, 1);
    return w;
}

void catalog_in_turn(const struct catalog_call *k,
                     const struct catalog_request *q, catalog_go_fn *go)
{
    static const struct catalog_request nothing = {.may_all = true};
    struct turns *turns = &k->catalog->turns;
    struct name_turns *n = turns_find(turns, k->name.text, k->name.len);
    struct waiter *w;

    if (!n) {
        go(k, q ? q : &nothing);
        return;
    }
    w = waiter_new(k, q ? q : &nothing);
    w->turn.run = waiter_run;
    w->go = go;
    if (k->service)
        k->service->refs++;
    turns_wait(n, &w->turn);
}

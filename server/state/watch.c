#include "server/state/watch.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "server/state/query.h"

struct watch *watch_open(struct watches *all, const struct catalog *c,
                         struct selector *s)
{
    struct buf key = BUF_INIT;
    struct watch *w;

    selector_write_pairs(s, &key);
    HASH_FIND(hh, all->by_key, buf_str(&key), buf_len(&key), w);
    if (w) {
        selector_free(s);
    } else {
        w = xcalloc(1, sizeof(*w));
        w->key = xstrdup(buf_str(&key));
        w->selector = *s;
        w->seen = w->since = w->touched = catalog_revision(c);
        HASH_ADD_KEYPTR(hh, all->by_key, w->key, strlen(w->key), w);
    }
    *s = (struct selector){0};
    w->readers++;
    buf_free(&key);
    return w;
}

void watch_close(struct watches *all, struct watch *w)
{
    if (--w->readers)
        return;
    HASH_DEL(all->by_key, w);
    selector_free(&w->selector);
    free(w->key);
    free(w);
}

static enum watch_verdict judge(const struct watch *w, const struct change *ch,
                                unsigned *budget)
{
    const struct selector *s = &w->selector;
    bool was, is;

    if (ch->kind == CHANGE_OTHER)
        return WATCH_NONE;
    was = query_matches(s->terms, s->count, ch->service, ch->before, budget);
    is = query_matches(s->terms, s->count, ch->service, ch->after, budget);
    if (was)
        return is ? WATCH_CHANGED : WATCH_LEFT;
    return is ? WATCH_CAME : WATCH_NONE;
}

bool watch_update(struct watch *w, const struct catalog *c, unsigned *budget)
{
    uint64_t head = catalog_revision(c);
    enum watch_verdict v;

    if (!changes_knows(&c->changes, w->seen)) {
        /* more changes than the ring holds: as if all had touched it */
        w->seen = w->since = w->touched = head;
        return true;
    }
    while (w->seen < head && *budget) {
        w->seen++;
        v = judge(w, changes_at(&c->changes, w->seen), budget);
        w->memo[w->seen % WATCH_MEMO] = (unsigned char)v;
        if (v != WATCH_NONE)
            w->touched = w->seen;
    }
    return w->seen == head;
}

enum watch_verdict watch_verdict(struct watch *w, const struct change *ch,
                                 unsigned *budget)
{
    if (ch->revision > w->since && ch->revision <= w->seen &&
        w->seen - ch->revision < WATCH_MEMO)
        return (enum watch_verdict)w->memo[ch->revision % WATCH_MEMO];
    return judge(w, ch, budget);
}

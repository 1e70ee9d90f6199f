#include "t/unit/watched.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/mem.h"

static enum watch_verdict verdict_of(const struct watched_life *l,
                                     const struct naive *n, uint64_t r)
{
    bool was = naive_match(n, &l->m->log[r].before);
    bool is = naive_match(n, &l->m->log[r].after);

    if (was)
        return is ? WATCH_CHANGED : WATCH_LEFT;
    return is ? WATCH_CAME : WATCH_NONE;
}

/* The first change after `from` and up to `to` that touches it; 0: none. */
static uint64_t first_touch(const struct watched_life *l, const struct naive *n,
                            uint64_t from, uint64_t to)
{
    for (; from < to; from++)
        if (verdict_of(l, n, from + 1) != WATCH_NONE)
            return from + 1;
    return 0;
}

static void watched_wake(struct watcher *r)
{
    container_of(r, struct watched, watcher)->woken = true;
}

static void watched_open(struct watched_life *l, struct watched *w)
{
    const struct changes *s = &l->c->changes;
    struct selector selector;

    *w = (struct watched){.told = s->head, .checked = s->head};
    naive_random(&w->naive, l->rng);
    selector = naive_selector(&w->naive);
    w->watcher.wake = watched_wake;
    w->watcher.details = rng_below(l->rng, 3) > 0;
    if (w->watcher.details && rng_below(l->rng, 2)) {
        w->told -= rng_below(l->rng, (unsigned)s->count + 1);
        if (!rng_below(l->rng, 10))
            w->told = rng_below(l->rng, (unsigned)s->head + 2);
        w->reread = w->told != s->head;
    }
    watcher_open(&l->watches, &w->watcher, &selector, w->told);
    w->early = w->watcher.watch->due || w->watcher.watch->lags;
}

/* -- waking ---------------------------------------------------------------- */

/* Now and then a watch has no budget left in this turn. */
static void tire_one(struct watched_life *l)
{
    struct watch *w = l->list[rng_below(l->rng, WATCHED)].watcher.watch;

    if (rng_below(l->rng, 8))
        return;
    w->turn = l->watches.turn;
    w->budget = 0;
}

static void note_lost(struct watched_life *l)
{
    struct watched *w;

    for (w = l->list; w < l->list + WATCHED; w++) {
        l->lags += w->watcher.watch->lags;
        if (w->watcher.watch->lags &&
            !changes_knows(&l->c->changes, w->watcher.watch->seen))
            w->lost = w->wakes = true;
    }
}

static void check_woken(struct watched_life *l, struct watched *w)
{
    uint64_t touch =
        first_touch(l, &w->naive, w->checked, catalog_revision(l->c));

    if (w->wakes)
        assert_true(w->woken);
    else if (!w->early)
        assert_int_equal(w->woken, touch != 0);
    w->woken = w->wakes = w->early = false;
    w->checked = catalog_revision(l->c);
}

static void wake_all(struct watched_life *l)
{
    unsigned i;

    note_lost(l);
    while (watches_wake(&l->watches))
        continue;
    for (i = 0; i < WATCHED; i++)
        check_woken(l, &l->list[i]);
}

/* -- walking --------------------------------------------------------------- */

static bool in_ring(const struct watched_life *l, uint64_t revision)
{
    return changes_knows(&l->c->changes, revision - 1);
}

static void check_gap(struct watched_life *l, struct watched *w)
{
    uint64_t now = catalog_revision(l->c);
    uint64_t touch = first_touch(l, &w->naive, w->told, now);

    if (!w->lost && !w->reread)
        assert_true(touch && !in_ring(l, touch));
    if (!w->lost && w->reread)
        assert_false(changes_knows(&l->c->changes, w->told));
    assert_int_equal(w->watcher.told, now);
    w->told = now;
    w->lost = w->reread = false;
    l->gaps++;
}

/* What the watcher said comes next, and that nothing was left out. */
static void check_next(struct watched_life *l, struct watched *w,
                       enum watch_next next, const struct change *ch,
                       enum watch_verdict v)
{
    uint64_t told = w->watcher.told, touch;

    if (next == WATCH_GAP) {
        check_gap(l, w);
        return;
    }
    touch = first_touch(l, &w->naive, w->told, told);
    if (next == WATCH_TOUCH) {
        assert_int_equal(ch->revision, told);
        assert_int_equal(touch, told);
        assert_int_equal(v, verdict_of(l, &w->naive, told));
        l->touches++;
    } else {
        assert_int_equal(touch, 0);
    }
    if (next == WATCH_END) {
        assert_int_equal(told, catalog_revision(l->c));
        w->lost = w->reread = false;
    }
    w->told = told;
}

static void walk(struct watched_life *l, struct watched *w)
{
    unsigned budget = 1 + rng_below(l->rng, 20), steps = rng_below(l->rng, 9);
    const struct change *ch = NULL;
    enum watch_verdict v = WATCH_NONE;
    enum watch_next next;

    if (!w->watcher.details || w->watcher.watch->lags)
        return;
    while (steps--) {
        next = watcher_next(&l->watches, &w->watcher, &ch, &v, &budget);
        check_next(l, w, next, ch, v);
        if (next == WATCH_END || next == WATCH_MORE)
            break;
    }
}

/* -- life ------------------------------------------------------------------ */

static void has_changed(void *arg)
{
    struct watched_life *l = arg;

    tire_one(l);
    assert_true(watches_look(&l->watches));
    assert_int_equal(l->watches.seen, catalog_revision(l->c));
}

void watched_init(struct watched_life *l, struct catalog *c,
                  const struct model *m, struct rng *rng)
{
    unsigned i;

    *l = (struct watched_life){.rng = rng, .c = c, .m = m};
    watches_init(&l->watches, c);
    c->changed = has_changed;
    c->arg = l;
    for (i = 0; i < WATCHED; i++)
        watched_open(l, &l->list[i]);
}

void watched_check(struct watched_life *l)
{
    struct watched *w;

    if (!rng_below(l->rng, 3))
        wake_all(l);
    for (w = l->list; w < l->list + WATCHED; w++) {
        if (!rng_below(l->rng, 1 + 3 * (unsigned)(w - l->list)))
            walk(l, w);
        if (rng_below(l->rng, 50))
            continue;
        watcher_close(&l->watches, &w->watcher);
        watched_open(l, w);
    }
}

void watched_end(struct watched_life *l)
{
    unsigned i;

    for (i = 0; i < WATCHED; i++)
        watcher_close(&l->watches, &l->list[i].watcher);
    assert_null(l->watches.by_key);
    assert_null(l->watches.due);
    assert_null(l->watches.lagging);
    assert_null(l->watches.anchors.loose);
    for (i = 0; i < ANCHOR_KINDS; i++)
        assert_int_equal(l->watches.anchors.by_kind[i].count, 0);
    watches_free(&l->watches);
}

#include "server/state/watch.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/mem.h"
#include "server/state/query.h"

#define PATIENCE_FIRST 64
#define PATIENCE_LAST  (1u << 20)
#define LOG_FIRST      8

void watches_init(struct watches *all, const struct catalog *c)
{
    *all = (struct watches){.catalog = c, .budget = WATCHES_BUDGET};
    anchors_init(&all->anchors);
}

void watches_free(struct watches *all)
{
    anchors_free(&all->anchors);
}

static const struct changes *changes_of(const struct watches *all)
{
    return &all->catalog->changes;
}

/* Up to here everything that touched w is known. */
static uint64_t watch_seen(const struct watches *all, const struct watch *w)
{
    return w->lags ? w->seen : all->seen;
}

/* -- the log --------------------------------------------------------------- */

static void log_clear(struct watches *all, struct watch *w)
{
    w->since = watch_seen(all, w);
    w->log_count = 0;
    if (w->log_size > LOG_FIRST) {
        free(w->log);
        w->log = NULL;
        w->log_size = 0;
    }
}

static void log_add(struct watch *w, uint64_t revision, enum watch_verdict v)
{
    unsigned half = WATCH_LOG / 2;

    if (w->log_count == WATCH_LOG) {
        w->since = w->log[half - 1] / 4;
        w->log_count -= half;
        memmove(w->log, w->log + half, w->log_count * sizeof(*w->log));
    }
    if (w->log_count == w->log_size) {
        w->log_size = w->log_size ? 2 * w->log_size : LOG_FIRST;
        w->log = xreallocarray(w->log, w->log_size, sizeof(*w->log));
    }
    w->log[w->log_count++] = revision * 4 + (uint64_t)v;
}

/* The first touch after that revision; log_count if there is none. */
static unsigned log_after(const struct watch *w, uint64_t revision)
{
    unsigned low = 0, high = w->log_count, mid;

    while (low < high) {
        mid = (low + high) / 2;
        if (w->log[mid] / 4 <= revision)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* -- verdicts -------------------------------------------------------------- */

enum watch_verdict watch_verdict(const struct watch *w, const struct change *ch,
                                 unsigned *budget)
{
    const struct selector *s = &w->selector;
    enum selector_result was, is;

    if (ch->kind == CHANGE_OTHER)
        return WATCH_NONE;
    was = query_matches(s->terms, s->count, ch->service, ch->before, budget);
    is = query_matches(s->terms, s->count, ch->service, ch->after, budget);
    if (was == SELECTOR_MORE || is == SELECTOR_MORE)
        return WATCH_LATER;
    if (was == SELECTOR_YES)
        return is == SELECTOR_YES ? WATCH_CHANGED : WATCH_LEFT;
    return is == SELECTOR_YES ? WATCH_CAME : WATCH_NONE;
}

/* Its watchers are to be woken; who is not behind has been told of everything
 * up to `quiet`. */
static void watch_due(struct watches *all, struct watch *w, uint64_t quiet)
{
    if (w->due)
        return;
    w->due = true;
    w->quiet = quiet;
    DL_APPEND2(all->due, w, prev_due, next_due);
}

static void watch_touch(struct watches *all, struct watch *w, uint64_t revision,
                        enum watch_verdict v)
{
    w->touched = revision;
    if (w->details)
        log_add(w, revision, v);
    watch_due(all, w, revision - 1);
}

/* Changes after revision `quiet` were forgotten before it saw them: as if all
 * had touched it. */
static void watch_lost(struct watches *all, struct watch *w, uint64_t quiet)
{
    w->touched = w->since = w->seen = all->seen;
    w->log_count = 0;
    watch_due(all, w, quiet);
}

/* It was placed when other things were registered: where it stands now, too
 * much passes by. */
static void watch_move(struct watches *all, struct watch *w)
{
    anchors_remove(&all->anchors, &w->place);
    anchors_add(&all->anchors, all->catalog, w, &w->selector, &w->place);
    w->misses = 0;
    if (w->patience < PATIENCE_LAST)
        w->patience *= 2;
}

/* False if the budget ended before it was clear. */
static bool watch_judge(struct watches *all, struct watch *w,
                        const struct change *ch)
{
    enum watch_verdict v = watch_verdict(w, ch, &w->budget);

    if (v == WATCH_LATER)
        return false;
    all->verdicts++;
    if (v != WATCH_NONE)
        watch_touch(all, w, ch->revision, v);
    else
        w->misses++;
    return true;
}

/* From that change on it walks along by itself. */
static void watch_lag(struct watches *all, struct watch *w, uint64_t revision)
{
    w->lags = true;
    w->seen = revision - 1;
    all->n_lagging++;
    DL_APPEND2(all->lagging, w, prev_lag, next_lag);
}

/* -- changes as they happen ------------------------------------------------ */

/* A change that may concern w; it may be called more than once for it. */
static void watch_look(void *arg, struct watch *w, const struct change *ch)
{
    struct watches *all = arg;
    unsigned before;

    if (w->lags || w->looked == ch->revision)
        return;
    w->looked = ch->revision;
    if (w->turn != all->turn) {
        w->turn = all->turn;
        w->budget = WATCH_BUDGET;
    }
    before = w->budget;
    if (!before || !all->budget || !watch_judge(all, w, ch))
        watch_lag(all, w, ch->revision);
    query_spend(&all->budget, before - w->budget);
    if (!w->lags && w->misses >= w->patience)
        watch_move(all, w);
}

static void watches_lost(struct watches *all, uint64_t now)
{
    struct watch *w, *next;
    uint64_t quiet = all->seen;

    all->seen = now;
    HASH_ITER (hh, all->by_key, w, next)
        watch_lost(all, w, w->lags ? w->seen : quiet);
}

bool watches_look_on(struct watches *all)
{
    const struct changes *s = changes_of(all);
    struct anchors_look look = {
        .all = &all->anchors, .fn = watch_look, .arg = all};

    if (!changes_knows(s, all->seen))
        watches_lost(all, s->head);
    while (all->seen < s->head) {
        look.ch = changes_at(s, ++all->seen);
        if (look.ch->kind != CHANGE_OTHER && all->by_key)
            anchors_each(&look);
    }
    return true;
}

/* -- the end of the turn --------------------------------------------------- */

static void watch_keeps_up(struct watches *all, struct watch *w)
{
    w->lags = false;
    all->n_lagging--;
    DL_DELETE2(all->lagging, w, prev_lag, next_lag);
}

/* It walks along by itself, as far as a turn's budget goes. */
static void watch_catch_up(struct watches *all, struct watch *w)
{
    const struct changes *s = changes_of(all);

    w->turn = all->turn;
    w->budget = WATCHES_BUDGET / 4 / all->n_lagging;
    if (w->budget > WATCH_BUDGET)
        w->budget = WATCH_BUDGET;
    if (w->budget < WATCH_SHARE)
        w->budget = WATCH_SHARE;
    if (!changes_knows(s, w->seen))
        watch_lost(all, w, w->seen);
    while (w->seen < all->seen && w->budget &&
           watch_judge(all, w, changes_at(s, w->seen + 1)))
        w->seen++;
    if (w->seen == all->seen)
        watch_keeps_up(all, w);
}

static void watcher_wake(struct watches *all, struct watcher *r)
{
    struct watch *w = r->watch;

    if (r->details && !r->behind) {
        if (r->told < w->quiet)
            r->told = w->quiet;
        r->behind = true;
        w->behind++;
    }
    all->wakes++;
    r->wake(r);
}

static void watch_wake(struct watches *all, struct watch *w)
{
    struct watcher *r;

    DL_FOREACH (w->watchers, r)
        watcher_wake(all, r);
    if (!w->behind)
        log_clear(all, w);
}

bool watches_wake(struct watches *all)
{
    uint64_t services = changes_of(all)->services;
    struct watch *w, *next;
    struct watcher *r;

    all->turn++;
    all->budget = WATCHES_BUDGET;
    for (w = all->lagging; w; w = next) {
        next = w->next_lag;
        watch_catch_up(all, w);
    }
    while ((w = all->due)) {
        DL_DELETE2(all->due, w, prev_due, next_due);
        w->due = false;
        watch_wake(all, w);
    }
    if (all->woken < services)
        DL_FOREACH (all->any, r)
            watcher_wake(all, r);
    all->woken = services;
    return all->lagging != NULL;
}

/* -- watchers -------------------------------------------------------------- */

static struct watch *watch_new(struct watches *all, struct selector *s,
                               const struct buf *key)
{
    struct watch *w = xcalloc(1, sizeof(*w));

    w->key = xmemdup0(buf_data(key), buf_len(key));
    w->selector = *s;
    w->since = w->touched = w->looked = all->seen;
    w->patience = PATIENCE_FIRST;
    w->turn = all->turn;
    w->budget = WATCH_BUDGET;
    anchors_add(&all->anchors, all->catalog, w, &w->selector, &w->place);
    HASH_ADD_KEYPTR(hh, all->by_key, w->key, buf_len(key), w);
    return w;
}

/* Takes s over. */
static struct watch *watch_get(struct watches *all, struct selector *s)
{
    struct buf key = BUF_INIT;
    struct watch *w;

    selector_write_pairs(s, &key);
    HASH_FIND(hh, all->by_key, buf_str(&key), buf_len(&key), w);
    if (w)
        selector_free(s);
    else
        w = watch_new(all, s, &key);
    *s = (struct selector){0};
    buf_free(&key);
    return w;
}

static void watch_free(struct watches *all, struct watch *w)
{
    if (w->lags)
        watch_keeps_up(all, w);
    if (w->due)
        DL_DELETE2(all->due, w, prev_due, next_due);
    anchors_remove(&all->anchors, &w->place);
    HASH_DEL(all->by_key, w);
    selector_free(&w->selector);
    free(w->key);
    free(w->log);
    free(w);
}

static void watch_join(struct watches *all, struct watch *w, struct watcher *r)
{
    r->watch = w;
    w->readers++;
    DL_APPEND(w->watchers, r);
    if (!r->details)
        return;
    if (!w->details++)
        log_clear(all, w);
    r->behind = true; /* till it says otherwise */
    w->behind++;
}

void watcher_open(struct watches *all, struct watcher *r, struct selector *s,
                  uint64_t since)
{
    if (!all->watchers++)
        all->seen = all->woken = catalog_revision(all->catalog);
    r->told = since;
    if (s) {
        watch_join(all, watch_get(all, s), r);
    } else {
        r->watch = NULL;
        DL_APPEND(all->any, r);
    }
}

void watcher_close(struct watches *all, struct watcher *r)
{
    struct watch *w = r->watch;

    all->watchers--;
    if (!w) {
        DL_DELETE(all->any, r);
        return;
    }
    DL_DELETE(w->watchers, r);
    w->details -= r->details;
    w->behind -= r->behind;
    r->behind = false;
    if (--w->readers)
        return;
    watch_free(all, w);
}

uint64_t watcher_touched(const struct watches *all, const struct watcher *r)
{
    return r->watch ? r->watch->touched : changes_of(all)->services;
}

/* -- one who walks along --------------------------------------------------- */

static enum watch_next watcher_gap(struct watches *all, struct watcher *r)
{
    r->told = catalog_revision(all->catalog);
    return WATCH_GAP;
}

/* From before the log, along the changes themselves. */
static enum watch_next watcher_reread(struct watches *all, struct watcher *r,
                                      const struct change **ch,
                                      enum watch_verdict *v, unsigned *budget)
{
    const struct changes *s = changes_of(all);

    if (!changes_knows(s, r->told))
        return watcher_gap(all, r);
    while (r->told < r->watch->since && *budget) {
        *ch = changes_at(s, r->told + 1);
        *v = watch_verdict(r->watch, *ch, budget);
        if (*v == WATCH_LATER)
            return WATCH_MORE;
        r->told++;
        all->verdicts++;
        if (*v != WATCH_NONE)
            return WATCH_TOUCH;
    }
    return r->told < r->watch->since ? WATCH_MORE : WATCH_END;
}

static enum watch_next watcher_end(struct watches *all, struct watcher *r)
{
    uint64_t seen = watch_seen(all, r->watch);

    if (r->told < seen)
        r->told = seen;
    r->watch->behind -= r->behind;
    r->behind = false;
    return WATCH_END;
}

enum watch_next watcher_next(struct watches *all, struct watcher *r,
                             const struct change **ch, enum watch_verdict *v,
                             unsigned *budget)
{
    const struct watch *w = r->watch;
    enum watch_next next;
    unsigned i;

    if (r->told > catalog_revision(all->catalog))
        return watcher_gap(all, r);
    if (r->told < w->since) {
        next = watcher_reread(all, r, ch, v, budget);
        if (next != WATCH_END)
            return next;
    }
    i = log_after(w, r->told);
    if (i == w->log_count)
        return watcher_end(all, r);
    if (!*budget)
        return WATCH_MORE;
    query_spend(budget, 1);
    if (!changes_knows(changes_of(all), w->log[i] / 4 - 1))
        return watcher_gap(all, r);
    r->told = w->log[i] / 4;
    *v = (enum watch_verdict)(w->log[i] % 4);
    *ch = changes_at(changes_of(all), r->told);
    return WATCH_TOUCH;
}

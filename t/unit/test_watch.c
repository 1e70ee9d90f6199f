/*
 * Watches beyond what the model test reaches: one watch for equal selectors,
 * what a change costs among many of them, more touches than a watch logs,
 * readers that stand still while the ring moves on, and watches too dear for
 * one turn.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "server/state/watch.h"
#include "t/unit/state_util.h"

#define MANY 2000

/* A catalog that is watched, and an owner of its services. */
struct scene {
    struct catalog *c;
    struct watches all;
    struct holder h;
    unsigned woken;
};

struct reader {
    struct watcher watcher;
    struct scene *scene;
};

static void reader_wake(struct watcher *w)
{
    container_of(w, struct reader, watcher)->scene->woken++;
}

static void scene_changed(void *arg)
{
    struct scene *s = arg;

    watches_look(&s->all);
}

static void scene_begin(struct scene *s, size_t ring)
{
    *s = (struct scene){.c = state_new(store_memory_new(), ring)};
    holder_init(&s->h);
    watches_init(&s->all, s->c);
    s->c->changed = scene_changed;
    s->c->arg = s;
}

static void scene_end(struct scene *s)
{
    assert_int_equal(s->all.watchers, 0);
    assert_null(s->all.by_key);
    catalog_owner_gone(s->c, &s->h.owner);
    state_free(s->c);
    watches_free(&s->all);
}

static void reader_open(struct scene *s, struct reader *r, const char *text,
                        bool details)
{
    struct selector selector;

    *r = (struct reader){.scene = s,
                         .watcher = {.wake = reader_wake, .details = details}};
    assert_null(selector_parse_text(&selector, text, strlen(text)));
    watcher_open(&s->all, &r->watcher, &selector, catalog_revision(s->c));
}

static void reader_close(struct reader *r)
{
    watcher_close(&r->scene->all, &r->watcher);
}

static enum watch_next reader_next(struct reader *r, uint64_t *revision,
                                   enum watch_verdict *v)
{
    unsigned budget = UINT32_MAX;
    const struct change *ch;
    enum watch_next next =
        watcher_next(&r->scene->all, &r->watcher, &ch, v, &budget);

    *revision = next == WATCH_TOUCH ? ch->revision : 0;
    return next;
}

static void assert_next(struct reader *r, enum watch_next want,
                        uint64_t revision)
{
    enum watch_verdict v;
    uint64_t got;

    assert_int_equal(reader_next(r, &got, &v), want);
    assert_int_equal(want == WATCH_TOUCH ? got : r->watcher.told, revision);
}

/* -- one watch for equal selectors ----------------------------------------- */

static void test_shared(void **state)
{
    struct reader r[3];
    struct scene s;

    (void)state;
    scene_begin(&s, 100);
    reader_open(&s, &r[0], "kind=web mem>=8G", false);
    reader_open(&s, &r[1], "mem>= 8G kind web", true);
    reader_open(&s, &r[2], "kind=web mem>8G", false);
    assert_ptr_equal(r[0].watcher.watch, r[1].watcher.watch);
    assert_ptr_not_equal(r[0].watcher.watch, r[2].watcher.watch);
    assert_int_equal(r[0].watcher.watch->readers, 2);
    state_register(s.c, &s.h, NULL, "a kind web mem 8G");
    assert_int_equal(s.all.verdicts, 2);
    assert_false(watches_wake(&s.all));
    assert_int_equal(s.woken, 2);
    reader_close(&r[0]);
    assert_int_equal(r[1].watcher.watch->readers, 1);
    reader_close(&r[1]);
    reader_close(&r[2]);
    scene_end(&s);
}

/* -- what a change costs --------------------------------------------------- */

static struct reader many[MANY];

static void open_many(struct scene *s, const char *format)
{
    char text[64];
    unsigned i;

    for (i = 0; i < MANY; i++) {
        snprintf(text, sizeof(text), format, i);
        reader_open(s, &many[i], text, i % 2);
    }
}

static void close_many(void)
{
    unsigned i;

    for (i = 0; i < MANY; i++)
        reader_close(&many[i]);
}

/* One change is looked at once, by the one watch that it may concern. */
static void check_each_costs_one(const char *format)
{
    struct scene s;
    unsigned i;

    scene_begin(&s, 100);
    state_register(s.c, &s.h, NULL, "s7 kind web role r1 id i7");
    state_register(s.c, &s.h, NULL, "other kind web");
    open_many(&s, format);
    for (i = 1; i <= 10; i++) {
        state_update(s.c, NULL, "s7", "state x");
        assert_int_equal(s.all.verdicts, i);
        watches_wake(&s.all);
        assert_int_equal(s.woken, i);
    }
    for (i = 0; i < 100; i++)
        state_update(s.c, NULL, "other", "state x");
    watches_wake(&s.all);
    assert_int_equal(s.all.verdicts, 10);
    assert_int_equal(s.woken, 10);
    close_many();
    scene_end(&s);
}

static void test_cost(void **state)
{
    (void)state;
    check_each_costs_one("id=i%u");
    check_each_costs_one("kind=web id=i%u role=r1");
    check_each_costs_one("id=none,i%u kind=web");
    check_each_costs_one(".name s%u kind=web");
}

/* Opened before anything was registered: what is common to all turns out when
 * there is something. */
static void test_cost_of_early_ones(void **state)
{
    struct scene s;
    uint64_t before;
    char line[64];
    unsigned i;

    (void)state;
    scene_begin(&s, 100);
    open_many(&s, "kind=worker id~^i%u$ zone=z");
    for (i = 0; i < 200; i++) {
        snprintf(line, sizeof(line), "s%u kind worker id i%u%s", i, i,
                 i ? "" : " zone z");
        state_register(s.c, &s.h, NULL, line);
    }
    before = s.all.verdicts;
    state_update(s.c, NULL, "s9", "state x");
    assert_int_equal(s.all.verdicts, before);
    close_many();
    scene_end(&s);
}

/* Plain watchers, of all changes, are woken once a turn. */
static void test_any(void **state)
{
    struct reader plain = {0}, other;
    struct scene s;

    (void)state;
    scene_begin(&s, 100);
    plain.scene = &s;
    plain.watcher.wake = reader_wake;
    watcher_open(&s.all, &plain.watcher, NULL, 0);
    reader_open(&s, &other, "kind=db", false);
    state_register(s.c, &s.h, NULL, "a kind web");
    state_update(s.c, NULL, "a", "kind web");
    watches_wake(&s.all);
    assert_int_equal(s.woken, 1);
    assert_int_equal(watcher_touched(&s.all, &plain.watcher), 2);
    assert_int_equal(watcher_touched(&s.all, &other.watcher), 0);
    watches_wake(&s.all);
    assert_int_equal(s.woken, 1);
    watcher_close(&s.all, &plain.watcher);
    reader_close(&other);
    scene_end(&s);
}

/* A volatile change is not even looked at, whoever watches for it. */
static void test_volatile(void **state)
{
    static const char *const lines[] = {"load 2", ".unset load", "free 1",
                                        "load 3 free 2"};
    struct reader any = {0}, all, load, gone;
    struct holder other;
    struct scene s;
    unsigned i;

    (void)state;
    scene_begin(&s, 100);
    holder_init(&other);
    state_register(s.c, &s.h, NULL, "a kind web load 1 .volatile load,free");
    any.scene = &s;
    any.watcher.wake = reader_wake;
    watcher_open(&s.all, &any.watcher, NULL, 1);
    reader_open(&s, &all, "", false);
    reader_open(&s, &load, "load=2", true);
    reader_open(&s, &gone, "load!=*", true);
    for (i = 0; i < ARRAY_LEN(lines); i++)
        state_update(s.c, NULL, "a", lines[i]);
    state_register(s.c, &other, NULL,
                   "a kind web load 9 .volatile load,free .replace 1");
    assert_int_equal(s.h.lost[LOST_REPLACED], 1);
    assert_int_equal(catalog_revision(s.c), 1);
    watches_wake(&s.all);
    assert_int_equal(s.all.verdicts, 0);
    assert_int_equal(s.woken, 0);
    state_update(s.c, NULL, "a", "load 4 role x");
    watches_wake(&s.all);
    assert_int_equal(s.woken, 2);
    watcher_close(&s.all, &any.watcher);
    reader_close(&all);
    reader_close(&load);
    reader_close(&gone);
    catalog_owner_gone(s.c, &other.owner);
    scene_end(&s);
}

/* -- walking along --------------------------------------------------------- */

/* The service "s" is in the selection of kind=web at revision r as r says. */
static enum watch_verdict want(uint64_t r)
{
    static const enum watch_verdict cycle[] = {
        WATCH_CAME, WATCH_CHANGED, WATCH_LEFT, WATCH_NONE, WATCH_NONE};

    return cycle[(r - 1) % 5];
}

static void change_many(struct scene *s, uint64_t from, uint64_t to)
{
    static const char *const lines[] = {"kind web", "kind web", "kind db",
                                        "kind db", "kind db"};

    for (; from <= to; from++) {
        if (from == 1)
            state_register(s->c, &s->h, NULL, "s kind web");
        else
            state_update(s->c, NULL, "s", lines[(from - 1) % 5]);
        assert_int_equal(catalog_revision(s->c), from);
    }
}

static void check_walk(struct reader *r, uint64_t from, uint64_t to)
{
    enum watch_verdict v;
    uint64_t revision;

    for (; from <= to; from++) {
        if (want(from) == WATCH_NONE)
            continue;
        assert_int_equal(reader_next(r, &revision, &v), WATCH_TOUCH);
        assert_int_equal(revision, from);
        assert_int_equal(v, want(from));
    }
    assert_next(r, WATCH_END, to);
    assert_false(r->watcher.behind);
}

/* More touches than a watch logs, for one who stood still and for one who
 * walks now and then. */
static void test_long_log(void **state)
{
    uint64_t end = 8 * WATCH_LOG, at;
    struct reader slow, quick;
    struct scene s;

    (void)state;
    scene_begin(&s, 2 * end);
    reader_open(&s, &slow, "kind=web", true);
    reader_open(&s, &quick, "kind=web", true);
    for (at = 1; at < end; at += 100) {
        change_many(&s, at, at + 99);
        watches_wake(&s.all);
        if (at % 300 == 1)
            check_walk(&quick, at > 300 ? at - 200 : 1, at + 99);
    }
    check_walk(&slow, 1, at - 1);
    assert_true(slow.watcher.watch->log_count <= WATCH_LOG);
    reader_close(&quick);
    assert_int_equal(slow.watcher.watch->behind, 0);
    change_many(&s, at, at + 1);
    watches_wake(&s.all);
    check_walk(&slow, at, at + 1);
    change_many(&s, at + 2, at + 2);
    watches_wake(&s.all);
    check_walk(&slow, at + 2, at + 2);
    watches_wake(&s.all);
    reader_close(&slow);
    scene_end(&s);
}

/* The ring forgets a thousand changes that did not concern it: no gap. */
static void test_stands_still(void **state)
{
    struct reader r;
    struct scene s;
    unsigned i;

    (void)state;
    scene_begin(&s, 4);
    reader_open(&s, &r, "kind=db", true);
    assert_next(&r, WATCH_END, 0);
    change_many(&s, 1, 2);
    for (i = 0; i < 1000; i++)
        state_update(s.c, NULL, "s", "state x");
    watches_wake(&s.all);
    assert_int_equal(s.woken, 0);
    assert_int_equal(r.watcher.told, 0);
    state_update(s.c, NULL, "s", "kind db");
    state_update(s.c, NULL, "s", "state y");
    watches_wake(&s.all);
    assert_int_equal(s.woken, 1);
    assert_next(&r, WATCH_TOUCH, 1003);
    assert_next(&r, WATCH_TOUCH, 1004);
    assert_next(&r, WATCH_END, 1004);
    reader_close(&r);
    scene_end(&s);
}

/* A touch that the ring has forgotten, and one named that is yet to come. */
static void test_gap(void **state)
{
    struct reader r, early;
    struct scene s;

    (void)state;
    scene_begin(&s, 4);
    reader_open(&s, &r, "kind=web", true);
    change_many(&s, 1, 12);
    watches_wake(&s.all);
    assert_next(&r, WATCH_GAP, 12);
    assert_next(&r, WATCH_END, 12);
    change_many(&s, 13, 14);
    assert_next(&r, WATCH_TOUCH, 13);
    reader_open(&s, &early, "kind=web", true);
    early.watcher.told = 99;
    assert_next(&early, WATCH_GAP, 14);
    reader_close(&early);
    reader_close(&r);
    scene_end(&s);
}

/* -- more than a turn's budget --------------------------------------------- */

static const char dear[] = "note~(a|b|c|d)*(e|f|g|h)*(i|j|k|l)*(m|n|o|p)*x$";

static void change_note(struct scene *s, unsigned n)
{
    char line[600];

    memset(line, 'q', sizeof(line));
    snprintf(line + 500, sizeof(line) - 500, "%u%s", n, n % 10 ? "y" : "x");
    memcpy(line, "note ", 5);
    if (n == 1)
        memcpy(line, "s note ", 7);
    if (n == 1)
        state_register(s->c, &s->h, NULL, line);
    else
        state_update(s->c, NULL, "s", line);
}

/* It lags, goes on in turns of its own, and nothing is missed; another watch
 * is not kept waiting. */
static void test_dear(void **state)
{
    struct reader r, other;
    struct scene s;
    unsigned i, turns = 1;

    (void)state;
    scene_begin(&s, 1000);
    reader_open(&s, &r, dear, true);
    reader_open(&s, &other, ".name s", true);
    for (i = 1; i <= 200; i++)
        change_note(&s, i);
    assert_true(r.watcher.watch->lags);
    assert_false(other.watcher.watch->lags);
    for (i = 1; i <= 200; i++)
        assert_next(&other, WATCH_TOUCH, i);
    while (watches_wake(&s.all))
        turns++;
    assert_true(turns > 2);
    assert_false(r.watcher.watch->lags);
    for (i = 10; i <= 200; i += 10) {
        assert_next(&r, WATCH_TOUCH, i);
        if (i < 200)
            assert_next(&r, WATCH_TOUCH, i + 1); /* it left again */
    }
    assert_next(&r, WATCH_END, 200);
    reader_close(&r);
    reader_close(&other);
    scene_end(&s);
}

/* What it lags behind is forgotten: as if it had been touched. */
static void test_dear_and_forgotten(void **state)
{
    struct reader r, version;
    struct scene s;
    unsigned i;

    (void)state;
    scene_begin(&s, 5);
    reader_open(&s, &r, dear, true);
    reader_open(&s, &version, dear, false);
    for (i = 1; i <= 200; i++)
        change_note(&s, i);
    assert_true(r.watcher.watch->lags);
    while (watches_wake(&s.all))
        continue;
    assert_int_equal(watcher_touched(&s.all, &version.watcher), 200);
    assert_next(&r, WATCH_GAP, 200);
    assert_next(&r, WATCH_END, 200);
    /* closed while it lags */
    for (i = 201; i <= 400; i++)
        change_note(&s, i);
    assert_true(r.watcher.watch->lags);
    reader_close(&r);
    reader_close(&version);
    assert_null(s.all.lagging);
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shared),
        cmocka_unit_test(test_cost),
        cmocka_unit_test(test_cost_of_early_ones),
        cmocka_unit_test(test_any),
        cmocka_unit_test(test_volatile),
        cmocka_unit_test(test_long_log),
        cmocka_unit_test(test_stands_still),
        cmocka_unit_test(test_gap),
        cmocka_unit_test(test_dear),
        cmocka_unit_test(test_dear_and_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

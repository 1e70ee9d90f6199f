/*
 * A long random life behind a store that commits when it likes and fails now
 * and then: nobody is told before the commit, everybody once, and who follows
 * the stream of changes knows what is registered.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "server/state/query.h"
#include "t/unit/follower.h"
#include "t/unit/store_delayed.h"

#define STEPS 20000
#define NAMES 8

struct life {
    struct rng rng;
    struct catalog *c;
    struct holder holders[3];
    struct told told[STEPS];
    unsigned asked, at_once, failed, refused;
    uint64_t now;
    struct follower follower;
    struct model seen; /* what is registered, as rows */
};

static const char *random_name(struct life *l)
{
    static const char *const names[NAMES] = {"n1", "n2", "n3", "n4",
                                             "n5", "n6", "n7", "n8"};

    return rng_pick(&l->rng, names, NAMES);
}

static void random_request(struct life *l, struct buf *line, bool update)
{
    static const char *const attrs[] = {"a", "b", "load", "vol"};
    static const char *const values[] = {"1", "2", "3"};
    unsigned n = rng_below(&l->rng, 4);

    while (n--)
        buf_add_pair(line, rng_pick(&l->rng, attrs, 4),
                     rng_pick(&l->rng, values, 3));
    if (!rng_below(&l->rng, 4))
        buf_add_pair(line, "persist", rng_below(&l->rng, 3) ? "1" : "0");
    if (!update || !rng_below(&l->rng, 10))
        buf_add_pair(line, ".volatile", "load,vol");
    if (!rng_below(&l->rng, 3))
        buf_add_fmt(line, " .ttl %u", 1 + rng_below(&l->rng, 1000));
    if (!update && rng_below(&l->rng, 2))
        buf_add_pair(line, ".replace", "1");
    if (update && !rng_below(&l->rng, 4))
        buf_add_pair(line, ".unset", rng_pick(&l->rng, attrs, 4));
}

/* What a request that waits must not have changed. */
static void assert_unseen(struct life *l, const struct told *t,
                          struct buf *before)
{
    if (t->count)
        l->at_once++;
    else
        assert_state(l->c, buf_str(before));
    buf_free(before);
}

static void ask(struct life *l)
{
    struct holder *h = &l->holders[rng_below(&l->rng, 3)];
    const char *name = random_name(l);
    struct told *t = &l->told[l->asked++];
    struct buf line = BUF_INIT, before = state_text(l->c);
    bool there = catalog_find(l->c, name, strlen(name)) != NULL;

    if (!there || !rng_below(&l->rng, 3)) {
        buf_add_words(&line, name);
        random_request(l, &line, false);
        state_register(l->c, h, t, buf_str(&line));
    } else if (rng_below(&l->rng, 6)) {
        random_request(l, &line, true);
        state_update(l->c, t, name, buf_str(&line));
    } else {
        state_remove(l->c, t, name);
    }
    assert_unseen(l, t, &before);
    buf_free(&line);
}

static void commit(struct life *l)
{
    struct store *s = l->c->store;

    if (!delayed_count(s))
        return;
    switch (rng_below(&l->rng, 12)) {
    case 0: delayed_refuse(s, STORE_FAILED); break;
    case 1:
        if (delayed_first(s)->expect != STORE_EXPECT_ABSENT)
            delayed_refuse(s, STORE_CONFLICT);
        break;
    case 2: delayed_check(s); break; /* applied some other time */
    default: delayed_commit(s);
    }
}

static void step(struct life *l)
{
    unsigned what = rng_below(&l->rng, 100);

    if (what < 45)
        ask(l);
    else if (what < 90)
        commit(l);
    else if (what < 93)
        catalog_owner_gone(l->c, &l->holders[rng_below(&l->rng, 3)].owner);
    else if (what < 96)
        catalog_heard(l->c, &l->holders[rng_below(&l->rng, 3)].owner);
    else {
        catalog_set_now(l->c, l->now += rng_below(&l->rng, 400));
        catalog_expire(l->c);
    }
}

static bool row_emit(void *arg, struct service *v)
{
    struct model *m = arg;

    row_from(&m->list[m->count++].row, v, v->record);
    assert_true(v->registered && v->record);
    assert_true(v->owner || v->persist ||
                v->deadline_slot != SERVICE_NO_DEADLINE || v->refs > 1);
    return true;
}

static void check(struct life *l)
{
    struct query q = {.left = UINT64_MAX};
    unsigned budget = UINT32_MAX;

    if (rng_below(&l->rng, 4))
        return;
    l->seen.count = 0;
    query_run(&q, l->c, &budget, row_emit, &l->seen);
    follower_reads(&l->follower, l->c, &l->seen);
}

/* Everything is committed, and nobody is there any more. */
static void end(struct life *l)
{
    unsigned i;

    for (i = 0; i < 3; i++)
        catalog_owner_gone(l->c, &l->holders[i].owner);
    delayed_commit_all(l->c->store);
    for (i = 0; i < 3; i++)
        catalog_owner_gone(l->c, &l->holders[i].owner);
    delayed_commit_all(l->c->store);
    catalog_set_now(l->c, l->now += 1000000); /* failed ones, tried again */
    catalog_expire(l->c);
    delayed_commit_all(l->c->store);
    assert_null(l->c->turns.by_name);
    assert_int_equal(l->c->coming, 0);
    l->seen.count = 0;
    check(l);
    for (i = 0; i < l->seen.count; i++)
        assert_true(catalog_find(l->c, l->seen.list[i].row.name,
                                 strlen(l->seen.list[i].row.name))
                        ->persist);
    for (i = 0; i < l->asked; i++) {
        assert_int_equal(l->told[i].count, 1);
        l->failed += l->told[i].status == CATALOG_FAILED;
        l->refused += l->told[i].status == CATALOG_REFUSED;
    }
}

static void test_random_life(void **state)
{
    struct life *l = xcalloc(1, sizeof(*l));
    unsigned i;

    (void)state;
    l->rng.state = 11;
    l->c = state_new(store_delayed_new(), 7);
    for (i = 0; i < 3; i++)
        holder_init(&l->holders[i]);
    for (i = 0; i < STEPS; i++) {
        step(l);
        check(l);
    }
    end(l);
    /* it was a life worth the name */
    assert_true(l->failed > 100 && l->refused > 100 && l->at_once > 100);
    assert_true(catalog_revision(l->c) > 3000);
    state_free(l->c);
    free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_life)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The catalog against the naive model: a long random life of services, and
 * after every step the same answers to everything that can be asked. The ring
 * of changes is tiny, so that forgetting goes on all the time.
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
#include "server/state/catalog_impl.h"
#include "server/state/query.h"
#include "t/unit/follower.h"
#include "t/unit/model.h"
#include "t/unit/store_delayed.h"
#include "t/unit/watched.h"

#define FOLLOWERS 3

struct life {
    struct rng rng;
    struct catalog *c;
    struct model m;
    struct holder holders[MODEL_OWNERS];
    struct watched_life watched;
    struct follower followers[FOLLOWERS];
    unsigned ttls; /* makes every deadline another one */
    unsigned answered, refused;
};

/* -- what happens ---------------------------------------------------------- */

static const char *random_name(struct life *l)
{
    static const char *const names[] = {
        "n1", "n2", "n3", "n4",  "n5",  "n6",  "n7",  "n8",   "n9",  "n10",
        "m1", "m2", "m3", "m4",  "m5",  "m6",  "m7",  "m8",   "m9",  "it's",
        "k1", "k2", "k3", "k4",  "k5",  "k6",  "k7",  "k8",   "k9",  "k10",
        "q1", "q2", "q3", "q44", "q55", "q66", "q77", "long", "q88", "q99"};

    return rng_pick(&l->rng, names, ARRAY_LEN(names));
}

static void random_pairs(struct life *l, struct buf *line, unsigned most)
{
    static const char *const attrs[] = {"a",   "b",   "num",    "load",
                                        "vol", "x y", "tags",   "a",
                                        "d",   "e",   "persist"};
    static const char *const values[] = {"1", "2",    "x",  "y",   "abc", "a,b",
                                         "",  "it's", "1K", "1.5", "-3",  "q"};
    unsigned n = rng_below(&l->rng, most + 1);
    const char *attr;

    while (n--) {
        attr = rng_pick(&l->rng, attrs, ARRAY_LEN(attrs));
        if (!strcmp(attr, "persist"))
            buf_add_pair(line, attr, rng_below(&l->rng, 2) ? "1" : "0");
        else
            buf_add_pair(line, attr,
                         rng_pick(&l->rng, values, ARRAY_LEN(values)));
    }
}

static void random_directives(struct life *l, struct buf *line, bool update)
{
    static const char *const lists[] = {"load", "vol,load", "vol", "load"};
    static const char *const names[] = {"a", "b", "load", "d", "persist"};

    if (!rng_below(&l->rng, update ? 20 : 2))
        buf_add_pair(line, ".volatile", rng_pick(&l->rng, lists, 4));
    if (!rng_below(&l->rng, update ? 20 : 3)) {
        buf_add_words(line, ".ttl");
        buf_add_fmt(line, " %u",
                    (1 + rng_below(&l->rng, 5)) * 100000 + l->ttls++ % 99991);
    }
    if (update && !rng_below(&l->rng, 4))
        buf_add_pair(line, ".unset", rng_pick(&l->rng, names, 5));
    if (!update && !rng_below(&l->rng, 3))
        buf_add_pair(line, ".replace", "1");
}

static void check_told(struct life *l, const struct told *t, bool ok)
{
    assert_int_equal(t->count, 1);
    assert_int_equal(t->status, ok ? CATALOG_OK : CATALOG_REFUSED);
    l->answered += ok;
    l->refused += !ok;
}

static void settle(struct life *l)
{
    if (!l->c->store->ops->immediate)
        delayed_commit_all(l->c->store);
}

static void do_register(struct life *l)
{
    struct buf line = BUF_INIT;
    unsigned owner = rng_below(&l->rng, MODEL_OWNERS);
    struct told t;
    struct ask a;

    buf_add_words(&line, random_name(l));
    random_pairs(l, &line, 5);
    if (!rng_below(&l->rng, 3))
        buf_add_pair(&line, "persist", "1");
    random_directives(l, &line, false);
    ask_read(&a, buf_str(&line), true);
    state_register(l->c, &l->holders[owner], &t, buf_str(&line));
    settle(l);
    check_told(l, &t, model_register(&l->m, (int)owner, &a));
    buf_free(&line);
}

static const char *random_service(struct life *l)
{
    return l->m.list[rng_below(&l->rng, l->m.count)].row.name;
}

static void do_update(struct life *l, bool silent)
{
    static const char *const values[] = {"1", "2", "x", "1K"};
    struct buf line = BUF_INIT;
    const char *name = random_service(l);
    struct told t;
    struct ask a;

    if (silent) {
        buf_add_pair(&line, "load", rng_pick(&l->rng, values, 4));
    } else {
        random_pairs(l, &line, 4);
        random_directives(l, &line, true);
    }
    ask_read(&a, buf_str(&line), false);
    state_update(l->c, &t, name, buf_str(&line));
    settle(l);
    check_told(l, &t, model_update(&l->m, name, &a));
    buf_free(&line);
}

static void do_remove(struct life *l)
{
    const char *name = random_service(l);
    struct told t;

    state_remove(l->c, &t, name);
    settle(l);
    check_told(l, &t, model_remove(&l->m, name));
}

static void do_owner_gone(struct life *l)
{
    unsigned owner = rng_below(&l->rng, MODEL_OWNERS);

    catalog_owner_gone(l->c, &l->holders[owner].owner);
    settle(l);
    model_owner_gone(&l->m, (int)owner);
}

static void do_time(struct life *l)
{
    unsigned i;

    l->m.now += (1 + rng_below(&l->rng, 2)) * 100000;
    catalog_set_now(l->c, l->m.now);
    for (i = 0; i < MODEL_OWNERS; i++)
        if (rng_below(&l->rng, 2)) {
            catalog_heard(l->c, &l->holders[i].owner);
            l->m.heard[i] = l->m.now;
        }
    catalog_expire(l->c);
    settle(l);
    model_expire(&l->m);
}

static void step(struct life *l)
{
    unsigned what = rng_below(&l->rng, 100);

    if (what < 40 || !l->m.count)
        do_register(l);
    else if (what < 65)
        do_update(l, false);
    else if (what < 78)
        do_update(l, true);
    else if (what < 84)
        do_remove(l);
    else if (what < 88)
        do_owner_gone(l);
    else
        do_time(l);
}

/* -- what must be so ------------------------------------------------------- */

static void check_everything(struct life *l)
{
    struct buf text = BUF_INIT;
    unsigned i, k;

    for (i = 0; i < l->m.count; i++) {
        row_write(&l->m.list[i].row, &text);
        buf_add_char(&text, '\n');
    }
    assert_state(l->c, buf_str(&text));
    buf_free(&text);
    assert_int_equal(catalog_revision(l->c), l->m.revision);
    for (i = 0; i < MODEL_OWNERS; i++)
        for (k = 0; k < 3; k++)
            assert_int_equal(l->holders[i].lost[k], l->m.lost[i][k]);
}

static bool bytes_emit(void *arg, struct service *v)
{
    *(size_t *)arg +=
        catalog_service_bytes(v) + catalog_record_bytes(v->record);
    return true;
}

/* What is kept in step is what counting gives. */
static void check_bytes(struct life *l)
{
    struct query all = {.left = UINT64_MAX};
    unsigned budget = UINT32_MAX;
    size_t bytes = 0;

    query_run(&all, l->c, &budget, bytes_emit, &bytes);
    assert_int_equal(l->c->bytes, bytes);
    assert_int_equal(l->c->coming_bytes, 0);
}

static bool name_emit(void *arg, struct service *v)
{
    buf_add_words(arg, v->name);
    return buf_len(arg) % 3 != 0; /* stop now and then */
}

static void check_find(struct life *l)
{
    struct buf want = BUF_INIT, got = BUF_INIT;
    struct naive n;
    struct selector s;
    struct query q = {.left = UINT64_MAX};
    const struct query *queries[] = {&q};
    unsigned i, from = rng_below(&l->rng, l->m.count + 1), left, budget;

    naive_random(&n, &l->rng);
    s = naive_selector(&n);
    q.terms = s.terms;
    q.count = s.count;
    if (from)
        q.after = catalog_find(l->c, l->m.list[from - 1].row.name,
                               strlen(l->m.list[from - 1].row.name))
                      ->seq;
    left = rng_below(&l->rng, 2) ? 1000 : rng_below(&l->rng, 4);
    q.left = left == 1000 ? UINT64_MAX : left;
    for (i = from; i < l->m.count && left; i++)
        if (naive_match(&n, &l->m.list[i].row)) {
            buf_add_words(&want, l->m.list[i].row.name);
            left--;
        }
    query_warm(l->c, queries, 1);
    do {
        budget = 1 + rng_below(&l->rng, 5);
    } while (query_run(&q, l->c, &budget, name_emit, &got) == QUERY_MORE);
    assert_string_equal(buf_str(&got), buf_str(&want));
    selector_free(&s);
    buf_free(&want);
    buf_free(&got);
}

static void check_record(const struct service *v, const struct record *r,
                         const struct row *row)
{
    struct buf want = BUF_INIT, got = BUF_INIT;

    assert_int_equal(r == NULL, !*row->name);
    if (r) {
        row_write(row, &want);
        service_write(v, r, &got);
        assert_string_equal(buf_str(&got), buf_str(&want));
    }
    buf_free(&want);
    buf_free(&got);
}

/* The ring holds what the log says, and no more than it knows. */
static void check_ring(struct life *l)
{
    const struct changes *s = &l->c->changes;
    const struct model_change *want;
    const struct change *ch;
    uint64_t r;

    assert_true(s->count <= 1 || s->bytes <= s->max_bytes);
    assert_true(changes_knows(s, s->head - s->count));
    assert_false(changes_knows(s, s->head + 1));
    if (s->head > s->count)
        assert_false(changes_knows(s, s->head - s->count - 1));
    for (r = s->head - s->count + 1; r <= s->head; r++) {
        ch = changes_at(s, r);
        want = &l->m.log[r];
        assert_int_equal(ch->revision, r);
        assert_int_equal(want->sign, "+=-"[ch->kind]);
        check_record(ch->service, ch->before, &want->before);
        check_record(ch->service, ch->after, &want->after);
    }
}

/* -- lives ----------------------------------------------------------------- */

static void live(uint64_t seed, struct store *store, size_t ring, size_t bytes,
                 unsigned steps)
{
    static const struct catalog_limits limits = {.services = MODEL_ALL,
                                                 .services_per_owner =
                                                     MODEL_OWNED,
                                                 .attrs = MODEL_ATTRS};
    struct life *l = xcalloc(1, sizeof(*l));
    unsigned i, n;

    l->rng.state = seed;
    l->m.log = xcalloc(MODEL_LOG, sizeof(*l->m.log));
    l->c = catalog_new(store, &limits, ring, bytes);
    for (i = 0; i < MODEL_OWNERS; i++)
        holder_init(&l->holders[i]);
    watched_init(&l->watched, l->c, &l->m, &l->rng);
    for (n = 0; n < steps; n++) {
        step(l);
        check_everything(l);
        check_bytes(l);
        check_ring(l);
        for (i = 0; i < 3; i++)
            check_find(l);
        watched_check(&l->watched);
        for (i = 0; i < FOLLOWERS; i++)
            if (!rng_below(&l->rng, 1 + 3 * i))
                follower_reads(&l->followers[i], l->c, &l->m);
    }
    assert_true(l->answered > steps / 4 && l->refused > steps / 50);
    assert_true(l->watched.touches > steps / 10 && l->watched.gaps &&
                l->watched.lags);
    watched_end(&l->watched);
    l->c->changed = NULL;
    state_free(l->c);
    free(l->m.log);
    free(l);
}

static void test_ring_of_one(void **state)
{
    (void)state;
    live(1, store_memory_new(), 1, 1 << 30, 3000);
}

static void test_tiny_ring(void **state)
{
    (void)state;
    live(2, store_memory_new(), 5, 1 << 30, 5000);
}

static void test_ring_of_bytes(void **state)
{
    (void)state;
    live(3, store_memory_new(), 1000, 1500, 3000);
}

static void test_long_ring(void **state)
{
    (void)state;
    live(4, store_memory_new(), 60, 1 << 30, 2000);
}

/* With the records as a store that takes its time holds them. */
static void test_delayed_store(void **state)
{
    (void)state;
    live(5, store_delayed_new(), 3, 1 << 30, 4000);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ring_of_one),   cmocka_unit_test(test_tiny_ring),
        cmocka_unit_test(test_ring_of_bytes), cmocka_unit_test(test_long_ring),
        cmocka_unit_test(test_delayed_store),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

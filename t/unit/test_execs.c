/* Remote executions that are kept (server/state/execs.h): what is put is found
 * after a restart, as it was last, and what was removed is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/state/execs.h"
#include "t/unit/store_delayed.h"
#include "t/unit/store_kept.h"

struct told {
    unsigned count;
    const char *text;
};

static void told(void *arg, const char *text)
{
    struct told *t = arg;

    t->count++;
    t->text = text;
}

static struct exec_change *put(struct execs *x, const char *id,
                               const char *text, struct told *t)
{
    return execs_put(x, id, text, strlen(text), t ? told : NULL, t);
}

static void assert_next(struct execs *x, const char *id, const char *text)
{
    struct exec_kept e;

    assert_true(execs_take(x, &e));
    assert_string_equal(e.id, id);
    assert_int_equal(e.len, strlen(text));
    assert_string_equal(e.bytes, text);
    free(e.bytes);
}

static void assert_none(struct execs *x)
{
    struct exec_kept e;

    assert_false(execs_take(x, &e));
}

static struct execs *open_all(struct kept_rows *disk, struct store **s)
{
    struct execs *x;
    char *error = NULL;

    *s = store_kept_open(disk);
    x = execs_new(*s);
    assert_true(store_replay(*s, &error));
    return x;
}

static void close_all(struct execs *x, struct store *s)
{
    store_close(s);
    execs_free(x);
}

static void test_kept(void **state)
{
    struct kept_rows disk = {0};
    struct told t = {0};
    struct store *s;
    struct execs *x = open_all(&disk, &s);

    (void)state;
    assert_none(x);
    assert_null(put(x, "b", "first", &t));
    assert_int_equal(t.count, 1);
    assert_null(t.text);
    assert_null(put(x, "a", "", NULL));
    assert_null(put(x, "c", "gone", NULL));
    assert_null(put(x, "b", "second", NULL));
    execs_remove(x, "c");
    execs_remove(x, "none");
    assert_none(x); /* only a restart reads them */
    close_all(x, s);

    x = open_all(&disk, &s);
    assert_next(x, "b", "second");
    assert_next(x, "a", "");
    assert_none(x);
    close_all(x, s);

    x = open_all(&disk, &s); /* they stay as they are until ... */
    assert_next(x, "b", "second");
    execs_remove(x, "b");
    assert_null(put(x, "a", "new", NULL)); /* ... they are changed */
    assert_none(x);
    close_all(x, s);

    x = open_all(&disk, &s);
    assert_next(x, "a", "new");
    assert_none(x);
    disk.fails = true;
    t = (struct told){0};
    assert_null(put(x, "d", "lost", &t));
    assert_int_equal(t.count, 1);
    assert_non_null(t.text);
    close_all(x, s);
    kept_free(&disk);
}

/* One change of each at a time, in the order in which they were asked for. */
static void test_order(void **state)
{
    struct store *s = store_delayed_new();
    struct execs *x = execs_new(s);
    struct told one = {0}, two = {0};

    (void)state;
    assert_non_null(put(x, "a", "1", &one));
    assert_non_null(put(x, "a", "2", &two));
    execs_remove(x, "a");
    assert_int_equal(delayed_count(s), 1);
    delayed_commit(s);
    assert_int_equal(one.count, 1);
    assert_int_equal(two.count, 0);
    assert_int_equal(delayed_count(s), 1);
    delayed_commit(s);
    assert_int_equal(two.count, 1);
    assert_int_equal(delayed_first(s)->op, STORE_DELETE);
    delayed_commit(s);
    assert_int_equal(delayed_count(s), 0);

    one = two = (struct told){0};
    execs_let_go(put(x, "a", "1", &one)); /* who asked has gone */
    assert_non_null(put(x, "b", "1", &two));
    delayed_commit(s);
    delayed_refuse(s, STORE_FAILED);
    assert_int_equal(one.count, 0);
    assert_int_equal(two.count, 1);
    assert_non_null(two.text);
    execs_let_go(NULL);
    close_all(x, s);
}

/* An id that none can have is the store's mistake. */
static void test_load(void **state)
{
    static const char long_id[] = "0123456789abcdef0123456789abcdef"
                                  "0123456789abcdef0123456789abcdef!";
    struct store *s = store_memory_new();
    struct execs *x = execs_new(s);
    const struct store_client *c = store_find_client(s, "exec");
    struct store_row row = {.key = long_id,
                            .key_len = strlen(long_id),
                            .value = "",
                            .created = 1,
                            .changed = 1};
    char *error = NULL;

    (void)state;
    assert_non_null(c);
    assert_false(c->load(c->arg, &row, &error));
    assert_non_null(error);
    free(error);
    row.key_len--;
    assert_true(c->load(c->arg, &row, &error));
    assert_next(x,
                "0123456789abcdef0123456789abcdef"
                "0123456789abcdef0123456789abcdef",
                "");
    close_all(x, s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_load),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

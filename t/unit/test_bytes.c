/*
 * The bound on what all services take together: what would go over it is
 * refused and changes nothing, what makes less of it never is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "lib/refusal.h"
#include "t/unit/state_util.h"
#include "t/unit/store_delayed.h"

#define FULL "the services of this registry take as much memory as they may"

static struct holder h;

/* Services s0, s1 … of one size until one is refused; how many there are. */
static unsigned fill(struct catalog *c, struct told *t)
{
    char line[64];
    unsigned i;

    for (i = 0;; i++) {
        snprintf(line, sizeof(line), "s%03u text 123456789", i);
        state_register(c, &h, t, line);
        if (t->status != CATALOG_OK)
            return i;
        assert_true(c->bytes <= c->limits.memory);
    }
}

static void test_bound(void **state)
{
    struct catalog *c = state_new(store_memory_new(), 10);
    char large[400];
    struct told t;
    unsigned n;
    size_t full;

    (void)state;
    holder_init(&h);
    c->limits.memory = 10000;
    n = fill(c, &t);
    assert_int_equal(t.status, CATALOG_REFUSED);
    assert_string_equal(t.text, FULL);
    assert_int_equal(refusal_of(refusal_text(REFUSED_MEMORY)), REFUSED_MEMORY);
    assert_in_range(n, 20, 60);
    assert_int_equal(catalog_count(c), n);
    full = c->bytes;
    memcpy(large, "text ", 5);
    memset(large + 5, 'x', sizeof(large) - 6);
    large[sizeof(large) - 1] = '\0';
    state_update(c, &t, "s001", large);
    assert_int_equal(t.status, CATALOG_REFUSED);
    assert_int_equal(c->bytes, full);
    state_update(c, &t, "s001", "text 987654321");
    assert_int_equal(t.status, CATALOG_OK); /* no more than before */
    state_update(c, &t, "s001", "text ''");
    assert_int_equal(t.status, CATALOG_OK);
    assert_true(c->bytes < full);
    state_remove(c, &t, "s002");
    state_register(c, &h, &t, "s002 text 123456789");
    assert_int_equal(t.status, CATALOG_OK);
    c->limits.memory = 1; /* by a reload: what is there stays */
    state_update(c, &t, "s003", "text 987654321");
    assert_int_equal(t.status, CATALOG_OK);
    c->limits.memory = 0;
    state_register(c, &h, &t, "another text 123456789");
    assert_int_equal(t.status, CATALOG_OK);
    catalog_owner_gone(c, &h.owner);
    assert_int_equal(c->bytes, 0);
    state_free(c);
}

/* What is under way counts, too, until it is committed or fails. */
static void test_under_way(void **state)
{
    struct store *s = store_delayed_new();
    struct catalog *c = state_new(s, 10);
    struct told t;
    unsigned n;

    (void)state;
    holder_init(&h);
    c->limits.memory = 3000;
    for (n = 0; n < 100; n++) {
        char line[64];

        snprintf(line, sizeof(line), "s%03u text 123456789", n);
        state_register(c, &h, &t, line);
        if (t.count)
            break;
    }
    assert_int_equal(t.status, CATALOG_REFUSED);
    assert_string_equal(t.text, FULL);
    assert_int_equal(c->bytes, 0);
    assert_true(c->coming_bytes <= 3000);
    delayed_refuse(s, STORE_FAILED);
    delayed_commit_all(s);
    assert_int_equal(c->coming_bytes, 0);
    assert_int_equal(catalog_count(c), n - 1);
    state_register(c, &h, &t, "again text 123456789");
    assert_int_equal(t.count, 0);
    delayed_commit_all(s);
    catalog_owner_gone(c, &h.owner);
    delayed_commit_all(s);
    assert_int_equal(c->bytes, 0);
    state_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bound),
        cmocka_unit_test(test_under_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

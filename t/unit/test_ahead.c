/*
 * Looking ahead at lines of port new: what they are about is seen where it is
 * cheap to see, and fetching it changes nothing.
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
#include "plugins/registry/new/ahead.h"
#include "t/unit/state_util.h"

/* The hints as "name attr value;". The bytes end where they end. */
static void assert_ahead(const char *text, const char *want)
{
    struct warm_hint hints[4];
    struct buf got = BUF_INIT;
    char *bytes = xmemdup0(text, strlen(text));
    unsigned i, n = new_ahead(bytes, strlen(text), hints, 4);

    for (i = 0; i < n; i++) {
        buf_add(&got, hints[i].name.text, hints[i].name.len);
        buf_add_char(&got, ' ');
        buf_add(&got, hints[i].attr.text, hints[i].attr.len);
        buf_add_char(&got, ' ');
        buf_add(&got, hints[i].value.text, hints[i].value.len);
        buf_add_char(&got, ';');
    }
    assert_string_equal(buf_str(&got), want);
    buf_free(&got);
    free(bytes);
}

static void test_lines(void **state)
{
    (void)state;
    assert_ahead("", "");
    assert_ahead(".of a state s1", "");
    assert_ahead(".of a state s1\n", "a state s1;");
    assert_ahead(".of a state s1 role x\r\n.of b\n", "a state s1;b  ;");
    assert_ahead(".new a kind web\n.new b\n.new c", "a  ;b  ;");
    assert_ahead("state s1\n.of a state s2\n\n.ack 1\n", "a state s2;");
    assert_ahead(".of\n.new \n.of  \n.offer x\n", "");
    assert_ahead(".of a k v\n\n\n.of b k v\n.of c k v\n", "a k v;b k v;");
    assert_ahead(".of a state ''\n.of 'a b' state s\n",
                 "a state '';'a b' state;");
}

/* Services of which some share values, hinted at rightly and wrongly. */
static void test_warming(void **state)
{
    struct catalog *c = state_new(store_memory_new(), 10);
    struct warm_hint hints[2 * WARM_BATCH];
    char names[2 * WARM_BATCH][8], line[64];
    struct buf before, after;
    struct holder h;
    unsigned i;

    (void)state;
    holder_init(&h);
    for (i = 0; i < 300; i++) {
        snprintf(line, sizeof(line), "s%u state s%u id i%u", i, i % 3, i);
        state_register(c, &h, NULL, line);
    }
    before = state_text(c);
    for (i = 0; i < 2 * WARM_BATCH; i++) {
        snprintf(names[i], sizeof(names[i]), "s%u", i * 7);
        hints[i] = (struct warm_hint){
            .name = {.text = names[i], .len = (unsigned)strlen(names[i])},
            .attr = {.text = (char *)(i % 5 ? "state" : "none"),
                     .len = i % 7 ? i % 5 ? 5 : 4 : 0},
            .value = {.text = names[i % 4], .len = 2}};
    }
    catalog_warm(c, hints, 0);
    catalog_warm(c, hints, 1);
    catalog_warm(c, hints, 2 * WARM_BATCH);
    after = state_text(c);
    assert_string_equal(buf_str(&before), buf_str(&after));
    buf_free(&before);
    buf_free(&after);
    catalog_owner_gone(c, &h.owner);
    catalog_warm(c, hints, WARM_BATCH);
    state_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_warming),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

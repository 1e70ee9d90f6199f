/* What a prepared query finds in the directory: which, and in which order; and
 * whom the filters of an event mean there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "server/state/coordinates.h"
#include "server/state/event_filter.h"
#include "server/state/hash.h"
#include "server/state/queries.h"
#include "t/unit/directory_util.h"

static struct coordinates *co;
static struct query_def def;
static struct query_options options;

static void tell(const char *node, double x)
{
    struct coordinate at = COORDINATE_FRESH;

    at.vec[0] = x;
    coordinates_update(co, node, NULL, &at, NULL, NULL);
}

static int setup(void **state)
{
    struct place *p = xcalloc(1, sizeof(*p));
    struct store *s = store_memory_new();

    co = coordinates_new(s);
    place_open(p, s, false);
    dir_line(p, "a service db node n1 tags v1,Blue status passing");
    dir_line(p, "b service db node n2 tags v2,blue status passing");
    dir_line(p, "c service db node n3 tags v2 status warning");
    dir_line(p, "d service db node n4 tags v2 status critical");
    dir_line(p, "mine id mine-1 service own tags red,green");
    tell("n1", 0.3);
    tell("n2", 0.1);
    tell("n3", 0.2);
    tell("me", 0);
    query_def_init(&def);
    query_set(&def.service, "db");
    options = (struct query_options){
        .directory = p->d, .coordinates = co, .own_node = "me"};
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    place_close(*state);
    coordinates_free(co);
    query_def_free(&def);
    free(*state);
    return 0;
}

/* The ids of the answer, a letter each: in its order, or (sorted) by name. */
static const char *found(bool sorted)
{
    static char text[64];
    struct query_answer a;
    size_t i, n = 0;
    char c;

    query_execute(&def, &options, &a);
    if (sorted)
        for (c = 'a'; c <= 'd'; c++)
            for (i = 0; i < a.count; i++)
                if (*a.instances[i]->id == c)
                    text[n++] = c;
    for (i = 0; !sorted && i < a.count; i++)
        text[n++] = *a.instances[i]->id;
    text[n] = '\0';
    query_answer_free(&a);
    return text;
}

static void test_which(void **state)
{
    (void)state;
    assert_string_equal(found(true), "abc");
    def.only_passing = true;
    assert_string_equal(found(true), "ab");
    query_list_add(&def.ignore_checks, "Service:C");
    assert_string_equal(found(true), "abc");
    query_list_add(&def.ignore_checks, "service:d");
    def.only_passing = false;
    assert_string_equal(found(true), "abcd");
    query_list_add(&def.tags, "V2");
    assert_string_equal(found(true), "bcd");
    query_list_add(&def.tags, "!BLUE");
    assert_string_equal(found(true), "cd");
    query_list_add(&def.node_meta, "zone");
    query_list_add(&def.node_meta, "eu");
    assert_string_equal(found(true), "");
    query_set(&def.service, "none");
    assert_string_equal(found(true), "");
}

static bool not_a(void *arg, const struct dir_instance *i)
{
    ++*(unsigned *)arg;
    return strcmp(i->id, "a") != 0;
}

static void test_seen(void **state)
{
    unsigned asked = 0;

    (void)state;
    options.may_see = not_a;
    options.arg = &asked;
    assert_string_equal(found(true), "bc");
    assert_int_equal(asked, 4);
}

static void test_order(void **state)
{
    unsigned firsts[3] = {0}, i;

    (void)state;
    options.limit = 1;
    for (i = 0; i < 300; i++)
        firsts[*found(false) - 'a']++;
    for (i = 0; i < 3; i++)
        assert_true(firsts[i] > 30);
    options.limit = 0;
    query_set(&def.near, "_agent");
    assert_string_equal(found(false), "bca");
    options.near = "n1"; /* the asker's counts */
    assert_string_equal(found(false), "acb");
    options.limit = 2;
    assert_string_equal(found(false), "ac");
    options.near = "_agent";
    assert_string_equal(found(false), "bc");
    options.near = "N4"; /* without coordinates: as it comes */
    options.limit = 0;
    assert_string_equal(found(true), "abc");
}

/* -- events ---------------------------------------------------------------- */

static bool is_here(struct place *p, const char *node, const char *service,
                    const char *tag)
{
    const struct event_request q = {
        .name = "e", .node = node, .service = service, .tag = tag};
    struct event_filter *f = NULL;
    char *wrong = event_filter_new(&q, &f);
    bool here = false;

    assert_null(wrong);
    assert_true(event_filter_judge(f, DIR_OWN_NODE, p->d, &here));
    event_filter_free(f);
    return here;
}

static void test_filters(void **state)
{
    struct place *p = *state;
    struct event_filter *f = NULL;
    struct event_request q = {.name = "e", .service = "("};
    char *wrong;

    assert_true(is_here(p, NULL, "", NULL));
    assert_true(is_here(p, "^me$", NULL, NULL));
    assert_true(is_here(p, "m", NULL, NULL));
    assert_false(is_here(p, "n1", NULL, NULL));
    assert_true(is_here(p, NULL, "mine-[0-9]", NULL)); /* its id */
    assert_false(is_here(p, NULL, "own", NULL));       /* not its name */
    assert_false(is_here(p, NULL, "^a$", NULL));       /* of another node */
    assert_true(is_here(p, "me", "mine", "^gr"));
    assert_false(is_here(p, "me", "mine", "blue"));
    assert_false(is_here(p, "n2", "mine", "red"));
    wrong = event_filter_new(&q, &f);
    assert_string_equal(wrong,
                        "Invalid service filter: a parenthesis is not closed");
    free(wrong);
}

/* What would take long is given up, and said so. */
static void test_too_long(void **state)
{
    struct place *p = *state;
    const struct event_request q = {
        .name = "e", .service = "(i|d)*(i|d){200}x", .tag = NULL};
    struct event_filter *f = NULL;
    char line[600];
    char *wrong = event_filter_new(&q, &f);
    bool here = true;
    unsigned i;

    assert_null(wrong);
    for (i = 0; i < 400; i++) {
        snprintf(line, sizeof(line), "s%u id %0400u", i, i);
        memset(line + strlen(line) - 390, 'i', 380);
        dir_line(p, line);
    }
    assert_false(event_filter_judge(f, DIR_OWN_NODE, p->d, &here));
    event_filter_free(f);
}

#define ON(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON(test_which),   ON(test_seen),     ON(test_order),
        ON(test_filters), ON(test_too_long),
    };

    hash_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

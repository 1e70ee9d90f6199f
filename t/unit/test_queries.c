/* Prepared queries: kept, named, found, rendered, bound to sessions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "server/state/queries.h"
#include "server/state/queries_impl.h"
#include "t/unit/store_delayed.h"

#define ALIVE "11111111-1111-1111-1111-111111111111"

struct told {
    unsigned count;
    enum query_status status;
    char id[UUID_LEN + 1], text[200];
};

static bool alive; /* the one session that there is */

static bool lives(void *arg, const char *session)
{
    (void)arg;
    return alive && !strcmp(session, ALIVE);
}

static void done(void *arg, enum query_status status, const char *id,
                 const char *text)
{
    struct told *t = arg;

    t->count++;
    t->status = status;
    snprintf(t->id, sizeof(t->id), "%s", id);
    snprintf(t->text, sizeof(t->text), "%s", text ? text : "");
}

static struct queries *setup(struct store **s, size_t max)
{
    alive = true;
    *s = store_memory_new();
    return queries_new(*s, max, lives, NULL);
}

static void teardown(struct store *s, struct queries *qs)
{
    store_close(s);
    queries_free(qs);
}

/* A query named so for that service; as a template if it has a type. */
static struct query_def def(const char *name, const char *service,
                            const char *type)
{
    struct query_def d;

    query_def_init(&d);
    query_set(&d.name, name);
    query_set(&d.service, service);
    query_set(&d.type, type);
    return d;
}

static struct told put_def(struct queries *qs, const char *id,
                           struct query_def *d)
{
    struct told t = {0};

    queries_put(qs, id, d, done, &t);
    assert_null(d->name);
    return t;
}

static struct told put(struct queries *qs, const char *id, const char *name,
                       const char *service, const char *type)
{
    struct query_def d = def(name, service, type);

    return put_def(qs, id, &d);
}

static struct told drop(struct queries *qs, const char *id)
{
    struct told t = {0};

    queries_remove(qs, id, done, &t);
    return t;
}

/* What that name asks for, or the error, or "none". */
static const char *service_of(const struct queries *qs, const char *name)
{
    static char text[200];
    struct query_found f;
    const char *error;

    if (!queries_resolve(qs, name, &f, &error))
        return error ? error : "none";
    snprintf(text, sizeof(text), "%s", f.def.service);
    query_found_free(&f);
    return text;
}

static void test_life(void **state)
{
    struct store *s;
    struct queries *qs = setup(&s, 3);
    struct told a, b, t;
    const struct query *q;

    (void)state;
    queries_start(qs);
    assert_int_equal(queries_index(qs), 1);
    a = put(qs, NULL, "Web", "web", "");
    assert_int_equal(a.status, QUERY_DONE);
    q = queries_find(qs, a.id);
    assert_string_equal(q->def.name, "Web");
    assert_int_equal(q->created, q->changed);
    assert_string_equal(service_of(qs, "wEB"), "web");
    assert_string_equal(service_of(qs, a.id), "web");
    assert_string_equal(service_of(qs, "other"), "none");

    t = put(qs, NULL, "web", "x", ""); /* the name is taken, in any case */
    assert_int_equal(t.status, QUERY_REFUSED);
    assert_string_equal(t.text, "name 'web' aliases an existing query name");
    t = put(qs, NULL, a.id, "x", "");
    assert_int_equal(t.status, QUERY_REFUSED);
    t = put(qs, a.id, "web", "www", ""); /* but not by itself */
    assert_int_equal(t.status, QUERY_DONE);
    q = queries_find(qs, a.id);
    assert_true(q->changed > q->created);
    assert_true(queries_index(qs) == q->changed);
    assert_string_equal(service_of(qs, "web"), "www");
    t = put(qs, a.id, "renamed", "www", "");
    assert_string_equal(service_of(qs, "web"), "none");

    b = put(qs, NULL, "", "nameless", "");
    assert_int_equal(put(qs, NULL, "", "nameless", "").status, QUERY_DONE);
    t = put(qs, NULL, "fourth", "x", "");
    assert_int_equal(t.status, QUERY_REFUSED);
    assert_int_equal(queries_count(qs), 3);
    assert_string_equal(service_of(qs, b.id), "nameless");
    assert_string_equal(service_of(qs, ""), "none");

    assert_int_equal(drop(qs, b.id).status, QUERY_DONE);
    t = drop(qs, b.id);
    assert_int_equal(t.status, QUERY_MISSING);
    assert_int_equal(put(qs, b.id, "x", "x", "").status, QUERY_MISSING);
    assert_int_equal(queries_count(qs), 2);
    q = queries_next(qs, NULL);
    assert_true(strcmp(q->id, queries_next(qs, q)->id) < 0);
    teardown(s, qs);
}

static void test_refused(void **state)
{
    struct store *s;
    struct queries *qs = setup(&s, 0);
    struct query_def d;
    char long_text[QUERY_TEXT_MAX + 2];

    (void)state;
    memset(long_text, 'a', sizeof(long_text));
    long_text[sizeof(long_text) - 1] = '\0';
    assert_string_equal(put(qs, NULL, "a", "", "").text,
                        QUERY_INVALID "Must provide a Service name to query");
    assert_string_equal(put(qs, NULL, "a", "a\nb", "").text,
                        "a text of a prepared query holds a line end or a "
                        "control character");
    assert_int_equal(put(qs, NULL, "a", long_text, "").status, QUERY_REFUSED);
    long_text[QUERY_NAME_MAX + 1] = '\0';
    assert_int_equal(put(qs, NULL, long_text, "a", "").status, QUERY_REFUSED);
    assert_string_equal(put(qs, NULL, "a", "a", "regexp").text,
                        QUERY_TEMPLATE "Bad Template.Type 'regexp'");
    d = def("a", "a", QUERY_PREFIX_MATCH);
    query_set(&d.regexp, "(");
    assert_string_equal(put_def(qs, NULL, &d).text, QUERY_TEMPLATE
                        "Bad Regexp '(': a parenthesis is not closed");
    assert_int_equal(
        put(qs, NULL, "a", "${nothing}", QUERY_PREFIX_MATCH).status,
        QUERY_REFUSED);
    assert_int_equal(
        put(qs, NULL, "a", "${name.full", QUERY_PREFIX_MATCH).status,
        QUERY_REFUSED);
    d = def("a", "a", "");
    d.nearest_n = -1;
    assert_string_equal(put_def(qs, NULL, &d).text,
                        QUERY_INVALID "Bad NearestN '-1', must be >= 0");
    d = def("a", "a", "");
    while (d.tags.count <= 2 * QUERY_LIST_MAX)
        query_list_add(&d.tags, "t");
    assert_int_equal(put_def(qs, NULL, &d).status, QUERY_REFUSED);
    assert_int_equal(s->revision, 0);
    teardown(s, qs);
}

static void test_templates(void **state)
{
    struct store *s;
    struct queries *qs = setup(&s, 0);
    struct query_found f;
    struct query_def d;
    struct told t;
    const char *error;

    (void)state;
    t = put(qs, NULL, "", "any-${name.full}", QUERY_PREFIX_MATCH);
    assert_int_equal(t.status, QUERY_DONE);
    assert_string_equal(service_of(qs, t.id),
                        "prepared query templates can only be resolved up by "
                        "name, not by ID");
    put(qs, NULL, "geo-", "${name.prefix}|${ name.suffix }|$${x}|$",
        QUERY_PREFIX_MATCH);
    d = def("geo-db-", "${match(2)}", QUERY_PREFIX_MATCH);
    query_set(&d.regexp, "^geo-db-(.*)-([^-]+)$");
    query_list_add(&d.tags, "${match(1)}");
    query_list_add(&d.tags, "${match(7)}");
    query_list_add(&d.node_meta, "zone");
    query_list_add(&d.node_meta, "${match(0)}");
    d.remove_empty_tags = true;
    assert_int_equal(put_def(qs, NULL, &d).status, QUERY_DONE);
    put(qs, NULL, "geo-exact", "exact", "");

    assert_string_equal(service_of(qs, "web"), "any-web");
    assert_string_equal(service_of(qs, "GEO-Web"), "geo-|Web|${x}|$");
    assert_string_equal(service_of(qs, "geo-exact"), "exact");
    assert_string_equal(service_of(qs, "geo-db-master"), "");
    assert_true(queries_resolve(qs, "geo-db-eu-west-1", &f, &error));
    assert_string_equal(f.def.service, "1");
    assert_int_equal(f.def.tags.count, 1);
    assert_string_equal(f.def.tags.items[0], "eu-west");
    assert_string_equal(f.def.node_meta.items[1], "geo-db-eu-west-1");
    assert_string_equal(f.query->def.service, "${match(2)}");
    query_found_free(&f);
    t = put(qs, NULL, "GEO-", "x", QUERY_PREFIX_MATCH);
    assert_string_equal(t.text,
                        "name 'GEO-' aliases an existing query template name");
    teardown(s, qs);
}

static void test_sessions(void **state)
{
    struct store *s;
    struct queries *qs = setup(&s, 0);
    struct query_def d = def("a", "a", "");
    struct told t;

    (void)state;
    query_set(&d.session, "22222222-1111-1111-1111-111111111111");
    t = put_def(qs, NULL, &d);
    assert_int_equal(t.status, QUERY_REFUSED);
    assert_string_equal(
        t.text, "invalid session \"22222222-1111-1111-1111-111111111111\"");
    d = def("a", "a", "");
    query_set(&d.session, ALIVE);
    assert_int_equal(put_def(qs, NULL, &d).status, QUERY_DONE);
    put(qs, NULL, "b", "b", "");
    queries_look_at_sessions(qs);
    assert_int_equal(queries_count(qs), 2);
    alive = false;
    queries_look_at_sessions(qs);
    assert_int_equal(queries_count(qs), 1);
    assert_string_equal(service_of(qs, "b"), "b");
    teardown(s, qs);
}

/* One after another behind a store that takes its time. */
static void test_under_way(void **state)
{
    struct store *s = store_delayed_new();
    struct queries *qs = queries_new(s, 0, lives, NULL);
    struct query_def a = def("same", "a", ""), b = def("same", "b", ""),
                     c = def("c", "c", "");
    struct told ta = {0}, tb = {0}, tc = {0};

    (void)state;
    alive = true;
    query_set(&c.session, ALIVE);
    queries_put(qs, NULL, &a, done, &ta);
    queries_put(qs, NULL, &b, done, &tb);
    queries_put(qs, NULL, &c, done, &tc);
    assert_int_equal(delayed_count(s), 1);
    assert_string_equal(service_of(qs, "same"), "none");
    delayed_commit(s);
    assert_int_equal(ta.status, QUERY_DONE);
    assert_int_equal(tb.count, 1);
    assert_int_equal(tb.status, QUERY_REFUSED);
    alive = false; /* while c is under way */
    delayed_commit_all(s);
    assert_int_equal(tc.status, QUERY_DONE);
    assert_string_equal(service_of(qs, "same"), "a");
    assert_int_equal(queries_count(qs), 1);
    tb.count = 0;
    queries_remove(qs, ta.id, done, &tb);
    delayed_refuse(s, STORE_FAILED);
    assert_int_equal(tb.status, QUERY_FAILED);
    assert_string_equal(service_of(qs, "same"), "a");
    store_close(s);
    queries_free(qs);
}

/* What is written is read back the same. */
static void test_kept(void **state)
{
    struct query_def d = def("it's", "a b", ""), again;
    struct buf one = BUF_INIT, two = BUF_INIT;
    char *wrong;

    (void)state;
    query_list_add(&d.tags, "");
    query_list_add(&d.tags, "!x");
    query_list_add(&d.datacenters, "dc2");
    d.nearest_n = 3;
    d.only_passing = true;
    query_write(&d, &one);
    wrong = query_read(&again, buf_data(&one), buf_len(&one));
    assert_null(wrong);
    query_write(&again, &two);
    assert_string_equal(buf_str(&one), buf_str(&two));
    assert_int_equal(again.nearest_n, 3);
    assert_string_equal(again.name, "it's");
    query_def_free(&again);
    wrong = query_read(&again, "name", 4);
    assert_string_equal(wrong, "a field without a value");
    free(wrong);
    query_def_free(&again);
    wrong = query_read(&again, "nme x", 5);
    assert_string_equal(wrong, "a field that no query has");
    free(wrong);
    query_def_free(&again);
    query_def_free(&d);
    buf_free(&one);
    buf_free(&two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life),      cmocka_unit_test(test_refused),
        cmocka_unit_test(test_templates), cmocka_unit_test(test_sessions),
        cmocka_unit_test(test_under_way), cmocka_unit_test(test_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

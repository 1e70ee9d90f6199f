/* Events: fired, listed, forgotten, their index, who is told, what is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/state/events.h"
#include "t/unit/store_delayed.h"

struct fired {
    unsigned count;
    enum event_status status;
    uint64_t ltime;
    char id[UUID_LEN + 1], text[80];
};

static void done(void *arg, enum event_status status, const struct event *e,
                 const char *text)
{
    struct fired *f = arg;

    f->count++;
    f->status = status;
    if (e) {
        f->ltime = e->ltime;
        memcpy(f->id, e->id, sizeof(f->id));
    }
    snprintf(f->text, sizeof(f->text), "%s", text ? text : "");
}

static struct fired fire(struct events *ev, const char *name, bool here)
{
    struct event_request q = {
        .name = name, .payload = "p\0q", .payload_len = 3, .here = here};
    struct fired f = {0};

    events_fire(ev, &q, done, &f);
    return f;
}

/* "a b c": the names in the list. */
static const char *listed(const struct events *ev, const char *name)
{
    static char text[200];
    const struct event *e = NULL;

    *text = '\0';
    while ((e = events_next(ev, name, e)))
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
                 *text ? " " : "", e->name);
    return text;
}

static void test_list(void **state)
{
    struct store *s = store_memory_new();
    struct events *ev = events_new(s, 3);
    struct fired a, b;
    const struct event *e;

    (void)state;
    assert_string_equal(listed(ev, NULL), "");
    assert_int_equal(events_index(ev, NULL, NULL, NULL), 1);
    a = fire(ev, "a", true);
    assert_int_equal(a.status, EVENT_DONE);
    assert_true(uuid_ok(a.id, strlen(a.id)));
    assert_true(events_index(ev, NULL, NULL, NULL) == uuid_fold(a.id));
    b = fire(ev, "b", true);
    assert_true(b.ltime > a.ltime);
    assert_string_not_equal(a.id, b.id);
    assert_true(events_index(ev, NULL, NULL, NULL) == uuid_fold(b.id));
    assert_true(events_index(ev, "a", NULL, NULL) == uuid_fold(a.id));
    assert_int_equal(events_index(ev, "x", NULL, NULL), 1);
    e = events_next(ev, NULL, NULL);
    assert_int_equal(e->payload_len, 3);
    assert_memory_equal(e->payload, "p\0q", 3);
    assert_string_equal(e->node, "");

    fire(ev, "elsewhere", false);
    fire(ev, "a", true);
    assert_string_equal(listed(ev, NULL), "a b a");
    assert_string_equal(listed(ev, "a"), "a a");
    fire(ev, "c", true); /* the ring is full */
    assert_string_equal(listed(ev, NULL), "b a c");
    events_set_max(ev, 1);
    assert_string_equal(listed(ev, NULL), "c");
    assert_int_equal(events_count(ev).fired, 5);
    assert_int_equal(events_count(ev).listed, 1);
    store_close(s);
    events_free(ev);
}

static void test_fold(void **state)
{
    (void)state;
    /* seen of a real Consul */
    assert_true(uuid_fold("610abe60-4d6d-cb93-26ce-12fb97955226") ==
                5171448057521805749ULL);
    assert_true(uuid_fold("9afe9b8a-122f-d6bc-3f4e-896469843ecc") ==
                11939063427645565040ULL);
    assert_true(uuid_ok("111111111111111111111111111111111111", 36));
    assert_true(uuid_ok("9AFE9b8a-122f-d6bc-3f4e-896469843ecc", 36));
    assert_false(uuid_ok("9afe9b8a-122f-d6bc-3f4e-896469843ec", 35));
    assert_false(uuid_ok("9afe9b8a-122f-d6bc-3f4e-896469843ecg", 36));
    assert_false(uuid_ok("9af-9b8a-122f-d6bc-3f4e-896469843ecc", 36));
    assert_false(uuid_ok("9afe9b8a1122f-d6bc-3f4e-896469843ecc", 36));
}

/* What is the registry's own business is fired, and in no list. */
static void test_unlisted(void **state)
{
    struct store *s = store_memory_new();
    struct events *ev = events_new(s, 3);

    (void)state;
    assert_int_equal(fire(ev, EVENT_REXEC, true).status, EVENT_DONE);
    fire(ev, "deploy", false);
    fire(ev, "other", true);
    assert_string_equal(listed(ev, NULL), "other");
    assert_int_equal(events_count(ev).fired, 3);
    store_close(s);
    events_free(ev);
}

struct look {
    struct event_waiter w;
    struct events *ev;
    unsigned count;
};

static void look_once(struct event_waiter *w)
{
    struct look *l = (struct look *)w;

    l->count++;
    events_wait_end(l->ev, w);
}

/* Nothing is there before it is committed. */
static void test_under_way(void **state)
{
    struct store *s = store_delayed_new();
    struct events *ev = events_new(s, 3);
    struct event_request q = {.name = "a", .here = true};
    struct fired f = {0};
    struct look l = {.w = {.changed = look_once}, .ev = ev};

    (void)state;
    events_wait(ev, &l.w);
    assert_int_equal(events_count(ev).waiters, 1);
    events_fire(ev, &q, done, &f);
    assert_int_equal(f.count, 0);
    assert_string_equal(listed(ev, NULL), "");
    delayed_commit(s);
    assert_int_equal(f.count, 1);
    assert_string_equal(listed(ev, NULL), "a");
    assert_int_equal(l.count, 1);
    assert_int_equal(events_count(ev).waiters, 0);

    events_fire(ev, &q, done, &f);
    delayed_refuse(s, STORE_FAILED);
    assert_int_equal(f.status, EVENT_FAILED);
    assert_string_equal(listed(ev, NULL), "a");

    q.here = false; /* nobody's list changes */
    events_wait(ev, &l.w);
    events_fire(ev, &q, NULL, NULL);
    delayed_commit(s);
    assert_int_equal(l.count, 1);
    events_wait_end(ev, &l.w);
    store_close(s);
    events_free(ev);
}

static void test_refused(void **state)
{
    struct store *s = store_memory_new();
    struct events *ev = events_new(s, 3);
    char payload[EVENT_SIZE_MAX] = "";
    struct event_request q = {.name = "", .payload = payload};
    struct fired f = {0};

    (void)state;
    events_fire(ev, &q, done, &f);
    assert_int_equal(f.status, EVENT_REFUSED);
    assert_string_equal(f.text, "User event missing name");
    q.name = "big";
    q.tag = "x";
    assert_string_equal(event_refusal(&q),
                        "Cannot provide tag filter without service filter");
    q.tag = NULL;
    /* 16 of the name, 52 of the map with ID, n and v, 2 + 3 before p */
    q.payload_len = 512 - 16 - 52 - 5;
    assert_null(event_refusal(&q));
    q.payload_len++;
    assert_string_equal(event_refusal(&q),
                        "user event exceeds limit of 512 bytes");
    q.node = "n"; /* a filter counts, too: five bytes */
    q.payload_len -= 6;
    assert_null(event_refusal(&q));
    q.payload_len++;
    assert_non_null(event_refusal(&q));
    assert_int_equal(s->revision, 0);
    store_close(s);
    events_free(ev);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),     cmocka_unit_test(test_fold),
        cmocka_unit_test(test_unlisted), cmocka_unit_test(test_under_way),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

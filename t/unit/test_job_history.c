/* dispatcher/history.c: what happened to a task, bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dispatcher/history.h"
#include "lib/mem.h"

/* Each entry as "MS KIND TEXT;", those that are gone as "(N)". */
static const char *shown(const struct history *h)
{
    static struct buf out = BUF_INIT;
    struct history_entry e;
    size_t pos = 0;

    buf_reset(&out, 0);
    buf_add_str(&out, "");
    while (history_next(h, &pos, &e)) {
        if (e.gone)
            buf_add_fmt(&out, "(%u)", e.gone);
        buf_add_fmt(&out, "%lld %s %.*s;", (long long)e.ms,
                    history_kind_text(e.kind), (int)e.len, e.text);
    }
    return buf_str(&out);
}

static void put(struct history **h, int64_t ms, enum history_kind kind,
                const char *text)
{
    history_put(h, ms, kind, text, strlen(text));
}

static void nothing(void **state)
{
    struct history *h = NULL;
    struct buf out = BUF_INIT;

    (void)state;
    assert_int_equal(history_count(h), 0);
    assert_int_equal(history_cost(h), 0);
    assert_string_equal(shown(h), "");
    history_write(h, &out);
    assert_int_equal(buf_len(&out), 0);
    assert_null(history_read("", 0));
    history_free(h);
    buf_free(&out);
}

static void order(void **state)
{
    struct history *h = NULL;

    (void)state;
    put(&h, 1000, HISTORY_SUBMITTED, "by alice");
    put(&h, 900, HISTORY_MATCHED, ""); /* the clock was set back */
    put(&h, 1100, HISTORY_SENT, "a\nb");
    assert_string_equal(shown(h),
                        "1000 submitted by alice;900 matched ;1100 sent a b;");
    history_free(h);
}

/* The same wait is told once; another one, or the same after something else,
 * is news. */
static void waits(void **state)
{
    struct history *h = NULL;

    (void)state;
    put(&h, 1, HISTORY_WAITS, "no free slot");
    put(&h, 2, HISTORY_WAITS, "no free slot");
    put(&h, 3, HISTORY_WAITS, "lock db");
    put(&h, 4, HISTORY_SENT, "");
    put(&h, 5, HISTORY_WAITS, "lock db");
    put(&h, 6, HISTORY_SENT, "");
    put(&h, 7, HISTORY_SENT, "");
    assert_string_equal(shown(h),
                        "1 waits no free slot;3 waits lock db;4 sent ;"
                        "5 waits lock db;6 sent ;7 sent ;");
    history_free(h);
}

static void bounded(void **state)
{
    struct history *h = NULL, *again;
    struct buf out = BUF_INIT;
    struct history_entry e;
    size_t pos = 0;
    int64_t want = 0;
    char *want_text;

    (void)state;
    for (int i = 0; i < 1000; i++)
        history_put(&h, i, HISTORY_SENT, "texts of different lengths",
                    (size_t)(i % 26));
    assert_int_equal(history_count(h), HISTORY_MAX);
    while (history_next(h, &pos, &e)) {
        if (want == HISTORY_MAX / 2) {
            assert_int_equal(e.gone, 1000 - HISTORY_MAX);
            want = 1000 - HISTORY_MAX / 2;
        } else {
            assert_int_equal(e.gone, 0);
        }
        assert_int_equal(e.ms, want);
        assert_int_equal(e.len, want % 26);
        want++;
    }
    assert_int_equal(want, 1000);
    history_write(h, &out);
    again = history_read(buf_data(&out), buf_len(&out));
    want_text = xstrdup(shown(h));
    assert_string_equal(shown(again), want_text);
    free(want_text);
    put(&again, 5000, HISTORY_ENDED, "ok");
    assert_int_equal(history_count(again), HISTORY_MAX);
    history_free(h);
    history_free(again);
    buf_free(&out);
}

static void long_text(void **state)
{
    char text[4 * HISTORY_TEXT_MAX];
    struct history *h = NULL;
    struct history_entry e;
    size_t pos = 0;

    (void)state;
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    history_note(&h, HISTORY_REFUSED, "%s", text);
    for (int i = 0; i < 2 * HISTORY_MAX; i++)
        history_put(&h, i, HISTORY_SENT, text, sizeof(text) - 1);
    while (history_next(h, &pos, &e))
        assert_int_equal(e.len, HISTORY_TEXT_MAX);
    assert_true(history_cost(h) < 48 * 1024);
    history_free(h);
}

static void reading(void **state)
{
    static const char text[] = "1 sent to a b\n"
                               "2 unheard-of thing\n"
                               "x sent\n"
                               "\n"
                               "- \n"
                               "3 ended\n"
                               "-4 ended  \n"
                               "5 lost no LF";
    struct history *h = history_read(text, sizeof(text) - 1);

    (void)state;
    assert_string_equal(shown(h), "1 sent to a b;-4 ended  ;5 lost no LF;");
    history_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing),   cmocka_unit_test(order),
        cmocka_unit_test(waits),     cmocka_unit_test(bounded),
        cmocka_unit_test(long_text), cmocka_unit_test(reading),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

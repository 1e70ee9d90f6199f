/* dispatcher/when.c: times as people write them, and what is due. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dispatcher/when.h"

#define ROME "CET-1CEST,M3.5.0,M10.5.0/3"
#define NOW  INT64_C(1790000000500) /* 2026-09-21T14:13:20.5Z, 16:13 in Rome */

static const char *written(int64_t ms)
{
    static struct buf out = BUF_INIT;

    buf_reset(&out, 0);
    when_write(ms, &out);
    return buf_str(&out);
}

static void times(void **state)
{
    static const char *const rows[][2] = {
        {"2026-11-22T09:30:00Z", "2026-11-22T09:30:00Z"},
        {"2026-11-22t09:30:00z", "2026-11-22T09:30:00Z"},
        {"2026-11-22T09:30Z", "2026-11-22T09:30:00Z"},
        {"2026-11-22T09:30:15.25+01:00", "2026-11-22T08:30:15.250Z"},
        {"2026-11-22 09:30:15.123456-05:30", "2026-11-22T15:00:15.123Z"},
        {"2026-11-22T09:30", "2026-11-22T08:30:00Z"}, /* in the zone */
        {"2026-07-22T09:30:10", "2026-07-22T07:30:10Z"},
        {"2026-03-29T02:30", "2026-03-29T01:00:00Z"}, /* is skipped */
        {"1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"},
        {"2028-02-29T23:59:60Z", "2028-03-01T00:00:00Z"},
        {"16:14", "2026-09-21T14:14:00Z"},
        {"16:13", "2026-09-22T14:13:00Z"}, /* is over today */
        {"16:13:21", "2026-09-21T14:13:21Z"},
        {"00:00", "2026-09-21T22:00:00Z"},
        {"+0", "2026-09-21T14:13:20.500Z"},
        {"+90", "2026-09-21T14:14:50.500Z"},
        {"+1h", "2026-09-21T15:13:20.500Z"},
        {"+250ms", "2026-09-21T14:13:20.750Z"},
        {"", NULL},
        {"now", NULL},
        {"10", NULL},
        {"24:00", NULL},
        {"9:30", NULL},
        {"10:60", NULL},
        {"10:30 ", NULL},
        {"10:30:61", NULL},
        {"10:30:00.", NULL},
        {"2026-11-22", NULL},
        {"2026-11-22T", NULL},
        {"2026-13-22T09:30Z", NULL},
        {"2026-02-29T09:30Z", NULL},
        {"2026-11-00T09:30Z", NULL},
        {"1969-12-31T23:59Z", NULL},
        {"1970-01-01T00:00+01:00", NULL},
        {"2026-11-22T09:30+1", NULL},
        {"2026-11-22T09:30Zx", NULL},
        {"+", NULL},
        {"+-1", NULL},
        {"+1y", NULL},
        {"+99999d", NULL},
        {"-1h", NULL},
    };
    struct zone *z = zone_from_rule(ROME);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t ms;
        bool ok = when_parse(rows[i][0], NOW, z, &ms);

        if (ok != (rows[i][1] != NULL))
            fail_msg("%s: %d", rows[i][0], ok);
        if (ok && strcmp(written(ms), rows[i][1]) != 0)
            fail_msg("%s: %s, want %s", rows[i][0], written(ms), rows[i][1]);
    }
    zone_free(z);
}

/* What is written is read again as the same. */
static void and_back(void **state)
{
    struct zone *z = zone_from_rule(ROME);
    int64_t again;

    (void)state;
    for (int64_t ms = 0; ms < INT64_C(250000000000000);
         ms = ms * 17 / 16 + 12345677) {
        assert_true(when_parse(written(ms), NOW, z, &again));
        assert_int_equal(again, ms);
    }
    zone_free(z);
}

static void every(void **state)
{
    static const char *const good[] = {"1s",
                                       "10m",
                                       "90",
                                       " 2d",
                                       "@daily",
                                       "* * * * *",
                                       "TZ=Etc/UTC @hourly",
                                       "TZ=Etc/UTC  0 4 * * mon-fri"};
    static const char *const wrong[] = {"",
                                        "0",
                                        "500ms",
                                        "10 m",
                                        "-1",
                                        "4000d",
                                        "TZ=x * * * * *",
                                        "TZ=",
                                        "TZ=Etc/UTC",
                                        "TZ=Etc/UTC 10m",
                                        "0 0 30 2 *",
                                        "@never",
                                        "* * * *"};
    struct every e;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        char *error = every_parse(&e, good[i]);

        if (error)
            fail_msg("%s: %s", good[i], error);
        every_free(&e);
    }
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        char *error = every_parse(&e, wrong[i]);

        if (!error)
            fail_msg("%s is taken", wrong[i]);
        free(error);
        every_free(&e);
    }
}

static struct every parsed(const char *text)
{
    struct every e;
    char *error = every_parse(&e, text);

    assert_null(error);
    return e;
}

static void due(void **state)
{
    struct every e = parsed("10s");
    struct every_due d;

    (void)state;
    every_due(&e, 5000, 4999, 4999, &d); /* the anchor is the first */
    assert_false(d.has_newest);
    assert_int_equal(d.next, 5000);
    every_due(&e, 5000, 4999, 5000, &d);
    assert_true(d.has_newest && !d.before);
    assert_int_equal(d.newest, 5000);
    assert_int_equal(d.next, 15000);
    every_due(&e, 5000, 5000, 5000, &d); /* settled: not again */
    assert_false(d.has_newest);
    assert_int_equal(d.next, 15000);
    every_due(&e, 5000, 15000, 44999, &d);
    assert_int_equal(d.before, 1);
    assert_int_equal(d.newest, 35000);
    assert_int_equal(d.next, 45000);
    every_due(&e, 5000, 45000, 20000, &d); /* the clock went back */
    assert_false(d.has_newest);
    assert_int_equal(d.next, 55000);
    every_free(&e);
}

/* A year later: not every second of it is counted. */
static void much_later(void **state)
{
    static const struct {
        const char *every;
        int64_t newest; /* before now, ms */
        bool many;
    } rows[] = {
        {"1s", 500, true},
        {"TZ=Etc/UTC * * * * *", 20500, true},
        {"TZ=Etc/UTC 0 0 1 * *", INT64_C(1779200500), false},
        {"TZ=Etc/UTC * * 1 9 *",
         (20 * INT64_C(86400) + 14 * 3600 + 14 * 60 + 20 - 86400) * 1000 + 500,
         true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct every e = parsed(rows[i].every);
        struct every_due d;
        int64_t from = NOW - NOW % 1000 - INT64_C(86400000) * 400;

        every_due(&e, from, from, NOW, &d);
        assert_true(d.has_newest);
        if (NOW - d.newest != rows[i].newest)
            fail_msg("%s: %lld", rows[i].every, (long long)(NOW - d.newest));
        assert_int_equal(d.many, rows[i].many);
        assert_true(d.has_next && d.next > NOW);
        every_free(&e);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times),      cmocka_unit_test(and_back),
        cmocka_unit_test(every),      cmocka_unit_test(due),
        cmocka_unit_test(much_later),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

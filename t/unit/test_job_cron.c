/* dispatcher/cron.c, zone.c, calendar.c: when a schedule's times come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "dispatcher/calendar.h"
#include "dispatcher/cron.h"
#include "lib/buf.h"

#define ROME     "CET-1CEST,M3.5.0,M10.5.0/3"
#define NEW_YORK "EST5EDT,M3.2.0,M11.1.0"

/* "2026-03-29 01:30" in UTC */
static int64_t utc(const char *text)
{
    int y, mo, d, h, m;

    assert_int_equal(sscanf(text, "%d-%d-%d %d:%d", &y, &mo, &d, &h, &m), 5);
    return calendar_days(y, mo, d) * CALENDAR_DAY + h * 3600 + m * 60;
}

/* As the zone's clocks show it: "03-29 03:30+2" */
static void add_local(struct buf *out, const struct zone *z, int64_t t)
{
    struct zone_span s;
    struct calendar_date d;
    int64_t local, day;

    zone_span_at(z, t, &s);
    local = t + s.offset;
    day = calendar_day_of(local);
    d = calendar_date(day);
    local -= day * CALENDAR_DAY;
    buf_add_fmt(out, "%s%02d-%02d %02d:%02d%+d", buf_len(out) ? ", " : "",
                d.month, d.day, (int)(local / 3600), (int)(local / 60 % 60),
                s.offset / 3600);
}

static struct cron parsed(const char *text)
{
    struct cron c;
    char *error = cron_parse(&c, text);

    if (error)
        fail_msg("%s: %s", text, error);
    return c;
}

/* -- the calendar ---------------------------------------------------------- */

static void calendar(void **state)
{
    (void)state;
    assert_int_equal(calendar_days(1970, 1, 1), 0);
    assert_int_equal(calendar_days(2000, 3, 1), 11017);
    assert_int_equal(calendar_weekday(0), 4); /* a Thursday */
    assert_int_equal(calendar_weekday(-5), 6);
    assert_true(calendar_is_leap(2000) && calendar_is_leap(2028));
    assert_false(calendar_is_leap(1900) || calendar_is_leap(2026));
    for (int64_t days = -200000; days < 200000; days += 7) {
        struct calendar_date d = calendar_date(days);
        time_t t = (time_t)(days * CALENDAR_DAY);
        struct tm tm;

        gmtime_r(&t, &tm);
        assert_int_equal(d.year, tm.tm_year + 1900);
        assert_int_equal(d.month, tm.tm_mon + 1);
        assert_int_equal(d.day, tm.tm_mday);
        assert_int_equal(calendar_weekday(days), tm.tm_wday);
        assert_int_equal(calendar_days(d.year, d.month, d.day), days);
    }
}

/* -- zones ----------------------------------------------------------------- */

/* What libc says of the same zone, over two centuries. */
static void same_as_libc(const char *name)
{
    char *error;
    struct zone *z = zone_open(name, &error);

    if (!z) {
        print_message("not tested: %s\n", error);
        free(error);
        return;
    }
    setenv("TZ", name, 1);
    tzset();
    for (int64_t t = -2200000000; t < 4300000000; t += 86400 * 3 + 1801) {
        time_t when = (time_t)t;
        struct zone_span s;
        struct tm tm;

        zone_span_at(z, t, &s);
        assert_non_null(localtime_r(&when, &tm));
        if (tm.tm_gmtoff != s.offset)
            fail_msg("%s at %lld: %d, libc says %ld", name, (long long)t,
                     s.offset, tm.tm_gmtoff);
        assert_true(s.start <= t && t < s.end);
    }
    zone_free(z);
    unsetenv("TZ");
    tzset();
}

static void zones(void **state)
{
    (void)state;
    same_as_libc("Europe/Rome");
    same_as_libc("America/New_York");
    same_as_libc("Australia/Lord_Howe"); /* half an hour */
    same_as_libc("Asia/Tokyo");
    same_as_libc("Etc/UTC");
}

static void zones_that_are_none(void **state)
{
    static const char *const names[] = {
        "", "Europe/Roma", "../passwd", "/etc/localtime", "Europe", "a b"};
    static const char *const rules[] = {"",
                                        "CE-1",
                                        "CET",
                                        "CET-25",
                                        "CET-1X",
                                        "CET-1CEST,M3.5",
                                        "CET-1CEST,,",
                                        "CET-1CEST,M13.1.0,J1",
                                        "<C-1",
                                        "CET-1CEST,M3.5.0,M10.5.0/200",
                                        "CET-1CEST,M3.5.0,M10.5.0,",
                                        "CET-1CEST"};
    char *error;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        assert_null(zone_open(names[i], &error));
        assert_non_null(strstr(error, "there is no time zone"));
        free(error);
    }
    for (size_t i = 0; i < ARRAY_LEN(rules); i++)
        assert_null(zone_from_rule(rules[i]));
}

/* The first time that clocks show it, or the end of the gap. */
static void from_local(void **state)
{
    struct zone *z = zone_from_rule(ROME);

    (void)state;
    assert_int_equal(zone_from_local(z, utc("2026-01-15 12:00")),
                     utc("2026-01-15 11:00"));
    assert_int_equal(zone_from_local(z, utc("2026-07-15 12:00")),
                     utc("2026-07-15 10:00"));
    assert_int_equal(zone_from_local(z, utc("2026-03-29 02:30")),
                     utc("2026-03-29 01:00"));
    assert_int_equal(zone_from_local(z, utc("2026-10-25 02:30")),
                     utc("2026-10-25 00:30"));
    assert_int_equal(zone_from_local(z, utc("2026-10-25 03:00")),
                     utc("2026-10-25 02:00"));
    zone_free(z);
}

/* -- fields ---------------------------------------------------------------- */

static void fields(void **state)
{
    static const char *const wrong[] = {"",
                                        "*",
                                        "* * * *",
                                        "* * * * * *",
                                        "60 * * * *",
                                        "* 24 * * *",
                                        "* * 0 * *",
                                        "* * 32 * *",
                                        "* * * 0 *",
                                        "* * * 13 *",
                                        "* * * * 8",
                                        "-1 * * * *",
                                        "5-1 * * * *",
                                        "*/0 * * * *",
                                        "*/60 * * * *",
                                        "5/2 * * * *",
                                        "1, * * * *",
                                        ",1 * * * *",
                                        "1,,2 * * * *",
                                        "a * * * *",
                                        "* * * janu *",
                                        "* * * * sund",
                                        "1- * * * *",
                                        "1-2- * * * *",
                                        "** * * * *",
                                        "*/ * * * *",
                                        "@reboot",
                                        "@daily x",
                                        "99999999999999999999 * * * *"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct cron c;
        char *error = cron_parse(&c, wrong[i]);

        if (!error || !strstr(error, "want "))
            fail_msg("%s: %s", wrong[i], error ? error : "is taken");
        free(error);
    }
    assert_int_equal(parsed("5,1-3,50-59/4 * * * *").minutes,
                     UINT64_C(1) << 5 | 0xe | UINT64_C(1) << 50 |
                         UINT64_C(1) << 54 | UINT64_C(1) << 58);
    assert_int_equal(parsed("* */8 * * *").hours, 0x010101);
    assert_int_equal(parsed("* * * JAN,mar-May/2 *").months, 0x2a);
    assert_int_equal(parsed("* * * * mon-fri").weekdays, 0x3e);
    assert_int_equal(parsed("* * * * 5-7").weekdays, 0x61);
    assert_true(parsed("0 2 * * *").fixed);
    assert_false(parsed("*/10 2 * * *").fixed);
    assert_false(parsed("0 */2 * * *").fixed);
    assert_true(parsed("@weekly").fixed);
}

/* -- times ----------------------------------------------------------------- */

static const struct {
    const char *zone, *cron, *after; /* UTC */
    int n;
    const char *want;
} at_times[] = {
    {"UTC0", "*/5 * * * *", "2026-11-22 08:57", 3,
     "11-22 09:00+0, 11-22 09:05+0, 11-22 09:10+0"},
    {"UTC0", "*/5 * * * *", "2026-11-22 09:00", 1, "11-22 09:05+0"},
    {"UTC0", "0 0 29 2 *", "2026-01-01 00:00", 2,
     "02-29 00:00+0, 02-29 00:00+0"},
    {"UTC0", "30 4 1,15 * 5", "2026-05-01 04:30", 4,
     "05-08 04:30+0, 05-15 04:30+0, 05-22 04:30+0, 05-29 04:30+0"},
    {"UTC0", "0 12 */2 * mon", "2026-06-01 12:00", 2,
     "06-15 12:00+0, 06-29 12:00+0"},
    {"UTC0", "59 23 31 12 *", "2026-12-31 23:59", 1, "12-31 23:59+0"},
    {"UTC0", "@monthly", "2026-11-22 00:00", 2, "12-01 00:00+0, 01-01 00:00+0"},
    /* the last Sunday of March: 02:00 is 03:00 */
    {ROME, "30 2 * * *", "2026-03-28 00:00", 3,
     "03-28 02:30+1, 03-29 03:00+2, 03-30 02:30+2"},
    {ROME, "0,15,30,45 2 * * *", "2026-03-28 23:00", 2,
     "03-29 03:00+2, 03-30 02:00+2"},
    {ROME, "0 3 * * *", "2026-03-28 12:00", 2, "03-29 03:00+2, 03-30 03:00+2"},
    {ROME, "*/30 * * * *", "2026-03-29 00:00", 4,
     "03-29 01:30+1, 03-29 03:00+2, 03-29 03:30+2, 03-29 04:00+2"},
    {ROME, "*/30 2 * * *", "2026-03-28 12:00", 1, "03-30 02:00+2"},
    {ROME, "30 * * * *", "2026-03-29 00:00", 2, "03-29 01:30+1, 03-29 03:30+2"},
    /* the last Sunday of October: 02:00 to 03:00 comes twice */
    {ROME, "30 2 * * *", "2026-10-24 12:00", 2, "10-25 02:30+2, 10-26 02:30+1"},
    {ROME, "30 2 * * *", "2026-10-25 01:00", 1, "10-26 02:30+1"},
    {ROME, "0 3 * * *", "2026-10-24 12:00", 2, "10-25 03:00+1, 10-26 03:00+1"},
    {ROME, "*/30 * * * *", "2026-10-25 00:00", 4,
     "10-25 02:30+2, 10-25 02:00+1, 10-25 02:30+1, 10-25 03:00+1"},
    {ROME, "0 * * * *", "2026-10-24 23:59", 3,
     "10-25 02:00+2, 10-25 02:00+1, 10-25 03:00+1"},
    {NEW_YORK, "30 2 * * *", "2026-03-07 12:00", 3,
     "03-08 03:00-4, 03-09 02:30-4, 03-10 02:30-4"},
    {NEW_YORK, "15 1 * * sun", "2026-10-31 12:00", 2,
     "11-01 01:15-4, 11-08 01:15-5"},
    {NEW_YORK, "*/20 1 * * *", "2026-11-01 04:59", 7,
     "11-01 01:00-4, 11-01 01:20-4, 11-01 01:40-4, 11-01 01:00-5, "
     "11-01 01:20-5, 11-01 01:40-5, 11-02 01:00-5"},
    /* a change of a day is a correction: nothing is made up for */
    {"AAA24BBB0,J100/0,J200/0", "0 12 * * *", "2026-04-09 00:00", 3,
     "04-08 12:00-24, 04-09 12:00-24, 04-11 12:00+0"},
};

static void times(void **state)
{
    struct buf out = BUF_INIT;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(at_times); i++) {
        struct zone *z = zone_from_rule(at_times[i].zone);
        struct cron c = parsed(at_times[i].cron);
        int64_t t = utc(at_times[i].after);

        assert_non_null(z);
        buf_reset(&out, 0);
        for (int n = 0; n < at_times[i].n; n++) {
            assert_true(cron_next(&c, z, t, &t));
            add_local(&out, z, t);
        }
        if (strcmp(buf_str(&out), at_times[i].want) != 0)
            fail_msg("%s in %s after %s: %s, want %s", at_times[i].cron,
                     at_times[i].zone, at_times[i].after, buf_str(&out),
                     at_times[i].want);
        zone_free(z);
    }
    buf_free(&out);
}

static void never(void **state)
{
    struct zone *z = zone_from_rule(ROME);
    struct cron c = parsed("0 0 30 2 *");
    int64_t t;

    (void)state;
    assert_false(cron_next(&c, z, utc("2026-01-01 00:00"), &t));
    c = parsed("0 0 */28 2 mon"); /* the 1st or 29th, and a Monday */
    assert_true(cron_next(&c, z, utc("2026-02-01 00:00"), &t));
    assert_int_equal(t, utc("2027-01-31 23:00"));
    zone_free(z);
}

/* -- against a clock that is looked at every minute ------------------------ */

static bool shows(const struct cron *c, int64_t local)
{
    int64_t day = calendar_day_of(local);
    struct calendar_date d = calendar_date(day);
    int minute = (int)((local - day * CALENDAR_DAY) / 60);
    bool by_day = c->days >> d.day & 1;
    bool by_weekday = c->weekdays >> calendar_weekday(day) & 1;

    return (c->minutes >> (minute % 60) & 1) &&
           (c->hours >> (minute / 60) & 1) && (c->months >> d.month & 1) &&
           (c->any_day || c->any_weekday ? by_day && by_weekday
                                         : by_day || by_weekday);
}

/* The minutes at which it runs, of those in [from, to). */
static size_t watch(const struct cron *c, const struct zone *z, int64_t from,
                    int64_t to, int64_t *at, size_t max)
{
    struct zone_span s;
    int64_t shown; /* the latest minute that clocks have shown */
    size_t n = 0;

    zone_span_at(z, from - 60, &s);
    shown = from - 60 + s.offset;
    for (int64_t t = from; t < to && n < max; t += 60) {
        bool runs = false;

        zone_span_at(z, t, &s);
        if (!c->fixed) {
            runs = shows(c, t + s.offset);
        } else {
            for (int64_t m = shown + 60; m <= t + s.offset; m += 60)
                runs |= shows(c, m);
        }
        if (t + s.offset > shown)
            shown = t + s.offset;
        if (runs)
            at[n++] = t;
    }
    return n;
}

static uint32_t seed = 12345;

static unsigned dice(unsigned n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % n;
}

static void add_field(struct buf *out, unsigned min, unsigned max)
{
    unsigned a = min + dice(max - min + 1);

    if (buf_len(out))
        buf_add_char(out, ' ');
    switch (dice(4)) {
    case 0: buf_add_char(out, '*'); break;
    case 1: buf_add_fmt(out, "*/%u", 1 + dice(max)); break;
    case 2: buf_add_fmt(out, "%u-%u", a, a + dice(max - a + 1)); break;
    default: buf_add_fmt(out, "%u,%u", a, min + dice(max - min + 1));
    }
}

static void as_watched(void **state)
{
    static const char *const rules[] = {ROME, NEW_YORK,
                                        "LHST-10:30LHDT-11,M10.1.0,M4.1.0"};
    static const char *const around[] = {"2026-03-27 00:00", "2026-10-24 00:00",
                                         "2026-03-07 00:00", "2026-10-31 00:00",
                                         "2026-04-03 00:00", "2026-10-03 00:00",
                                         "2028-02-28 00:00"};
    enum { MAX = 5 * 1440 };
    static int64_t want[MAX];
    struct buf text = BUF_INIT;

    (void)state;
    for (int i = 0; i < 1500; i++) {
        struct zone *z = zone_from_rule(rules[dice(ARRAY_LEN(rules))]);
        int64_t from = utc(around[dice(ARRAY_LEN(around))]);
        int64_t to = from + 4 * CALENDAR_DAY, t = from - 1;
        struct cron c;
        size_t n;

        buf_reset(&text, 0);
        add_field(&text, 0, 59);
        add_field(&text, 0, 23);
        add_field(&text, 1, 31);
        add_field(&text, 1, 12);
        add_field(&text, 0, 6);
        c = parsed(buf_str(&text));
        n = watch(&c, z, from, to, want, MAX);
        for (size_t k = 0; k < n; k++) {
            assert_true(cron_next(&c, z, t, &t));
            if (t != want[k])
                fail_msg("%s: %lld, the clock says %lld", buf_str(&text),
                         (long long)t, (long long)want[k]);
        }
        if (cron_next(&c, z, t, &t))
            assert_true(t >= to);
        zone_free(z);
    }
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calendar),
        cmocka_unit_test(zones),
        cmocka_unit_test(zones_that_are_none),
        cmocka_unit_test(from_local),
        cmocka_unit_test(fields),
        cmocka_unit_test(times),
        cmocka_unit_test(never),
        cmocka_unit_test(as_watched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

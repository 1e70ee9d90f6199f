#include "dispatcher/zone_rule.h"

#include <ctype.h>
#include <string.h>

#include "dispatcher/calendar.h"

#define HOUR     3600
#define HOUR_MAX 167 /* of a time of change: RFC 8536, 3.3.1 */

/* -- parsing: each moves *p behind what it took ---------------------------- */

static bool take_number(const char **p, int max, int *n)
{
    const char *s = *p;

    *n = 0;
    while (isdigit((unsigned char)*s) && *n <= max)
        *n = 10 * *n + (*s++ - '0');
    if (s == *p || *n > max)
        return false;
    *p = s;
    return true;
}

/* Three or more letters, or anything between < and >. */
static bool take_name(const char **p)
{
    const char *s = *p;
    size_t len;

    if (*s == '<') {
        len = strcspn(s, ">");
        if (len < 2 || s[len] != '>')
            return false;
        *p = s + len + 1;
        return true;
    }
    for (len = 0; isalpha((unsigned char)s[len]); len++)
        ;
    *p = s + len;
    return len >= 3;
}

/* [+-]h[h][:mm[:ss]] */
static bool take_time(const char **p, int hours, int32_t *seconds)
{
    int h, m = 0, s = 0;
    bool minus = **p == '-';

    if (**p == '-' || **p == '+')
        (*p)++;
    if (!take_number(p, hours, &h))
        return false;
    if (**p == ':') {
        (*p)++;
        if (!take_number(p, 59, &m))
            return false;
        if (**p == ':') {
            (*p)++;
            if (!take_number(p, 59, &s))
                return false;
        }
    }
    *seconds = h * HOUR + m * 60 + s;
    if (minus)
        *seconds = -*seconds;
    return true;
}

static bool take_month(const char **p, struct zone_day *d)
{
    d->kind = 'M';
    (*p)++;
    if (!take_number(p, 12, &d->month) || !d->month || *(*p)++ != '.' ||
        !take_number(p, 5, &d->week) || !d->week || *(*p)++ != '.')
        return false;
    return take_number(p, 6, &d->day);
}

static bool take_day(const char **p, struct zone_day *d)
{
    bool ok;

    if (*(*p)++ != ',')
        return false;
    d->time = 2 * HOUR;
    if (**p == 'M') {
        ok = take_month(p, d);
    } else if (**p == 'J') {
        (*p)++;
        d->kind = 'J';
        ok = take_number(p, 365, &d->day) && d->day;
    } else {
        d->kind = '0';
        ok = take_number(p, 365, &d->day);
    }
    if (!ok || **p != '/')
        return ok;
    (*p)++;
    return take_time(p, HOUR_MAX, &d->time);
}

bool zone_rule_parse(struct zone_rule *r, const char *text)
{
    const char *p = text;
    int32_t west;

    memset(r, 0, sizeof(*r));
    if (!take_name(&p) || !take_time(&p, 24, &west))
        return false;
    r->offset = -west;
    if (!*p)
        return true;
    r->has_summer = true;
    r->summer_offset = r->offset + HOUR;
    if (!take_name(&p))
        return false;
    if (*p != ',') {
        if (!take_time(&p, 24, &west))
            return false;
        r->summer_offset = -west;
    }
    return take_day(&p, &r->begin) && take_day(&p, &r->end) && !*p;
}

/* -- a year ---------------------------------------------------------------- */

static int64_t day_in(const struct zone_day *d, int64_t year)
{
    int64_t first, days;
    int last;

    if (d->kind == '0')
        return calendar_days(year, 1, 1) + d->day;
    if (d->kind == 'J') /* 29 February is never counted */
        return calendar_days(year, 1, 1) + d->day - 1 +
               (calendar_is_leap(year) && d->day > 59);
    first = calendar_days(year, d->month, 1);
    last = calendar_month_days(year, d->month);
    days = (d->day - calendar_weekday(first) + 7) % 7 + 7 * (d->week - 1);
    while (days >= last)
        days -= 7;
    return first + days;
}

void zone_rule_year(const struct zone_rule *r, int64_t year,
                    struct zone_change changes[2])
{
    struct zone_change first;

    changes[0] = (struct zone_change){.offset = r->summer_offset};
    changes[0].at =
        day_in(&r->begin, year) * CALENDAR_DAY + r->begin.time - r->offset;
    changes[1] = (struct zone_change){.offset = r->offset};
    changes[1].at =
        day_in(&r->end, year) * CALENDAR_DAY + r->end.time - r->summer_offset;
    if (changes[0].at <= changes[1].at)
        return;
    first = changes[1];
    changes[1] = changes[0];
    changes[0] = first;
}

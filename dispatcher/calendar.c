#include "dispatcher/calendar.h"

bool calendar_is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int calendar_month_days(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && calendar_is_leap(year));
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Leap days before a year. */
static int64_t leaps_before(int64_t year)
{
    int64_t y = year - 1;

    return floor_div(y, 4) - floor_div(y, 100) + floor_div(y, 400);
}

static int64_t days_before(int64_t year)
{
    return 365 * (year - 1970) + leaps_before(year) - leaps_before(1970);
}

int64_t calendar_days(int64_t year, int month, int day)
{
    int64_t days = days_before(year);

    for (int m = 1; m < month; m++)
        days += calendar_month_days(year, m);
    return days + day - 1;
}

struct calendar_date calendar_date(int64_t days)
{
    struct calendar_date d = {.year = 1970 + floor_div(days * 400, 146097),
                              .month = 1};

    while (days_before(d.year) > days)
        d.year--;
    while (days_before(d.year + 1) <= days)
        d.year++;
    days -= days_before(d.year);
    while (days >= calendar_month_days(d.year, d.month))
        days -= calendar_month_days(d.year, d.month++);
    d.day = (int)days + 1;
    return d;
}

int calendar_weekday(int64_t days)
{
    return (int)(((days + 4) % 7 + 7) % 7);
}

int64_t calendar_day_of(int64_t seconds)
{
    return floor_div(seconds, CALENDAR_DAY);
}

/*
 * Days of the Gregorian calendar, counted from 1970-01-01. Pure arithmetic.
 */
#ifndef DISPATCHER_CALENDAR_H
#define DISPATCHER_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#define CALENDAR_DAY 86400 /* seconds */

struct calendar_date {
    int64_t year;
    int month, day; /* from 1 */
};

bool calendar_is_leap(int64_t year);
int calendar_month_days(int64_t year, int month);
int64_t calendar_days(int64_t year, int month, int day);
struct calendar_date calendar_date(int64_t days);
/* 0 is Sunday. */
int calendar_weekday(int64_t days);
/* Of seconds, before 1970, too. */
int64_t calendar_day_of(int64_t seconds);

#endif

/*
 * Times that come again by the fields of crontab(5): minute, hour, day of the
 * month, month, day of the week, in a time zone.
 *
 * A field that begins with an asterisk does not restrict (as cron(8) has it,
 * even with a step). Where both kinds of days are restricted, either will do.
 * When clocks change by less than three hours, as cron(8) of Debian has it:
 * jobs with an asterisk in minute or hour go by what the clock shows; of the
 * others those that fall into a gap come once, at its end, and those in an hour
 * that comes twice come in the first of both only.
 *
 * Pure; seconds since 1970.
 */
#ifndef DISPATCHER_CRON_H
#define DISPATCHER_CRON_H

#include <stdbool.h>
#include <stdint.h>

#include "dispatcher/zone.h"
#include "lib/mem.h"

struct cron {
    uint64_t minutes;
    uint32_t hours, days, months; /* days and months from 1 */
    uint8_t weekdays;             /* 0 is Sunday */
    bool any_day, any_weekday;    /* the field begins with * */
    bool fixed;                   /* neither minute nor hour does */
};

/* Five fields with blanks between them, or @hourly, @daily, @midnight,
 * @weekly, @monthly, @yearly, @annually. NULL, or why not (free()). */
MUST_CHECK char *cron_parse(struct cron *c, const char *text);
/* The next of its times after that one; false: there is none in 40 years. */
MUST_CHECK bool cron_next(const struct cron *c, const struct zone *z,
                          int64_t after, int64_t *next);

#endif

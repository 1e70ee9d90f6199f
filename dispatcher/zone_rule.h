/*
 * The rule of a time zone in POSIX's form, CET-1CEST,M3.5.0,M10.5.0/3: what
 * the offset is in years that no table lists. Pure.
 */
#ifndef DISPATCHER_ZONE_RULE_H
#define DISPATCHER_ZONE_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/mem.h"

/* A day of a year, and a time on it. */
struct zone_day {
    char kind;            /* M: month, week, weekday; J: 1..365; 0: 0..365 */
    int month, week, day; /* week 5: the last */
    int32_t time;         /* seconds after midnight; may be of another day */
};

struct zone_rule {
    int32_t offset;        /* seconds ahead of UTC */
    bool has_summer;       /* then: */
    int32_t summer_offset; /* from begin to end */
    struct zone_day begin, end;
};

/* From here on the offset is that. */
struct zone_change {
    int64_t at;
    int32_t offset;
};

/* False: text is none. */
MUST_CHECK bool zone_rule_parse(struct zone_rule *r, const char *text);
/* The two changes of a year, in order; only if it has summer time. */
void zone_rule_year(const struct zone_rule *r, int64_t year,
                    struct zone_change changes[2]);

#endif

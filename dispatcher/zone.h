/*
 * A time zone: how far local time is ahead of UTC, and when that changes.
 * Several may be in use at once, and threads of the program read its
 * environment, so that tzset(3) will not do: the files of tzdata (RFC 8536)
 * are read here, with the rule at their end (POSIX's TZ) for the years after
 * the table.
 *
 * Must not know schedules.
 */
#ifndef DISPATCHER_ZONE_H
#define DISPATCHER_ZONE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/mem.h"

struct zone;

/* A time with one offset: from start up to, not including, end; seconds since
 * 1970. INT64_MIN, INT64_MAX: for ever. */
struct zone_span {
    int64_t start, end;
    int32_t offset; /* seconds ahead of UTC */
    int32_t before; /* the offset of the time before start */
};

/* By its name (Europe/Rome); NULL: this machine's. NULL and *error (free()) if
 * there is none of that name. */
MUST_CHECK struct zone *zone_open(const char *name, char **error);
/* From the bytes of a file, or from a rule (CET-1CEST,M3.5.0,M10.5.0/3); NULL
 * if they are none. */
MUST_CHECK struct zone *zone_from_file(const void *bytes, size_t len);
MUST_CHECK struct zone *zone_from_rule(const char *text);
void zone_free(struct zone *z); /* NULL is fine */

void zone_span_at(const struct zone *z, int64_t t, struct zone_span *span);
/* The first time at which the zone's clocks show so many seconds since 1970;
 * where they skip it, the end of the gap. */
int64_t zone_from_local(const struct zone *z, int64_t local);

#endif

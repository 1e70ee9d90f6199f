/*
 * Times as people write them: when a job is to start, and again and again.
 *
 *   2026-11-22T09:30:00Z, 2026-11-22T10:30+01:00   RFC 3339
 *   2026-11-22T10:30                               in the zone that is meant
 *   10:30, 10:30:15                                the next such time there
 *   +90s, +1h                                      from now on
 *
 *   10m                                            every so long
 *   [TZ=Europe/Rome] 30 4 * * mon-fri              see cron.h
 *
 * Pure, but for the zone's file; milliseconds since 1970.
 */
#ifndef DISPATCHER_WHEN_H
#define DISPATCHER_WHEN_H

#include <stdbool.h>
#include <stdint.h>

#include "dispatcher/cron.h"
#include "lib/buf.h"
#include "lib/mem.h"

#define WHEN_YEAR_MIN 1970
#define WHEN_YEAR_MAX 9999

/* False if text is no time; zone is what is meant where text names none. */
MUST_CHECK bool when_parse(const char *text, int64_t now,
                           const struct zone *zone, int64_t *ms);
/* In UTC, as RFC 3339; with milliseconds unless they are none. */
void when_write(int64_t ms, struct buf *out);

/* A time that comes again. */
struct every {
    int64_t interval; /* ms; 0: by cron in zone */
    struct cron cron;
    struct zone *zone; /* owned */
};

/* NULL, or why not (free()); in either case every_free(). */
MUST_CHECK char *every_parse(struct every *e, const char *text);
void every_free(struct every *e);
/* The next after that one. Intervals are counted from the anchor, which is the
 * first. False: there is none. */
MUST_CHECK bool every_next(const struct every *e, int64_t anchor, int64_t after,
                           int64_t *next);

/* What is due of a time that comes again. */
struct every_due {
    unsigned before; /* that were due before the newest */
    bool many;       /* there were more than that: they were not counted */
    bool has_newest;
    int64_t newest;
    bool has_next;
    int64_t next; /* > now */
};
#define EVERY_COUNTED 1000

/* Those after settled, up to now. */
void every_due(const struct every *e, int64_t anchor, int64_t settled,
               int64_t now, struct every_due *due);

#endif

/*
 * What a plugin says on descriptor 3: bytes in, calls out. A line is words, as
 * everywhere:
 *
 *   state ok|skipped|failed|unreachable|changed     how it ended
 *   result JSON                                     one of its results
 *   progress PERCENT TEXT                           how far it is
 *   set ATTR VALUE                                  a fact about the host
 *
 * JSON stands as one quoted word, or as it is to the end of the line. What is
 * none of these is a mistake: the first one is kept, for the job's end, and the
 * rest is read on.
 *
 * Pure: must not know jobs, pipes or time.
 */
#ifndef MUSTER_WORKER_REPORT_H
#define MUSTER_WORKER_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"

#define REPORT_RESULT_MAX (1UL << 20) /* bytes of one result */
#define REPORT_SETS_MAX   64          /* facts of one job */
#define REPORT_VALUE_MAX  1024        /* bytes of a fact */
#define REPORT_TEXT_MAX   512         /* of a progress: the rest is left out */

struct report {
    struct buf held;    /* a line whose LF is still to come */
    bool too_long;      /* … which is not kept any more */
    int state;          /* -1: it said none */
    unsigned sets;      /* facts so far */
    unsigned long line; /* number of the line that comes */
    char *wrong;        /* owned: the first mistake, for people; NULL: none */
};

struct report_handler {
    /* json is len bytes of valid JSON without LF. */
    void (*result)(void *arg, const char *json, size_t len);
    void (*progress)(void *arg, unsigned percent, const char *text, size_t len);
    void (*set)(void *arg, const char *attr, const char *value);
};

void report_init(struct report *r);
void report_free(struct report *r);
void report_feed(struct report *r, const char *bytes, size_t len,
                 const struct report_handler *h, void *arg);
/* The stream has ended: a last line may do without its LF. */
void report_end(struct report *r, const struct report_handler *h, void *arg);

#endif

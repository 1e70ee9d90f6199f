/*
 * One stream of a job, bytes in, lines out: every LF ends a line; text that
 * waits for its LF longer than the owner likes, or grows too long, is told as
 * a part. Any byte but LF passes through.
 *
 * Must not know pipes, jobs or time.
 */
#ifndef MUSTER_WORKER_CAPTURE_H
#define MUSTER_WORKER_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"

struct capture {
    struct buf held; /* text that is not yet told: no LF in it */
    size_t max;      /* longest text told at once, bytes */
};

/* whole: a line without its LF. Not: its LF is still to come. */
typedef void capture_fn(void *arg, bool whole, const char *text, size_t len);

void capture_feed(struct capture *c, const char *bytes, size_t len,
                  capture_fn *tell, void *arg);
/* Tells what is held as a part. */
void capture_flush(struct capture *c, capture_fn *tell, void *arg);
void capture_free(struct capture *c);

static inline bool capture_holds(const struct capture *c)
{
    return buf_len(&c->held) > 0;
}

#endif

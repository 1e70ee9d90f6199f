/*
 * What a job's processes write, as its monitor reads it: bytes of pipes in,
 * lines of the record out. This is where bytes of a job are first seen, and
 * where its secrets are taken out of them:
 *
 *   stdout, stderr  --read--> mask --> capture --> out, part lines
 *   descriptor 3    --read--> mask --> report  --> result, progress lines
 *
 * Must not know who is told.
 */
#ifndef MUSTER_WORKER_OUTPUT_H
#define MUSTER_WORKER_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/mask.h"
#include "worker/capture.h"
#include "worker/record.h"
#include "worker/report.h"

enum output_stream {
    OUTPUT_STDOUT,
    OUTPUT_STDERR,
    OUTPUT_REPORT,
    OUTPUT_STREAMS
};
#define OUTPUT_TEXTS 2 /* the first two are text */

struct output_setup {
    size_t part;             /* longest text of one line, bytes */
    uint64_t most;           /* bytes of text that it may write; 0: any */
    bool report;             /* there is a descriptor 3 */
    const struct mask *mask; /* of secrets; NULL: there are none */
    /* A fact about this host. */
    void (*fact)(void *arg, const char *attr, const char *value);
    void *arg;
};

struct output {
    struct record *record;
    int fds[OUTPUT_STREAMS]; /* our ends of the pipes; -1: closed */
    struct output_setup setup;
    struct mask_stream masked[OUTPUT_STREAMS];
    struct capture capture[OUTPUT_TEXTS];
    struct report report;
    struct buf progress; /* PERCENT TEXT, the latest, not told yet */
    uint64_t text;       /* bytes of text that came */
    uint64_t hold_ms;    /* when what waits for more is told; 0: nothing does */
    uint64_t heard_ms;   /* last output, or the end of a pause */
    uint64_t paused_ms;  /* since when it is not read; 0: it is */
};

/* Makes the pipes; ends gets those for the job, -1 for none. False and
 * errno. */
bool output_open(struct output *o, struct record *record,
                 const struct output_setup *setup, uint64_t now,
                 int ends[OUTPUT_STREAMS]);

/* One of the pipes is readable. */
void output_read(struct output *o, enum output_stream stream, uint64_t now);
/* Stops reading when the record is full, and goes on when it is not. */
void output_pace(struct output *o, uint64_t now);
/* Tells what has waited long enough for its LF. */
void output_step(struct output *o, uint64_t now);
/* Nobody of the job writes any more: what is there now is the rest. An outsider
 * may hold the other end open, so its close is not waited for. */
void output_rest(struct output *o);

/* True once it has written more than it may: the rest is not told. */
bool output_is_over(const struct output *o);
/* For how long it has said nothing although it could, ms. */
uint64_t output_quiet(const struct output *o, uint64_t now);

#endif

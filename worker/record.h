/*
 * What a job has said, as its monitor keeps it: lines of the wire, numbered
 * from 1, until the worker has been sent them. Places in it are offsets in
 * bytes from the first line.
 *
 *   0 ...... acked ...... sent ...... end
 *     forgotten     worker's     still to be sent
 *
 * Must not know sockets, nor what a line says.
 */
#ifndef MUSTER_WORKER_RECORD_H
#define MUSTER_WORKER_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"

struct record {
    const char *jid;
    uint64_t last;    /* number of the newest line; 0: none yet */
    uint64_t end;     /* behind the newest line */
    uint64_t sent;    /* the worker has been sent all before */
    uint64_t acked;   /* the dispatcher has all before */
    size_t window;    /* bytes that may be sent and not acked */
    uint64_t whole;   /* what was begun within the window is sent up to here */
    bool over;        /* the last line is there */
    struct buf lines; /* from sent to end, and what is being written */
};

void record_init(struct record *r, const char *jid, size_t window);

/* Begins the next line: WORD JID SEQ; write the rest of it, then
 * record_line_end(). */
struct buf *record_line(struct record *r, const char *word);
/* Begins the last line, whose words are all the caller's. */
struct buf *record_last_line(struct record *r);
void record_line_end(struct record *r);

/* The lines from that offset on belong together: if the first of them may be
 * sent now, all may. */
void record_together(struct record *r, uint64_t from);

/* Whether the job has to wait before it may say more. */
bool record_is_full(const struct record *r);
/* The next lines that may be sent: whole ones, up to max bytes or one longer
 * line; 0: none. Told with record_sent() that they were. */
size_t record_next(const struct record *r, size_t max, const char **lines);
void record_sent(struct record *r, size_t len);
/* The dispatcher has all before that offset. */
void record_acked(struct record *r, uint64_t offset);

static inline bool record_is_sent(const struct record *r)
{
    return r->sent == r->end;
}

#endif

/*
 * What a job has said, as its monitor keeps it: lines of the wire, numbered
 * from 1, until the worker has been sent them and the dispatcher has them.
 * Places in it are offsets in bytes from the first line.
 *
 *   0 ...... acked ...... sent ...... end
 *     forgotten     worker's     still to be sent
 *
 * With a file (spool_file.h) every line is written there before it is sent,
 * and the job waits only when that has grown too large; without one, when the
 * worker takes no more. When the disk is full what the job says is counted and
 * left out, and a line says so once there is room.
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
    uint64_t written; /* the file has all before */
    uint64_t sent;    /* the worker has been sent all before */
    uint64_t acked;   /* the dispatcher has all before */
    uint64_t origin;  /* where this worker began to be sent lines */
    size_t window;    /* bytes that may be sent and not acked */
    uint64_t whole;   /* what was begun within the window is sent up to here */
    bool over;        /* the last line is there */
    struct buf lines; /* those from `from` on, and what is being written */
    uint64_t from;
    /* with a file */
    int fd;            /* -1: none */
    uint64_t base;     /* the file's offset of the first line */
    uint64_t punched;  /* the file's offset up to which it is a hole */
    size_t size;       /* bytes of the file that are not acked, at most */
    int failing;       /* errno of the last write; 0: all is well */
    uint64_t retry_ms; /* when it is tried again; 0: it need not be */
    uint64_t cut[2];   /* bytes of stdout and stderr left out, not told yet */
    uint64_t cut_all;  /* ... and all in all */
};

void record_init(struct record *r, const char *jid, size_t window);
/* Keeps its lines in that file, too, from offset base on. */
void record_to_file(struct record *r, int fd, uint64_t base, size_t size);
void record_free(struct record *r);

/* Begins the next line: WORD JID SEQ; write the rest of it, then
 * record_line_end(). */
struct buf *record_line(struct record *r, const char *word);
/* Begins the last line, whose words are all the caller's. */
struct buf *record_last_line(struct record *r);
void record_line_end(struct record *r);

/* Writes what the file has not, if it is time for that. */
void record_write(struct record *r, uint64_t now);
/* The disk is full: so much of a stream is left out. False: it is not full. */
bool record_cut(struct record *r, int stream, size_t len);
/* A line for what was left out since the last one. */
void record_tell_cut(struct record *r);

/* The lines from that offset on belong together: if the first of them may be
 * sent now, all may. */
void record_together(struct record *r, uint64_t from);

/* Whether the job has to wait before it may say more. */
bool record_is_full(const struct record *r);
/* The next lines that may be sent: whole ones, up to max bytes or one longer
 * line; 0: none. Told with record_sent() that they were. */
size_t record_next(struct record *r, size_t max, const char **lines);
void record_sent(struct record *r, size_t len);
/* The dispatcher has all before that offset, as the worker counts. */
void record_acked(struct record *r, uint64_t offset);
/* Another worker is there: it wants the lines behind that one. */
void record_seek(struct record *r, uint64_t seq);

static inline bool record_is_sent(const struct record *r)
{
    return r->sent == r->end;
}

#endif

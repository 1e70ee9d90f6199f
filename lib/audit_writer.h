/*
 * audit_writer: the thread that puts the audit log on disk, and the queue
 * before it. The loop adds bodies of lines and never waits but for a lock that
 * is held while two pointers are swapped; the thread takes all there is, makes
 * a chain of it, writes it, and sees to it that it reaches the disk in time.
 * What cannot be written is kept and tried again each second, while the queue
 * fills up behind it.
 *
 *   loop     audit_writer_add()    --> [queue, bounded] --> thread
 *            audit_writer_counts() <-- what became of it <--'
 *            `news` is called on the loop when that has changed for the worse
 *            or the better
 *
 * It must not know what is in a line.
 */
#ifndef MUSTER_LIB_AUDIT_WRITER_H
#define MUSTER_LIB_AUDIT_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/audit_file.h"
#include "lib/loop.h"
#include "lib/mem.h"

struct audit_writer;

struct audit_counts {
    uint64_t lines;  /* written */
    uint64_t lost;   /* dropped: the queue was full */
    uint64_t errors; /* writes, syncs and openings that failed */
    uint64_t syncs;
    uint64_t queued; /* bytes that wait */
    int failing;     /* errno of the last write or sync; 0: all is well */
    int closed;      /* ... of the last audit_writer_reopen(); 0: it opened */
};

struct audit_writer_settings {
    size_t queue;     /* bytes of bodies that may wait */
    uint64_t sync_ms; /* a line is on the disk so much later at most */
};

/* Takes over the open file. NULL if there can be no thread: then f is still
 * the caller's. */
MUST_CHECK struct audit_writer *
audit_writer_new(struct loop *l, const struct audit_file *f,
                 const struct audit_writer_settings *settings,
                 void (*news)(void *arg), void *arg);
void audit_writer_configure(struct audit_writer *w,
                            const struct audit_writer_settings *settings);
/* False: it was dropped, and is counted. */
bool audit_writer_add(struct audit_writer *w, const char *body, size_t len);
/* Whether so long a body would be dropped. */
bool audit_writer_is_full(struct audit_writer *w, size_t len);
/* Has the file opened again. */
void audit_writer_reopen(struct audit_writer *w);
void audit_writer_counts(struct audit_writer *w, struct audit_counts *counts);
/* Waits until all is written, or cannot be; returns how many lines are lost
 * now. Frees w and closes the file. */
uint64_t audit_writer_free(struct audit_writer *w);

#endif

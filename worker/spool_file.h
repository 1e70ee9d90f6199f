/*
 * The file of a job in the spool: who it is, that it was started, and then its
 * lines as the dispatcher is told them.
 *
 *   begin JID OP BY BOOT
 *   start PID
 *   out JID 1 stdout hello
 *   exit JID 2 0 state 0 …
 *
 * What the dispatcher has may be a hole, behind the first block. A crash may
 * have left half a line at the end, and a loss of power anything. So lines
 * count only as a run of numbers without a gap, the last one there is.
 *
 * Must not know who writes it.
 */
#ifndef MUSTER_WORKER_SPOOL_FILE_H
#define MUSTER_WORKER_SPOOL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/buf.h"

#define SPOOL_HEAD_MAX 4096 /* bytes before the first line */

struct spool_look {
    bool started;  /* its process may have run */
    char op[64];   /* which operation */
    char by[128];  /* for whom its dispatcher speaks */
    char boot[40]; /* of the machine, as it was made */
    uint64_t base; /* offset of the first line */
    uint64_t last; /* number of the newest line; 0: none */
    uint64_t end;  /* offset behind it */
    char *exit;    /* owned: the exit line, without LF; NULL: it has none */
};

/* Writes the first line. */
void spool_file_begin(struct buf *out, const char *jid, const char *op,
                      const char *by, const char *boot);
/* Reads what there is to know. False: it is no such file, or unreadable. */
bool spool_file_look(int fd, const char *jid, struct spool_look *look);
void spool_look_free(struct spool_look *look);

/* Where the first kept line behind line seq is, or will be; its number is
 * *seq + 1 then. */
uint64_t spool_file_seek(int fd, const char *jid, uint64_t base, uint64_t *seq);
/* Appends whole lines from that offset on: about max bytes, but one line if
 * there is any. Returns their bytes. */
size_t spool_file_read(int fd, uint64_t at, size_t max, struct buf *out);

/* The number of a line WORD JID SEQ …, or 0. Pure. */
uint64_t spool_line_number(const char *line, size_t len, const char *jid);
/* What an image of such a file holds: for spool_file_look(), and for whoever
 * wants to try it. Pure. */
bool spool_head_parse(const char *bytes, size_t len, const char *jid,
                      struct spool_look *look);

#endif

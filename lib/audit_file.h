/*
 * audit_file: the file that an audit log is written to, and where its chain
 * stands. Beside PATH lies PATH.last with the number and the hash of the last
 * line, as a chain would be: it is what the chain goes on from when PATH was
 * renamed away while no daemon ran, it tells when lines are missing from the
 * end of PATH, and it is locked, so that one daemon writes a log and no more.
 *
 *   open -> [torn line ended] -> add... -> flush -> add... -> flush
 *                                            `-> failed: kept for the next
 *
 * What fails to be written in part is taken back: a file holds whole lines
 * unless the machine stopped. Called by the thread that may wait for a disk; it
 * must not know the log, the loop or who writes.
 */
#ifndef MUSTER_LIB_AUDIT_FILE_H
#define MUSTER_LIB_AUDIT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/audit_chain.h"
#include "lib/buf.h"
#include "lib/mem.h"

struct audit_file {
    char *path, *last_path; /* owned */
    int fd, last_fd;        /* last_fd holds the lock */
    struct audit_chain chain;
    struct buf pending; /* whole lines that are not in the file yet */
    bool unsynced;      /* written since the last audit_file_sync() */

    /* what audit_file_open() found */
    size_t torn; /* bytes of a line that a crash tore; 0: none */
    char torn_hash[AUDIT_HASH_LEN + 1];
    uint64_t missing; /* lines that PATH.last knows of and PATH has no more */
    bool replaced;    /* the last line is another one than PATH.last knows of */
};

/* NULL, or what is wrong (owned by the caller). Only after NULL there is
 * anything to close. */
MUST_CHECK char *audit_file_open(struct audit_file *f, const char *path);
/* The next line of the chain; it is written by audit_file_flush(). */
void audit_file_add(struct audit_file *f, const char *body, size_t len);
/* False, and errno, if some of it is still pending. */
MUST_CHECK bool audit_file_flush(struct audit_file *f);
/* What was written is on the disk; false, and errno, if that failed. */
MUST_CHECK bool audit_file_sync(struct audit_file *f);
/* Opens PATH anew, after it was renamed away. False, errno, and the old one
 * stays, if that fails. */
MUST_CHECK bool audit_file_reopen(struct audit_file *f);
/* What is pending is lost. */
void audit_file_close(struct audit_file *f);

#endif

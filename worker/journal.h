/*
 * What a job has said: lines of the wire, numbered from 1, kept until the
 * dispatcher has stored them. One reader takes them in order; it may be set
 * back to any line that is still kept, which is how nothing is lost and
 * nothing doubled when a link breaks.
 *
 * Must not know links, jobs or what a line says; only that a line is one LF.
 */
#ifndef MUSTER_WORKER_JOURNAL_H
#define MUSTER_WORKER_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/mem.h"

struct journal_chunk;

struct journal {
    struct journal_chunk *first, *last_chunk; /* owned */
    struct journal_chunk *at; /* where the reader is; NULL: there is none */
    size_t at_pos;            /* offset of its next line in there */
    uint64_t at_seq;          /* number of its next line */
    uint64_t last;            /* number of the newest line; 0: none yet */
    uint64_t acked;           /* lines up to here are forgotten */
    size_t bytes;             /* of the lines that are kept */
};

void journal_init(struct journal *j);
/* Forgets every line; numbers go on. */
void journal_clear(struct journal *j);

/* The same, and they go on behind that number. */
void journal_restart(struct journal *j, uint64_t seq);

/*
 * Adds a line: write it, without its LF, to what journal_begin() returns, then
 * journal_end(). Its number is j->last + 1.
 */
struct buf *journal_begin(struct journal *j);
void journal_end(struct journal *j);
/* Adds whole lines, the first of which has that number. */
void journal_add(struct journal *j, const char *lines, size_t len);

/* The lines up to and with seq may be forgotten. False: there are none such. */
MUST_CHECK bool journal_ack(struct journal *j, uint64_t seq);
/* Sets the reader behind line seq. False: there is no such line. What is
 * already forgotten stays so: the reader goes to the first line kept. */
MUST_CHECK bool journal_seek(struct journal *j, uint64_t seq);

/* Whether the reader has lines to come. */
bool journal_has_more(const struct journal *j);
/* Appends the reader's next lines to out: whole ones, at least one if there
 * is any, and no more than about max bytes. */
void journal_take(struct journal *j, struct buf *out, size_t max);

#endif

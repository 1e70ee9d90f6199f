/*
 * A job's life in bytes, as a store keeps it: entries, one behind the other.
 * An event is one, and so are the fields of one of its tasks as they are from
 * there on (keep.h):
 *
 *   letter  what it is: one for each kind of event, T for fields, H for the
 *           history of the job or of a task as it is from there on
 *   length  of what follows, so that a kind that is not known is passed over
 *   then    an event: its number, its time, its host's index and one (0: none);
 *           of output: stream, offset, SEQ of the worker, and the text;
 *           of an end: how many bytes came in each stream; else the text (of
 *           a submit: the hosts, in words)
 *           T: the index of the task and one, then its pairs
 *           H: the same, or 0 for the job, then the history as text
 *
 * Numbers are 7 bits a byte, the lowest first, the last below 128. Letters are
 * for ever. Pure: must not know where entries are kept.
 */
#ifndef DISPATCHER_JOBLOG_H
#define DISPATCHER_JOBLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dispatcher/events.h"
#include "dispatcher/job.h"
#include "lib/buf.h"
#include "lib/mem.h"

enum joblog_what { JOBLOG_EVENT, JOBLOG_TASK, JOBLOG_HISTORY, JOBLOG_UNKNOWN };

/* One entry; texts are in the bytes that were read. */
struct joblog_entry {
    enum joblog_what what;
    enum event_kind kind; /* JOBLOG_EVENT */
    uint64_t seq;
    int64_t ms;
    bool has_index;
    uint32_t index; /* of the host */
    unsigned stream;
    uint64_t offset;
    uint64_t worker_seq;
    uint64_t offsets[EVENT_STREAMS]; /* EVENT_EXIT */
    bool tail; /* it stood among its host's tail; not in the bytes */
    const char *text;
    size_t len;
};

/* Appends an event. */
void joblog_add_event(struct buf *out, const struct joblog_entry *e);
/* ... or the fields of a task. */
void joblog_add_task(struct buf *out, const struct task *t);
/* ... or its history, or that of the job; nothing if there is none. */
void joblog_add_history(struct buf *out, bool of_task, unsigned index,
                        const struct history *h);

/* The event that an entry (JOBLOG_EVENT) tells of; its host, where it has one,
 * and its text (but for the hosts of EVENT_SUBMIT) are borrowed. */
struct event_past joblog_past(const struct joblog_entry *e,
                              const struct job *j);

/* The next entry; false: there is none, or *left bytes that are none. */
MUST_CHECK bool joblog_next(const char **at, size_t *left,
                            struct joblog_entry *e);

#endif

/*
 * The life of one task, or of one job before it has tasks: what happened to
 * it, in order, each with the wall clock's time, so that "why JID HOST" can
 * answer instead of a debug log. The code that does a thing notes it here.
 *
 * It is bounded: of more than HISTORY_MAX entries the first half and the last
 * half stay, and how many are gone is told. A task without a history costs a
 * pointer; an entry costs its text and eleven bytes. Times are those of the
 * wall clock, for people: they jump when it does, the order does not.
 *
 * Pure: must not know jobs, the store or faces; who adds says when.
 */
#ifndef DISPATCHER_HISTORY_H
#define DISPATCHER_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/mem.h"

#define HISTORY_MAX      64  /* entries */
#define HISTORY_TEXT_MAX 240 /* bytes of an entry's text; more is cut */

/* What happened; the words are those of history_kind_text(). */
enum history_kind {
    HISTORY_SUBMITTED, /* by whom */
    HISTORY_HELD,      /* until when, or after which job */
    HISTORY_MATCHED,   /* why this host is in the set */
    HISTORY_WAITS,     /* for what; said again only when that changes */
    HISTORY_SENT,      /* to which worker: attempt, fence */
    HISTORY_ACCEPTED,  /* by the worker */
    HISTORY_OUTPUT,    /* the first of it */
    HISTORY_REFUSED,   /* why */
    HISTORY_REQUEUED,  /* why it waits again */
    HISTORY_LINK,      /* to the worker broke, or is back */
    HISTORY_RESUMED,   /* from which line */
    HISTORY_LOST,      /* why */
    HISTORY_CANCELLED, /* by whom */
    HISTORY_PAUSED,    /* or resumed, as the text says */
    HISTORY_RESTARTED, /* the dispatcher was started anew */
    HISTORY_ENDED,     /* reason, rc */
    HISTORY_LATE,      /* a word after its end */
    HISTORY_MISSED     /* ticks of a schedule that did not run */
};
#define HISTORY_KINDS 18

struct history; /* NULL: nothing happened yet */

struct history_entry {
    int64_t ms; /* since 1970 */
    enum history_kind kind;
    const char *text; /* len bytes, no NUL behind them */
    size_t len;
    unsigned gone; /* entries that stood before this one */
};

const char *history_kind_text(enum history_kind k);

/* Appends; makes *h if it must. */
void history_put(struct history **h, int64_t ms, enum history_kind kind,
                 const char *text, size_t len);
/* Appends what happens now. */
void history_note(struct history **h, enum history_kind kind, const char *fmt,
                  ...) __attribute__((format(printf, 3, 4)));

void history_stamp(struct history **h, enum history_kind kind);

/* The same for a task or a job, whose field is called history; mark: without a
 * text. */
#define history_add(owner, ...)   history_note(&(owner)->history, __VA_ARGS__)
#define history_mark(owner, kind) history_stamp(&(owner)->history, kind)

unsigned history_count(const struct history *h); /* entries that are there */
/* Walks: *pos begins with 0; false after the last. */
bool history_next(const struct history *h, size_t *pos,
                  struct history_entry *e);
size_t history_cost(const struct history *h); /* bytes of memory */
void history_free(struct history *h);

/* As text for a store: "MS KIND TEXT" lines; NULL writes nothing. */
void history_write(const struct history *h, struct buf *out);
/* Reads that again; what is not understood is left out. NULL: nothing. */
struct history *history_read(const char *text, size_t len);

#endif

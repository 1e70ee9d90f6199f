/*
 * The event loop of a daemon, or an attachment to a caller's: timers, signals
 * and the settling step. Work that must not happen inside a callback (writing
 * out, freeing closed connections, telling waiters) is asked for with
 * loop_settle() and runs once after the events at hand.
 *
 * With conn.c, dial.c and listen.c the only place that knows libevent. Must
 * not know what is settled.
 */
#ifndef MUSTER_LIB_LOOP_H
#define MUSTER_LIB_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/time.h>

#include "lib/metrics.h"

struct event_base;
struct resolver;
struct loop;
struct loop_timer;
struct loop_signal;

typedef void loop_fn(void *arg);

/* What libevent has to complain of, a line without its end, is said by that one
 * and not on stderr; NULL: by nobody. Of the whole process: for programs, not
 * for a library in one. */
void loop_complaints(void (*say)(const char *text));

/* base NULL: a base of its own, freed with the loop. NULL on failure. */
struct loop *loop_new(struct event_base *base);
void loop_free(struct loop *l);
struct event_base *loop_base(const struct loop *l);
/* Runs until loop_stop(). */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);

/* Monotonic time in milliseconds. */
uint64_t loop_now(const struct loop *l);
/* From now on loop_now() is the time at which the callback at hand began: for a
 * program whose every callback comes through this loop. */
void loop_cache_clock(struct loop *l);
/* Looks at the clock: each of our callbacks from libevent begins with it. */
void loop_refresh(struct loop *l);
/* Monotonic time in milliseconds, exact. */
uint64_t loop_clock(void);
/* Seconds since the callback at hand began; 0 where nobody looks at the clock
 * then (neither loop_cache_clock() nor loop_count()). */
double loop_elapsed(const struct loop *l);

/* What a loop does, counted from loop_count() on; c stays the caller's. A turn
 * is what happens from the first callback that wants something settled to the
 * end of the settling step. */
struct loop_counts {
    uint64_t tasks;        /* settled */
    struct histogram busy; /* seconds of the turns */
};
void loop_count(struct loop *l, struct loop_counts *c);

/*
 * A job in the settling step: fn runs once after the current events, however
 * often it was asked for. The struct is the owner's; zero it first.
 */
struct loop_task {
    loop_fn *fn;
    void *arg;
    struct loop_task *next, *prev; /* on one of the loop's lists ... */
    bool queued;                   /* ... while this is true */
    bool later;                    /* on that of the next turn */
};
void loop_settle(struct loop *l, struct loop_task *task);
/* The same, but in the next turn of the loop: after others had theirs. */
void loop_later(struct loop *l, struct loop_task *task);

/* Who has had much done in this turn says so; how many said so in the turn
 * before, to whom they may leave some of theirs. */
void loop_was_busy(struct loop *l);
unsigned loop_crowd(const struct loop *l);
/* Takes it off either list again (its owner dies). */
void loop_unsettle(struct loop *l, struct loop_task *task);

/* Runs what asked to be settled, now: for the end of a program. */
void loop_settle_all(struct loop *l);

/* fn runs when the loop is freed, unless it is taken off before: for objects
 * that live on by themselves, as a connection that lingers. */
void loop_at_free(struct loop *l, struct loop_task *task);
void loop_not_at_free(struct loop *l, struct loop_task *task);

/* A one-shot timer, off until it is set; loop_timer_set() sets it anew. */
struct loop_timer *loop_timer_new(struct loop *l, loop_fn *fn, void *arg);
void loop_timer_set(struct loop_timer *t, uint64_t ms);
void loop_timer_off(struct loop_timer *t);
bool loop_timer_is_set(const struct loop_timer *t);
void loop_timer_free(struct loop_timer *t); /* NULL is fine */

/* fn is called in the settling step: once, however often the signal came. */
struct loop_signal *loop_signal_new(struct loop *l, int signo, loop_fn *fn,
                                    void *arg);
void loop_signal_free(struct loop_signal *s);

/* A descriptor: fn when it is readable (or writable). */
struct loop_fd;
struct loop_fd *loop_fd_new(struct loop *l, int fd, bool write, loop_fn *fn,
                            void *arg);
void loop_fd_on(struct loop_fd *f);
void loop_fd_off(struct loop_fd *f);
void loop_fd_free(struct loop_fd *f); /* does not close fd; NULL is fine */

/* The resolver, made at first use; it does not keep the loop running. */
struct resolver *loop_resolver(struct loop *l);

#endif

#include "t/unit/fake_time.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

#define TIMERS_MAX 256
#define TURNS      20 /* of the loop, until all is quiet */

struct fake_timer {
    struct event *event;
    uint64_t due_ms;
    uint64_t order; /* among those due at once */
};

static struct fake_timer timers[TIMERS_MAX];
static unsigned timer_count, fired;
static uint64_t now_ms = 1000000, orders;

int __wrap_clock_gettime(clockid_t id, struct timespec *ts);
int __real_clock_gettime(clockid_t id, struct timespec *ts);
int __wrap_event_add(struct event *ev, const struct timeval *tv);
int __real_event_add(struct event *ev, const struct timeval *tv);
int __wrap_event_del(struct event *ev);
int __real_event_del(struct event *ev);
int __wrap_event_pending(const struct event *ev, short what,
                         struct timeval *tv);
int __real_event_pending(const struct event *ev, short what,
                         struct timeval *tv);

static int64_t wall_ms; /* how far the wall clock was set */

void wall_steps(int64_t ms)
{
    wall_ms += ms;
}

int __wrap_clock_gettime(clockid_t id, struct timespec *ts)
{
    int result;

    if (id != CLOCK_MONOTONIC) {
        result = __real_clock_gettime(id, ts);
        ts->tv_sec += (time_t)(wall_ms / 1000);
        return result;
    }
    ts->tv_sec = (time_t)(now_ms / 1000);
    ts->tv_nsec = (long)(now_ms % 1000) * 1000000;
    return 0;
}

static struct fake_timer *timer_of(const struct event *ev)
{
    unsigned i;

    for (i = 0; i < timer_count; i++)
        if (timers[i].event == ev)
            return &timers[i];
    return NULL;
}

/* A timer of no time is a matter of this moment: libevent's. */
int __wrap_event_add(struct event *ev, const struct timeval *tv)
{
    struct fake_timer *t;

    if (!tv || (!tv->tv_sec && !tv->tv_usec))
        return __real_event_add(ev, tv);
    t = timer_of(ev);
    if (!t) {
        assert_true(timer_count < TIMERS_MAX);
        t = &timers[timer_count++];
    }
    t->event = ev;
    t->due_ms =
        now_ms + (uint64_t)tv->tv_sec * 1000 + (uint64_t)tv->tv_usec / 1000;
    t->order = ++orders;
    return 0;
}

static void timer_forget(struct fake_timer *t)
{
    *t = timers[--timer_count];
}

int __wrap_event_del(struct event *ev)
{
    struct fake_timer *t = timer_of(ev);

    if (t)
        timer_forget(t);
    return __real_event_del(ev);
}

int __wrap_event_pending(const struct event *ev, short what, struct timeval *tv)
{
    if ((what & EV_TIMEOUT) && timer_of(ev))
        return EV_TIMEOUT;
    return __real_event_pending(ev, what, tv);
}

void turns(struct loop *l)
{
    int i;

    for (i = 0; i < TURNS; i++)
        event_base_loop(loop_base(l), EVLOOP_NONBLOCK);
}

static struct fake_timer *timer_first(uint64_t until)
{
    struct fake_timer *t, *first = NULL;

    for (t = timers; t < timers + timer_count; t++)
        if (t->due_ms <= until &&
            (!first || t->due_ms < first->due_ms ||
             (t->due_ms == first->due_ms && t->order < first->order)))
            first = t;
    return first;
}

void time_passes(struct loop *l, uint64_t ms)
{
    uint64_t until = now_ms + ms;
    struct fake_timer *t;
    struct event *ev;

    turns(l);
    while ((t = timer_first(until))) {
        if (t->due_ms > now_ms)
            now_ms = t->due_ms;
        ev = t->event;
        timer_forget(t);
        fired++;
        event_active(ev, EV_TIMEOUT, 0);
        turns(l);
    }
    now_ms = until;
    turns(l);
}

unsigned timers_set(void)
{
    return timer_count;
}

unsigned timers_fired(void)
{
    return fired;
}

#include "lib/loop.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>
#include <time.h>

#include "lib/mem.h"
#include "lib/resolver.h"

struct task_list {
    struct loop_task *first, *last;
};

struct loop {
    struct event_base *base;
    bool own_base;
    struct resolver *resolver;
    struct task_list settle; /* run after the events at hand */
    struct task_list later;  /* run in the next turn */
    struct task_list at_free;
    struct event settle_event;
    struct event later_event;
    bool cached;      /* loop_now() is now_ms */
    uint64_t now_ms;  /* as of the last loop_refresh() */
    uint64_t now_us;  /* the same */
    uint64_t turn_us; /* when the callback began that wants to be settled */
    struct loop_counts *counts; /* NULL: nobody counts */
    unsigned busy, crowd;       /* loop_was_busy() in this turn, in the last */
    bool settling; /* settle_event is active or its callback runs */
};

struct loop_timer {
    struct event event;
    struct loop *loop;
    loop_fn *fn;
    void *arg;
};

struct loop_signal {
    struct event event;
    struct loop *loop;
    loop_fn *fn;
    void *arg;
    struct loop_task task;
};

struct loop_fd {
    struct event event;
    struct loop *loop;
    loop_fn *fn;
    void *arg;
};

/* -- tasks ----------------------------------------------------------------- */

static void list_add(struct task_list *list, struct loop_task *t)
{
    t->next = NULL;
    t->prev = list->last;
    if (list->last)
        list->last->next = t;
    else
        list->first = t;
    list->last = t;
    t->queued = true;
}

static void list_remove(struct task_list *list, struct loop_task *t)
{
    *(t->prev ? &t->prev->next : &list->first) = t->next;
    *(t->next ? &t->next->prev : &list->last) = t->prev;
    t->next = t->prev = NULL;
    t->queued = false;
}

static uint64_t clock_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void loop_run_settle(evutil_socket_t fd, short what, void *arg)
{
    struct loop *l = arg;
    struct loop_task *t;
    uint64_t tasks = 0;

    (void)fd;
    (void)what;
    while ((t = l->settle.first)) {
        list_remove(&l->settle, t);
        t->fn(t->arg);
        tasks++;
    }
    l->settling = false;
    l->crowd = l->busy;
    l->busy = 0;
    if (l->counts && l->turn_us) {
        l->counts->tasks += tasks;
        histogram_add(&l->counts->busy,
                      (double)(clock_us() - l->turn_us) / 1e6);
        l->turn_us = 0;
    }
}

/* What is queued while it runs waits for the turn after. */
static void loop_run_later(evutil_socket_t fd, short what, void *arg)
{
    struct loop *l = arg;
    struct loop_task *t, *last = l->later.last;
    bool done = !last;

    (void)fd;
    (void)what;
    loop_refresh(l);
    while (!done && (t = l->later.first)) {
        done = t == last;
        list_remove(&l->later, t);
        loop_settle(l, t);
    }
}

void loop_settle(struct loop *l, struct loop_task *task)
{
    if (task->queued)
        return;
    task->later = false;
    list_add(&l->settle, task);
    if (!l->settling) {
        l->settling = true;
        l->turn_us = l->now_us;
        event_active(&l->settle_event, EV_TIMEOUT, 0);
    }
}

void loop_later(struct loop *l, struct loop_task *task)
{
    static const struct timeval now = {0, 0};

    if (task->queued)
        return;
    task->later = true;
    list_add(&l->later, task);
    event_add(&l->later_event, &now);
}

void loop_was_busy(struct loop *l)
{
    l->busy++;
}

unsigned loop_crowd(const struct loop *l)
{
    return l->crowd;
}

void loop_unsettle(struct loop *l, struct loop_task *task)
{
    if (task->queued)
        list_remove(task->later ? &l->later : &l->settle, task);
}

void loop_at_free(struct loop *l, struct loop_task *task)
{
    list_add(&l->at_free, task);
}

void loop_not_at_free(struct loop *l, struct loop_task *task)
{
    if (task->queued)
        list_remove(&l->at_free, task);
}

/* -- the loop -------------------------------------------------------------- */

static void (*complain)(const char *text);

static void on_complaint(int severity, const char *text)
{
    if (complain && severity != EVENT_LOG_DEBUG)
        complain(text);
}

void loop_complaints(void (*say)(const char *text))
{
    complain = say;
    event_set_log_callback(on_complaint);
}

struct loop *loop_new(struct event_base *base)
{
    struct loop *l = xcalloc(1, sizeof(*l));

    l->own_base = !base;
    l->base = base ? base : event_base_new();
    if (!l->base) {
        free(l);
        return NULL;
    }
    event_assign(&l->settle_event, l->base, -1, 0, loop_run_settle, l);
    event_assign(&l->later_event, l->base, -1, 0, loop_run_later, l);
    return l;
}

void loop_settle_all(struct loop *l)
{
    loop_run_settle(-1, 0, l);
    while (l->later.first) {
        loop_run_later(-1, 0, l);
        loop_run_settle(-1, 0, l);
    }
}

void loop_free(struct loop *l)
{
    struct loop_task *t;
    bool resolved;
    int turns;

    if (!l)
        return;
    loop_settle_all(l);
    while ((t = l->at_free.first)) {
        list_remove(&l->at_free, t);
        t->fn(t->arg);
    }
    event_del(&l->settle_event);
    event_del(&l->later_event);
    resolved = resolver_free(l->resolver);
    for (turns = 0; !resolved && l->own_base && turns < 3; turns++)
        event_base_loop(l->base, EVLOOP_NONBLOCK); /* its last answers */
    if (l->own_base)
        event_base_free(l->base);
    free(l);
}

struct event_base *loop_base(const struct loop *l)
{
    return l->base;
}

void loop_run(struct loop *l)
{
    event_base_dispatch(l->base);
}

void loop_stop(struct loop *l)
{
    event_base_loopbreak(l->base);
}

uint64_t loop_clock(void)
{
    return clock_us() / 1000;
}

void loop_refresh(struct loop *l)
{
    if (!l->cached && !l->counts)
        return;
    l->now_us = clock_us();
    l->now_ms = l->now_us / 1000;
}

double loop_elapsed(const struct loop *l)
{
    return l->now_us ? (double)(clock_us() - l->now_us) / 1e6 : 0;
}

void loop_count(struct loop *l, struct loop_counts *c)
{
    l->counts = c;
    loop_refresh(l);
}

uint64_t loop_now(const struct loop *l)
{
    return l->cached ? l->now_ms : loop_clock();
}

void loop_cache_clock(struct loop *l)
{
    l->cached = true;
    loop_refresh(l);
}

struct resolver *loop_resolver(struct loop *l)
{
    if (!l->resolver)
        l->resolver = resolver_new(l->base);
    return l->resolver;
}

/* -- timers, signals, descriptors ------------------------------------------ */

static void timer_fired(evutil_socket_t fd, short what, void *arg)
{
    struct loop_timer *t = arg;

    (void)fd;
    (void)what;
    loop_refresh(t->loop);
    t->fn(t->arg);
}

struct loop_timer *loop_timer_new(struct loop *l, loop_fn *fn, void *arg)
{
    struct loop_timer *t = xcalloc(1, sizeof(*t));

    t->loop = l;
    t->fn = fn;
    t->arg = arg;
    event_assign(&t->event, l->base, -1, 0, timer_fired, t);
    return t;
}

void loop_timer_set(struct loop_timer *t, uint64_t ms)
{
    struct timeval tv = {.tv_sec = (time_t)(ms / 1000),
                         .tv_usec = (suseconds_t)(ms % 1000) * 1000};

    /* libevent counts from when the callback at hand began, which may be long
     * ago (a fork on a busy machine): no timer fires early */
    event_base_update_cache_time(t->loop->base);
    event_add(&t->event, &tv);
}

void loop_timer_off(struct loop_timer *t)
{
    event_del(&t->event);
}

bool loop_timer_is_set(const struct loop_timer *t)
{
    return event_pending(&t->event, EV_TIMEOUT, NULL) != 0;
}

void loop_timer_free(struct loop_timer *t)
{
    if (!t)
        return;
    event_del(&t->event);
    free(t);
}

/* s may be freed in there. */
static void signal_settle(void *arg)
{
    struct loop_signal *s = arg;

    s->fn(s->arg);
}

/* libevent calls it as often as the signal came since the last turn: one look
 * at what it is about is enough for all of them. */
static void signal_came(evutil_socket_t fd, short what, void *arg)
{
    struct loop_signal *s = arg;

    (void)fd;
    (void)what;
    loop_refresh(s->loop);
    loop_settle(s->loop, &s->task);
}

struct loop_signal *loop_signal_new(struct loop *l, int signo, loop_fn *fn,
                                    void *arg)
{
    struct loop_signal *s = xcalloc(1, sizeof(*s));

    s->loop = l;
    s->fn = fn;
    s->arg = arg;
    s->task = (struct loop_task){.fn = signal_settle, .arg = s};
    event_assign(&s->event, l->base, signo, EV_SIGNAL | EV_PERSIST, signal_came,
                 s);
    event_add(&s->event, NULL);
    return s;
}

void loop_signal_free(struct loop_signal *s)
{
    if (!s)
        return;
    event_del(&s->event);
    loop_unsettle(s->loop, &s->task);
    free(s);
}

static void fd_ready(evutil_socket_t fd, short what, void *arg)
{
    struct loop_fd *f = arg;

    (void)fd;
    (void)what;
    loop_refresh(f->loop);
    f->fn(f->arg);
}

struct loop_fd *loop_fd_new(struct loop *l, int fd, bool write, loop_fn *fn,
                            void *arg)
{
    struct loop_fd *f = xcalloc(1, sizeof(*f));

    f->loop = l;
    f->fn = fn;
    f->arg = arg;
    event_assign(&f->event, l->base, fd,
                 (short)((write ? EV_WRITE : EV_READ) | EV_PERSIST), fd_ready,
                 f);
    return f;
}

void loop_fd_on(struct loop_fd *f)
{
    event_add(&f->event, NULL);
}

void loop_fd_off(struct loop_fd *f)
{
    event_del(&f->event);
}

void loop_fd_free(struct loop_fd *f)
{
    if (!f)
        return;
    event_del(&f->event);
    free(f);
}

#include "lib/audit_writer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "lib/audit_body.h"
#include "lib/buf.h"

#define RETRY_MS 1000     /* after a write that failed */
#define IDLE_MAX 0x100000 /* bytes that an empty queue keeps */

struct audit_writer {
    /* the loop's */
    struct loop_fd *news_fd;
    void (*news)(void *arg);
    void *arg;
    int event; /* eventfd: the thread has news */

    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work; /* for the thread; on the monotonic clock */

    /* under the lock */
    struct audit_writer_settings settings;
    struct buf queue; /* lengths and bodies */
    uint64_t dropped; /* not yet told in the log */
    bool reopen, stop;
    struct audit_counts counts; /* but queued, which is the queue's length */

    /* the thread's */
    struct audit_file file;
    struct buf batch; /* what it took from the queue */
    uint64_t pending; /* lines that it has not written yet */
    uint64_t sync_at; /* ms; UINT64_MAX: nothing is to be synced */
};

/* -- the loop's side ------------------------------------------------------- */

static bool is_full(const struct audit_writer *w, size_t len)
{
    return buf_len(&w->queue) + sizeof(uint32_t) + len > w->settings.queue;
}

bool audit_writer_add(struct audit_writer *w, const char *body, size_t len)
{
    uint32_t n = (uint32_t)len;
    bool full;

    pthread_mutex_lock(&w->lock);
    full = is_full(w, len);
    if (full) {
        w->dropped++;
        w->counts.lost++;
    } else {
        buf_add(&w->queue, &n, sizeof(n));
        buf_add(&w->queue, body, len);
    }
    pthread_cond_signal(&w->work);
    pthread_mutex_unlock(&w->lock);
    return !full;
}

bool audit_writer_is_full(struct audit_writer *w, size_t len)
{
    bool full;

    pthread_mutex_lock(&w->lock);
    full = is_full(w, len);
    pthread_mutex_unlock(&w->lock);
    return full;
}

void audit_writer_configure(struct audit_writer *w,
                            const struct audit_writer_settings *settings)
{
    pthread_mutex_lock(&w->lock);
    w->settings = *settings;
    pthread_mutex_unlock(&w->lock);
}

void audit_writer_reopen(struct audit_writer *w)
{
    pthread_mutex_lock(&w->lock);
    w->reopen = true;
    pthread_cond_signal(&w->work);
    pthread_mutex_unlock(&w->lock);
}

void audit_writer_counts(struct audit_writer *w, struct audit_counts *counts)
{
    pthread_mutex_lock(&w->lock);
    *counts = w->counts;
    counts->queued = buf_len(&w->queue);
    pthread_mutex_unlock(&w->lock);
}

static void news_came(void *arg)
{
    struct audit_writer *w = arg;
    uint64_t n;

    if (read(w->event, &n, sizeof(n)) > 0)
        w->news(w->arg);
}

/* -- the thread ------------------------------------------------------------ */

static void tell_news(struct audit_writer *w)
{
    uint64_t one = 1;

    (void)!write(w->event, &one, sizeof(one));
}

/* Counts a failure or a success; tells the loop if that is another state. */
static void tell_state(struct audit_writer *w, int error, uint64_t lines,
                       bool synced)
{
    bool changed;

    pthread_mutex_lock(&w->lock);
    changed = w->counts.failing != error;
    w->counts.failing = error;
    w->counts.errors += error != 0;
    w->counts.lines += lines;
    w->counts.syncs += synced;
    pthread_mutex_unlock(&w->lock);
    if (changed)
        tell_news(w);
}

static void reopen_file(struct audit_writer *w)
{
    int error = audit_file_reopen(&w->file) ? 0 : errno;

    pthread_mutex_lock(&w->lock);
    w->counts.closed = error;
    w->counts.errors += error != 0;
    pthread_mutex_unlock(&w->lock);
    tell_news(w);
}

/* The clock of pthread_cond_timedwait(), in ms. */
static struct timespec until(uint64_t ms)
{
    return (struct timespec){.tv_sec = (time_t)(ms / 1000),
                             .tv_nsec = (long)(ms % 1000) * 1000000};
}

static bool has_work(const struct audit_writer *w)
{
    return buf_len(&w->queue) || w->dropped || w->reopen || w->stop;
}

/* Until there is something to do, or the time has come. Holds the lock. */
static void wait_for_work(struct audit_writer *w)
{
    uint64_t at = w->sync_at;
    struct timespec ts;
    bool retry = w->pending > 0;

    if (retry)
        at = loop_clock() + RETRY_MS;
    ts = until(at);
    while (retry ? !w->stop : !has_work(w)) {
        if (at == UINT64_MAX)
            pthread_cond_wait(&w->work, &w->lock);
        else if (pthread_cond_timedwait(&w->work, &w->lock, &ts) == ETIMEDOUT)
            return;
    }
}

static void add_batch(struct audit_writer *w)
{
    uint32_t n;

    for (; buf_len(&w->batch); w->pending++) {
        memcpy(&n, buf_data(&w->batch), sizeof(n));
        buf_consume(&w->batch, sizeof(n));
        audit_file_add(&w->file, buf_data(&w->batch), n);
        buf_consume(&w->batch, n);
    }
    buf_reset(&w->batch, IDLE_MAX);
}

static void add_lost(struct audit_writer *w, uint64_t lost)
{
    struct buf body = BUF_INIT;
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    audit_body_time(&body, &now);
    audit_body_text(&body, "action", "lost", 4);
    audit_body_number(&body, "lost", lost);
    audit_file_add(&w->file, buf_data(&body), buf_len(&body));
    buf_free(&body);
    w->pending++;
}

/* What is pending, then what has to be on the disk by now. */
static void write_out(struct audit_writer *w, uint64_t sync_ms, bool stop)
{
    uint64_t now = loop_clock(), lines = w->pending;
    bool synced = false;

    if (lines && !audit_file_flush(&w->file)) {
        tell_state(w, errno, 0, false);
        return;
    }
    w->pending = 0;
    if (lines && w->sync_at == UINT64_MAX)
        w->sync_at = now + sync_ms;
    if (w->sync_at <= now || (stop && w->file.unsynced)) {
        w->sync_at = UINT64_MAX;
        synced = audit_file_sync(&w->file);
        if (!synced) {
            w->sync_at = now + RETRY_MS;
            tell_state(w, errno, lines, false);
            return;
        }
    }
    if (lines || synced)
        tell_state(w, 0, lines, synced);
}

static void take_work(struct audit_writer *w)
{
    uint64_t lost = 0, sync_ms;
    bool reopen, stop;

    pthread_mutex_lock(&w->lock);
    wait_for_work(w);
    if (w->pending == 0) {
        struct buf empty = w->batch;

        w->batch = w->queue;
        w->queue = empty;
        lost = w->dropped;
        w->dropped = 0;
    }
    reopen = w->reopen;
    w->reopen = false;
    sync_ms = w->settings.sync_ms;
    stop = w->stop;
    pthread_mutex_unlock(&w->lock);

    /* a new file begins with what was not taken by the old one */
    if (reopen)
        reopen_file(w);
    add_batch(w);
    if (lost)
        add_lost(w, lost);
    write_out(w, sync_ms, stop);
}

/* Told to stop, and nothing is left, or what is left cannot be written. */
static bool is_done(struct audit_writer *w)
{
    bool done;

    pthread_mutex_lock(&w->lock);
    done = w->stop && (w->pending || (!buf_len(&w->queue) && !w->dropped));
    pthread_mutex_unlock(&w->lock);
    return done;
}

static void *run(void *arg)
{
    struct audit_writer *w = arg;

    do
        take_work(w);
    while (!is_done(w));
    return NULL;
}

/* -- its life -------------------------------------------------------------- */

static void start_lock(struct audit_writer *w)
{
    pthread_condattr_t attr;

    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w->work, &attr);
    pthread_condattr_destroy(&attr);
}

static void writer_close(struct audit_writer *w)
{
    loop_fd_free(w->news_fd);
    if (w->event >= 0)
        close(w->event);
    pthread_cond_destroy(&w->work);
    pthread_mutex_destroy(&w->lock);
    buf_free(&w->queue);
    buf_free(&w->batch);
    free(w);
}

/* The loop's signals are not for the thread. */
static int start_thread(struct audit_writer *w)
{
    sigset_t all, old;
    int error;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    error = pthread_create(&w->thread, NULL, run, w);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return error;
}

struct audit_writer *
audit_writer_new(struct loop *l, const struct audit_file *f,
                 const struct audit_writer_settings *settings,
                 void (*news)(void *arg), void *arg)
{
    struct audit_writer *w = xcalloc(1, sizeof(*w));

    w->file = *f;
    w->settings = *settings;
    w->news = news;
    w->arg = arg;
    w->sync_at = UINT64_MAX;
    w->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    start_lock(w);
    if (w->event < 0 || start_thread(w)) {
        writer_close(w);
        return NULL;
    }
    w->news_fd = loop_fd_new(l, w->event, false, news_came, w);
    loop_fd_on(w->news_fd);
    return w;
}

uint64_t audit_writer_free(struct audit_writer *w)
{
    uint64_t lost;

    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_signal(&w->work);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    lost = w->pending + w->dropped;
    for (; buf_len(&w->queue); lost++) {
        uint32_t n;

        memcpy(&n, buf_data(&w->queue), sizeof(n));
        buf_consume(&w->queue, sizeof(n) + n);
    }
    audit_file_close(&w->file);
    writer_close(w);
    return lost;
}

#include "server/state/writer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "lib/db.h"
#include "lib/mem.h"
#include "server/state/writer_db.h"

#define WRITER_PROBE_NS      1000000000l /* between tries while writes fail */
#define WRITER_GATHER_MIN_NS 1000000l
#define WRITER_GATHER_MAX_NS 5000000l

struct writer {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t come; /* there is work, as much as is wanted */
    pthread_cond_t gone; /* there is none */
    int fd;

    /* under the mutex */
    struct entries queue;
    uint64_t reserve;
    unsigned wanted; /* entries the thread waits for; 0: it does not wait */
    bool busy, stop;
    struct batch *first, *last; /* done */

    /* the thread's own */
    struct writer_db db;
    unsigned expected; /* changes that are likely to come together */
    long sync_ns;      /* what a transaction takes, lately */
    bool failing;
};

/* -- lists ----------------------------------------------------------------- */

void entries_add(struct entries *l, struct entry *e)
{
    e->next = NULL;
    *(l->first ? &l->last->next : &l->first) = e;
    l->last = e;
    l->count++;
    l->kept += e->kept != NULL;
}

void entries_append(struct entries *l, struct entries *from)
{
    if (!from->first)
        return;
    *(l->first ? &l->last->next : &l->first) = from->first;
    l->last = from->last;
    l->count += from->count;
    l->kept += from->kept;
    *from = (struct entries){0};
}

struct entry *entries_shift(struct entries *l)
{
    struct entry *e = l->first;

    if (!e)
        return NULL;
    l->first = e->next;
    l->count--;
    l->kept -= e->kept != NULL;
    return e;
}

void entry_free(struct entry *e)
{
    struct kept *k, *next;

    for (k = e->kept; k; k = next) {
        next = k->next;
        free(k);
    }
    free(e);
}

void batch_free(struct batch *b)
{
    struct entry *e;

    while ((e = entries_shift(&b->entries)))
        entry_free(e);
    free(b);
}

/* -- the thread ------------------------------------------------------------ */

static struct timespec after_ns(long ns)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_nsec += ns;
    t.tv_sec += t.tv_nsec / 1000000000l;
    t.tv_nsec %= 1000000000l;
    return t;
}

static double seconds_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Waits until n entries are there, or the time is up (NULL: never). */
static void wait_for(struct writer *w, unsigned n, const struct timespec *until)
{
    w->wanted = n;
    while (w->queue.count < n && !w->stop && w->wanted) {
        if (!until)
            pthread_cond_wait(&w->come, &w->mutex);
        else if (pthread_cond_timedwait(&w->come, &w->mutex, until))
            break;
    }
    w->wanted = 0;
}

/* Waits for others that are likely to come. */
static void gather(struct writer *w)
{
    long ns = w->sync_ns;
    struct timespec until;

    if (ns < WRITER_GATHER_MIN_NS)
        ns = WRITER_GATHER_MIN_NS;
    until = after_ns(ns < WRITER_GATHER_MAX_NS ? ns : WRITER_GATHER_MAX_NS);
    wait_for(w, w->expected, &until);
}

/* Something to do, with as many as are likely to share it. */
static void wait_for_work(struct writer *w)
{
    struct timespec until;

    if (!w->queue.count && !w->reserve) {
        until = after_ns(WRITER_PROBE_NS);
        wait_for(w, 1, w->failing ? &until : NULL);
    }
    if (w->queue.count && w->queue.count < w->expected)
        gather(w);
}

static void post(struct writer *w, struct batch *b)
{
    *(w->first ? &w->last->next : &w->first) = b;
    w->last = b;
}

/* Without the mutex: who is woken wants it. */
static void tell(const struct writer *w)
{
    static const uint64_t one = 1;

    while (write(w->fd, &one, sizeof(one)) < 0 && errno == EINTR)
        continue;
}

static void learn(struct writer *w, const struct batch *b)
{
    long ns = (long)(b->seconds * 1e9);

    w->sync_ns = w->sync_ns ? (7 * w->sync_ns + ns) / 8 : ns;
    w->expected = b->entries.count + w->queue.count;
}

/* One transaction, outside the mutex. */
static void run(struct writer *w, struct batch *b, uint64_t reserve)
{
    double begin = seconds_now();
    struct entry *e;

    if (b->entries.kept || reserve)
        b->error = writer_db_write(&w->db, &b->entries, reserve);
    else if (w->failing)
        b->error = db_heal(&w->db.base);
    b->seconds = seconds_now() - begin;
    for (e = b->entries.first; e; e = e->next)
        e->error = e->kept ? b->error : NULL;
    b->reserved = w->db.reserved;
    writer_db_sizes(&w->db, b);
}

/* With the mutex held: takes what waits, writes it, hands it back. */
static void turn(struct writer *w)
{
    struct batch *b = xcalloc(1, sizeof(*b));
    uint64_t reserve = w->reserve;
    bool failed = w->failing, posted;

    entries_append(&b->entries, &w->queue);
    w->reserve = 0;
    w->busy = true;
    pthread_mutex_unlock(&w->mutex);
    run(w, b, reserve);
    w->failing = b->error != NULL;
    pthread_mutex_lock(&w->mutex);
    learn(w, b);
    posted = b->entries.count || reserve || failed != w->failing;
    if (posted)
        post(w, b);
    pthread_mutex_unlock(&w->mutex);
    if (posted)
        tell(w);
    else
        free(b);
    if (!w->failing)
        db_fold(&w->db.base);
    pthread_mutex_lock(&w->mutex);
    w->busy = false;
    if (!w->queue.count && !w->reserve)
        pthread_cond_broadcast(&w->gone);
}

static void *writer_main(void *arg)
{
    struct writer *w = arg;

    pthread_mutex_lock(&w->mutex);
    for (;;) {
        wait_for_work(w);
        if (w->stop && !w->queue.count && !w->reserve)
            break;
        turn(w);
    }
    pthread_mutex_unlock(&w->mutex);
    return NULL;
}

/* -- from the loop's thread ------------------------------------------------ */

static void thread_start(struct writer *w)
{
    sigset_t all, old;

    /* signals are for the loop */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    if (pthread_create(&w->thread, NULL, writer_main, w))
        mem_exhausted();
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

struct writer *writer_start(struct db *db, uint64_t reserved)
{
    struct writer *w = xcalloc(1, sizeof(*w));
    pthread_condattr_t attr;

    w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->fd < 0)
        mem_exhausted();
    writer_db_init(&w->db, db, reserved);
    pthread_mutex_init(&w->mutex, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w->come, &attr);
    pthread_cond_init(&w->gone, NULL);
    pthread_condattr_destroy(&attr);
    thread_start(w);
    return w;
}

int writer_fd(const struct writer *w)
{
    return w->fd;
}

void writer_give(struct writer *w, struct entries *e, uint64_t reserve)
{
    bool wake;

    pthread_mutex_lock(&w->mutex);
    entries_append(&w->queue, e);
    if (reserve)
        w->reserve = reserve;
    wake = w->wanted && (w->queue.count >= w->wanted || reserve);
    if (wake)
        w->wanted = 0;
    pthread_mutex_unlock(&w->mutex);
    if (wake) /* not with the mutex, which it will want */
        pthread_cond_signal(&w->come);
}

struct batch *writer_take(struct writer *w)
{
    struct batch *b;
    uint64_t n;

    pthread_mutex_lock(&w->mutex);
    b = w->first;
    if (b)
        w->first = b->next;
    else if (read(w->fd, &n, sizeof(n)) < 0)
        b = NULL; /* it was not readable */
    pthread_mutex_unlock(&w->mutex);
    return b;
}

void writer_wait(struct writer *w)
{
    pthread_mutex_lock(&w->mutex);
    while (w->queue.count || w->reserve || w->busy)
        pthread_cond_wait(&w->gone, &w->mutex);
    pthread_mutex_unlock(&w->mutex);
}

void writer_stop(struct writer *w, uint64_t next)
{
    struct batch *b;

    pthread_mutex_lock(&w->mutex);
    w->stop = true;
    pthread_cond_signal(&w->come);
    pthread_mutex_unlock(&w->mutex);
    pthread_join(w->thread, NULL);
    writer_db_end(&w->db, next);
    while ((b = writer_take(w)))
        batch_free(b);
    close(w->fd);
    pthread_cond_destroy(&w->come);
    pthread_cond_destroy(&w->gone);
    pthread_mutex_destroy(&w->mutex);
    free(w);
}

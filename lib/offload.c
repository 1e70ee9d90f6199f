#include "lib/offload.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct offload {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t come; /* there is work, or an end */
    pthread_cond_t gone; /* there is none */
    int fd;
    offload_work_fn *work;
    void *arg;

    /* under the mutex */
    struct offload_items queue, done;
    bool busy, stop;
};

/* -- lists ----------------------------------------------------------------- */

void offload_add(struct offload_items *l, struct offload_item *item)
{
    item->next = NULL;
    *(l->first ? &l->last->next : &l->first) = item;
    l->last = item;
}

void offload_append(struct offload_items *l, struct offload_items *from)
{
    if (!from->first)
        return;
    *(l->first ? &l->last->next : &l->first) = from->first;
    l->last = from->last;
    *from = (struct offload_items){0};
}

struct offload_item *offload_shift(struct offload_items *l)
{
    struct offload_item *item = l->first;

    if (item)
        l->first = item->next;
    return item;
}

/* -- the thread ------------------------------------------------------------ */

/* Without the mutex: who is woken wants it. */
static void tell(const struct offload *o)
{
    static const uint64_t one = 1;

    while (write(o->fd, &one, sizeof(one)) < 0 && errno == EINTR)
        continue;
}

/* With the mutex held. */
static void turn(struct offload *o)
{
    struct offload_items items = o->queue;

    o->queue = (struct offload_items){0};
    o->busy = true;
    pthread_mutex_unlock(&o->mutex);
    o->work(o->arg, &items);
    pthread_mutex_lock(&o->mutex);
    offload_append(&o->done, &items);
    o->busy = false;
    pthread_mutex_unlock(&o->mutex);
    tell(o);
    pthread_mutex_lock(&o->mutex);
    if (!o->queue.first)
        pthread_cond_broadcast(&o->gone);
}

static void *offload_main(void *arg)
{
    struct offload *o = arg;

    pthread_mutex_lock(&o->mutex);
    for (;;) {
        while (!o->queue.first && !o->stop)
            pthread_cond_wait(&o->come, &o->mutex);
        if (!o->queue.first)
            break;
        turn(o);
    }
    pthread_mutex_unlock(&o->mutex);
    return NULL;
}

/* -- from the loop's thread ------------------------------------------------ */

struct offload *offload_new(offload_work_fn *work, void *arg)
{
    struct offload *o = xcalloc(1, sizeof(*o));
    sigset_t all, old;

    o->work = work;
    o->arg = arg;
    o->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (o->fd < 0)
        mem_exhausted();
    pthread_mutex_init(&o->mutex, NULL);
    pthread_cond_init(&o->come, NULL);
    pthread_cond_init(&o->gone, NULL);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    if (pthread_create(&o->thread, NULL, offload_main, o))
        mem_exhausted();
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return o;
}

int offload_fd(const struct offload *o)
{
    return o->fd;
}

void offload_give(struct offload *o, struct offload_items *items)
{
    pthread_mutex_lock(&o->mutex);
    offload_append(&o->queue, items);
    pthread_mutex_unlock(&o->mutex);
    pthread_cond_signal(&o->come);
}

bool offload_take(struct offload *o, struct offload_items *l)
{
    uint64_t n;
    bool any;

    pthread_mutex_lock(&o->mutex);
    any = o->done.first != NULL;
    offload_append(l, &o->done);
    if (read(o->fd, &n, sizeof(n)) < 0)
        n = 0; /* it was not readable */
    pthread_mutex_unlock(&o->mutex);
    return any;
}

void offload_wait(struct offload *o)
{
    pthread_mutex_lock(&o->mutex);
    while (o->queue.first || o->busy)
        pthread_cond_wait(&o->gone, &o->mutex);
    pthread_mutex_unlock(&o->mutex);
}

void offload_free(struct offload *o)
{
    if (!o)
        return;
    pthread_mutex_lock(&o->mutex);
    o->stop = true;
    pthread_mutex_unlock(&o->mutex);
    pthread_cond_signal(&o->come);
    pthread_join(o->thread, NULL);
    close(o->fd);
    pthread_cond_destroy(&o->come);
    pthread_cond_destroy(&o->gone);
    pthread_mutex_destroy(&o->mutex);
    free(o);
}

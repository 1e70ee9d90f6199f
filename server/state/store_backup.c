#include "server/state/store_backup.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/db.h"
#include "lib/mem.h"

struct store_backup {
    pthread_t thread;
    atomic_bool is_done;
    int wake_fd;
    char *from, *to, *error; /* owned */
    void (*done)(void *arg, const char *error);
    void *arg;
};

static void *backup_main(void *arg)
{
    static const uint64_t one = 1;
    struct store_backup *b = arg;

    b->error = db_copy(b->from, b->to);
    atomic_store(&b->is_done, true);
    while (write(b->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
        continue;
    return NULL;
}

struct store_backup *
store_backup_begin(const char *from, const char *to, int wake_fd,
                   void (*done)(void *arg, const char *error), void *arg)
{
    struct store_backup *b = xcalloc(1, sizeof(*b));
    sigset_t all, old;

    b->from = xstrdup(from);
    b->to = xstrdup(to);
    b->wake_fd = wake_fd;
    b->done = done;
    b->arg = arg;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    if (pthread_create(&b->thread, NULL, backup_main, b))
        mem_exhausted();
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return b;
}

bool store_backup_is_done(struct store_backup *b)
{
    return atomic_load(&b->is_done);
}

void store_backup_end(struct store_backup *b)
{
    pthread_join(b->thread, NULL);
    b->done(b->arg, b->error);
    free(b->from);
    free(b->to);
    free(b->error);
    free(b);
}

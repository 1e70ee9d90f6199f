#include "server/state/store_backup.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/db.h"
#include "lib/mem.h"

struct store_backup {
    pthread_t thread;
    atomic_bool is_done;
    int wake_fd;
    char *from, *to, *error; /* owned */
    int fd;                  /* of the copy, or -1 */
    store_backup_fn *done;
    void *arg;
};

static void make_copy(struct store_backup *b)
{
    unlink(b->to); /* of one that was killed */
    b->error = db_copy(b->from, b->to);
    if (b->error)
        return;
    b->fd = open(b->to, O_RDONLY | O_CLOEXEC);
    if (b->fd < 0)
        b->error = xasprintf("cannot open %s: %s", b->to, strerror(errno));
    unlink(b->to);
}

static void *backup_main(void *arg)
{
    static const uint64_t one = 1;
    struct store_backup *b = arg;

    make_copy(b);
    atomic_store(&b->is_done, true);
    while (write(b->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
        continue;
    return NULL;
}

struct store_backup *store_backup_begin(const char *from, int wake_fd,
                                        store_backup_fn *done, void *arg)
{
    struct store_backup *b = xcalloc(1, sizeof(*b));
    sigset_t all, old;

    b->from = xstrdup(from);
    b->to = xasprintf("%s.backup", from);
    b->fd = -1;
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
    b->done(b->arg, b->fd, b->error);
    free(b->from);
    free(b->to);
    free(b->error);
    free(b);
}

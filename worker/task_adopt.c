#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <utlist.h>

#include "lib/mem.h"
#include "worker/task_impl.h"

/* -- adopting -------------------------------------------------------------- */

static int dial_monitor(const struct tasks *ts, const char *jid)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_un a = {.sun_family = AF_UNIX};

    snprintf(a.sun_path, sizeof(a.sun_path), "/proc/self/fd/%d/%s.sock",
             spool_jobs(ts->spool), jid);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void adopted_reached(struct task *t, int fd)
{
    t->control = fd;
    t->tries = 0;
    t->control_event = loop_fd_new(t->tasks->loop, fd, false, task_readable, t);
    loop_fd_on(t->control_event);
    if (t->end)
        task_end(t, t->end, t->end_at_once);
}

/* Its monitor lives as long as it holds the lock; and needs a moment to notice
 * that the worker before has gone. */
static void adopted_try(void *arg)
{
    struct task *t = arg;
    struct spool_look look;
    bool alive;
    int fd = dial_monitor(t->tasks, t->adopted);

    if (fd >= 0) {
        adopted_reached(t, fd);
        return;
    }
    spool_look(t->tasks->spool, t->adopted, &look, &alive);
    spool_look_free(&look);
    if (alive) {
        loop_timer_set(t->retry, t->tries++ < 50 ? 20 : 1000);
        return;
    }
    t->orphaned = true;
    task_strays_round(t->tasks);
}

void task_adopted_closed(struct task *t)
{
    task_control_close(t);
    if (t->gone)
        task_left(t);
    else
        loop_timer_set(t->retry, 0);
}

struct task *task_adopt(struct tasks *ts, const char *jid,
                        const struct task_handler *handler, void *arg)
{
    struct task *t = xcalloc(1, sizeof(*t));

    t->tasks = ts;
    t->handler = handler;
    t->arg = arg;
    t->control = -1;
    t->adopted = xstrdup(jid);
    t->group = xasprintf("muster-%s-%s", ts->instance, jid);
    t->retry = loop_timer_new(ts->loop, adopted_try, t);
    loop_timer_set(t->retry, 0);
    DL_APPEND(ts->list, t);
    return t;
}

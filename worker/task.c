#include "worker/task_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utlist.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "worker/cgroup.h"
#include "worker/channel.h"
#include "worker/strays.h"
#include "worker/tree.h"

#define STRAY_MS 20 /* between rounds of killing strays */

/* -- its end --------------------------------------------------------------- */

void task_control_close(struct task *t)
{
    loop_fd_free(t->control_event);
    t->control_event = NULL;
    if (t->control >= 0)
        close(t->control);
    t->control = -1;
}

static void task_free(struct task *t)
{
    task_control_close(t);
    DL_DELETE(t->tasks->list, t);
    loop_timer_free(t->retry);
    free(t->adopted);
    free(t->end);
    free(t->group);
    free(t);
}

/* Without its socket the monitor ends what still runs, and goes. */
void task_release(struct task *t)
{
    t->handler = NULL;
    if (!t->over && !t->tasks->spool)
        task_end(t, "cancelled", true);
    task_control_close(t);
    if (!t->monitor && !t->orphaned)
        task_free(t);
    else if (t->retry)
        loop_timer_off(t->retry);
}

/* -- what the monitor says ------------------------------------------------- */

static void task_fact(struct task *t, const struct channel_message *m)
{
    char *attr = xstrndup(m->bytes, m->len), *value = NULL;
    size_t len = strlen(attr) + 1;

    if (t->handler->fact && len <= m->len) {
        value = xstrndup(m->bytes + len, m->len - len);
        t->handler->fact(t->arg, attr, value);
    }
    free(attr);
    free(value);
}

/* Whom a job has left behind comes to us when its monitor goes. Those that have
 * ended since are waited for by nobody else. */
static void tasks_leave(struct tasks *ts, const struct channel_message *m)
{
    size_t count = m->len / sizeof(*ts->left);

    ts->left =
        xreallocarray(ts->left, ts->left_count + count + 1, sizeof(*ts->left));
    memcpy(ts->left + ts->left_count, m->bytes, count * sizeof(*ts->left));
    ts->left_count += count;
}

static bool is_left(const struct tasks *ts, pid_t pid)
{
    size_t i;

    for (i = 0; i < ts->left_count; i++)
        if (ts->left[i] == pid)
            return true;
    return false;
}

static void left_ended(struct tasks *ts, pid_t pid)
{
    size_t i;

    for (i = 0; i < ts->left_count; i++)
        if (ts->left[i] == pid)
            ts->left[i--] = ts->left[--ts->left_count];
}

static void task_ready(struct task *t, int error)
{
    t->over = error != 0;
    t->handler->ready(t->arg, error);
}

static void task_said(struct task *t, const struct channel_message *m)
{
    switch (m->word) {
    case CHANNEL_LINES:
        t->handler->lines(t->arg, m->bytes, m->len, false);
        break;
    case CHANNEL_LAST:
        t->over = true;
        t->handler->lines(t->arg, m->bytes, m->len, true);
        break;
    case CHANNEL_READY: task_ready(t, (int)channel_number(m)); break;
    case CHANNEL_HELLO: t->handler->hello(t->arg, channel_number(m)); break;
    case CHANNEL_GONE:
        t->gone = true;
        t->handler->gone(t->arg, m->bytes, m->len);
        break;
    case CHANNEL_STUCK:
        t->handler->stuck(t->arg, (int)channel_number(m));
        break;
    case CHANNEL_FACT: task_fact(t, m); break;
    case CHANNEL_LEFT: tasks_leave(t->tasks, m); break;
    default: break;
    }
}

/* Takes one message. False: there is none, or nobody wants it. */
static bool control_take(struct task *t)
{
    struct channel_message m;
    int taken;

    if (!t->handler || t->over)
        return false;
    taken = channel_take(t->control, t->tasks->scratch, &m);
    if (taken == 0 && t->adopted)
        task_adopted_closed(t);
    else if (taken == 0)
        loop_fd_off(t->control_event); /* SIGCHLD tells the rest */
    if (taken > 0)
        task_said(t, &m);
    return taken > 0;
}

/* One message of a task in each turn: loud ones leave a turn to others. */
void task_readable(void *arg)
{
    control_take(arg);
}

/* -- what it is told ------------------------------------------------------- */

static void task_tell(struct task *t, enum channel_word word, const void *bytes,
                      size_t len)
{
    if (t->control >= 0 && !channel_send(t->control, word, bytes, len))
        log_debug("the monitor %d does not listen: %m", (int)t->monitor);
}

void task_go(struct task *t)
{
    task_tell(t, CHANNEL_START, NULL, 0);
}

void task_from(struct task *t, uint64_t seq)
{
    task_tell(t, CHANNEL_FROM, &seq, sizeof(seq));
}

void task_end(struct task *t, const char *reason, bool at_once)
{
    if (t->adopted && t->control < 0) {
        free(t->end);
        t->end = xstrdup(reason);
        t->end_at_once = at_once;
    }
    task_tell(t, at_once ? CHANNEL_KILL : CHANNEL_END, reason, strlen(reason));
}

void task_acked(struct task *t, uint64_t offset)
{
    task_tell(t, CHANNEL_ACKED, &offset, sizeof(offset));
}

void task_peer(struct task *t, bool present)
{
    uint64_t n = present;

    task_tell(t, CHANNEL_PEER, &n, sizeof(n));
}

/* -- its death ------------------------------------------------------------- */

static void task_lost(struct task *t)
{
    t->orphaned = false;
    t->over = true;
    if (t->handler)
        t->handler->lost(t->arg);
    else
        task_free(t);
}

void task_left(struct task *t)
{
    t->over = true;
    if (t->handler)
        t->handler->left(t->arg);
    else
        task_free(t);
}

/* The monitor has ended. What it said before that counts. */
static void monitor_waited(struct task *t)
{
    while (control_take(t))
        ;
    t->monitor = 0;
    if (!t->handler && t->over) {
        task_free(t);
        return;
    }
    if (t->over)
        return;
    if (t->gone && t->tasks->spool) {
        task_left(t);
        return;
    }
    log_warn("a monitor was killed: ending what is left of its job");
    t->orphaned = true;
    task_control_close(t);
    task_strays_round(t->tasks);
}

/* -- strays: children that no monitor looks after -------------------------- */

static bool is_no_stray(void *arg, pid_t pid)
{
    const struct tasks *ts = arg;
    const struct task *t;

    DL_FOREACH (ts->list, t)
        if (t->monitor == pid)
            return true;
    return is_left(ts, pid);
}

static struct task *first_orphan(const struct tasks *ts)
{
    struct task *t;

    DL_FOREACH (ts->list, t)
        if (t->orphaned)
            return t;
    return NULL;
}

/* What is told may free any other task: begin anew for each. */
static void orphans_end(struct tasks *ts)
{
    struct task *t;

    while ((t = first_orphan(ts))) {
        if (t->group)
            cgroup_remove(ts->groups, t->group);
        task_lost(t);
    }
}

/* -- strays that are nobody's: of monitors that were adopted --------------- */

static bool is_orphans(void *arg, const char *jid)
{
    const struct tasks *ts = arg;
    const struct task *t;

    DL_FOREACH (ts->list, t)
        if (t->orphaned && t->adopted && strcmp(t->adopted, jid) == 0)
            return true;
    return false;
}

static int adopted_strays_kill(struct tasks *ts)
{
    const struct task *t;
    bool any = false;

    DL_FOREACH (ts->list, t) {
        if (!t->orphaned || !t->adopted)
            continue;
        any = true;
        cgroup_kill_named(ts->groups, t->group);
    }
    return any ? strays_kill(ts->instance, is_orphans, ts) : 0;
}

/* The worker is a subreaper, too: when a monitor is killed its tree comes to
 * the worker. Whoever is below us and below no monitor is of such a tree. */
void task_strays_round(void *arg)
{
    struct tasks *ts = arg;
    int left;

    if (!first_orphan(ts))
        return;
    left = adopted_strays_kill(ts);
    if (tree_kill(getpid(), is_no_stray, ts) > 0 || left > 0)
        loop_timer_set(ts->stray_timer, STRAY_MS);
    else
        orphans_end(ts);
}

/* The only place of the worker that waits. */
static void children_ended(void *arg)
{
    struct tasks *ts = arg;
    struct task *t;
    pid_t pid;

    while ((pid = waitpid(-1, NULL, WNOHANG | __WALL)) > 0) {
        DL_FOREACH (ts->list, t)
            if (t->monitor == pid)
                break;
        if (t)
            monitor_waited(t);
        else
            left_ended(ts, pid);
    }
    task_strays_round(ts);
}

/* -- starting -------------------------------------------------------------- */

static pid_t monitor_fork(const struct monitor_setup *setup)
{
    sigset_t all, before;
    pid_t pid;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid = fork();
    if (pid == 0)
        monitor_run(setup);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return pid;
}

static struct task *task_new(struct tasks *ts, pid_t monitor, int control,
                             const struct task_handler *handler, void *arg)
{
    struct task *t = xcalloc(1, sizeof(*t));

    t->tasks = ts;
    t->handler = handler;
    t->arg = arg;
    t->monitor = monitor;
    t->control = control;
    t->control_event = loop_fd_new(ts->loop, control, false, task_readable, t);
    loop_fd_on(t->control_event);
    DL_APPEND(ts->list, t);
    return t;
}

struct task *task_start(struct tasks *ts, const struct monitor_setup *setup,
                        const struct task_handler *handler, void *arg)
{
    struct monitor_setup s = *setup;
    struct task *t;
    char *group;
    int fds[2];
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
        return NULL;
    /* other workers on this machine may run a job of the same name */
    group = s.child.jid ? xasprintf("muster-%s-%s", ts->instance, s.child.jid)
                        : xasprintf("muster-%s.%u", ts->instance, ts->others++);
    s.control = fds[1];
    s.null = ts->null;
    s.groups = ts->groups;
    s.group = group;
    s.worker = getpid();
    s.spool = -1;
    if (ts->spool && s.child.jid) {
        s.spool = spool_jobs(ts->spool);
        s.boot = spool_boot(ts->spool);
        s.child.worker = ts->instance;
    }
    pid = monitor_fork(&s);
    close(fds[1]);
    if (pid < 0) {
        close(fds[0]);
        free(group);
        return NULL;
    }
    t = task_new(ts, pid, fds[0], handler, arg);
    t->group = group;
    return t;
}

/* -- all of them ----------------------------------------------------------- */

bool tasks_init(struct tasks *ts, struct loop *l, const char *instance)
{
    char why[128];

    *ts = (struct tasks){.loop = l, .instance = instance};
    ts->groups = cgroup_open(why, sizeof(why));
    if (ts->groups < 0)
        log_info("jobs get no cgroups: %s", why);
    ts->null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (ts->null < 0) {
        log_error("/dev/null: %m");
        return false;
    }
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) {
        log_error("cannot be a subreaper: %m");
        return false;
    }
    ts->scratch = xmalloc(CHANNEL_MAX);
    ts->sigchld = loop_signal_new(l, SIGCHLD, children_ended, ts);
    ts->stray_timer = loop_timer_new(l, task_strays_round, ts);
    return true;
}

void tasks_free(struct tasks *ts)
{
    struct task *t, *tmp;

    if (!ts->loop)
        return;
    DL_FOREACH_SAFE (ts->list, t, tmp)
        task_free(t);
    loop_signal_free(ts->sigchld);
    loop_timer_free(ts->stray_timer);
    free(ts->scratch);
    free(ts->left);
    if (ts->null >= 0)
        close(ts->null);
    if (ts->groups >= 0)
        close(ts->groups);
}

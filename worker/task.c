#include "worker/task.h"

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
#include "worker/stream.h"
#include "worker/tree.h"

#define STRAY_MS 20 /* between rounds of killing strays */

struct task {
    struct tasks *tasks;
    char *group; /* name of its cgroup, if there are any */
    const struct task_handler *handler; /* NULL: released */
    void *arg;
    pid_t monitor; /* 0 once it has been waited for */
    int control;   /* -1: closed */
    struct loop_fd *control_event;
    struct stream streams[TASK_STREAMS];
    struct loop_task check; /* whether it is emptied, outside of calls */
    bool ended;             /* told so */
    bool orphaned;          /* no monitor, and strays may live */
    bool paused;
    struct task *prev, *next;
};

static void strays_round(void *arg);

/* -- its end --------------------------------------------------------------- */

static void control_close(struct task *t)
{
    loop_fd_free(t->control_event);
    t->control_event = NULL;
    if (t->control >= 0)
        close(t->control);
    t->control = -1;
}

static void task_free(struct task *t)
{
    control_close(t);
    DL_DELETE(t->tasks->list, t);
    loop_unsettle(t->tasks->loop, &t->check);
    free(t->group);
    free(t);
}

void task_release(struct task *t)
{
    int i;

    t->handler = NULL;
    for (i = 0; i < TASK_STREAMS; i++)
        stream_close(&t->streams[i]);
    if (!t->ended)
        task_end(t, true);
    /* the monitor may still have a word to say; if not, it ends by itself */
    if (t->ended)
        control_close(t);
    if (!t->monitor && !t->orphaned)
        task_free(t);
}

static void task_check(void *arg)
{
    struct task *t = arg;
    int i;

    for (i = 0; i < TASK_STREAMS; i++)
        if (t->streams[i].fd >= 0)
            return;
    if (t->handler && t->ended)
        t->handler->emptied(t->arg);
}

static void task_ended(struct task *t, const struct monitor_report *report)
{
    int i;

    t->ended = true;
    t->orphaned = false;
    control_close(t);
    if (!t->handler) {
        if (!t->monitor)
            task_free(t);
        return;
    }
    for (i = 0; i < TASK_STREAMS; i++)
        stream_rest(&t->streams[i]);
    loop_settle(t->tasks->loop, &t->check);
    t->handler->ended(t->arg, report);
}

/* -- output ---------------------------------------------------------------- */

static void on_bytes(struct stream *s, const char *bytes, size_t len)
{
    struct task *t = s->owner;

    t->handler->output(t->arg, (int)(s - t->streams), bytes, len);
}

static void on_end(struct stream *s)
{
    struct task *t = s->owner;

    loop_settle(t->tasks->loop, &t->check);
}

static const struct stream_handler stream_handler = {.bytes = on_bytes,
                                                     .end = on_end};

void task_pause(struct task *t, bool pause)
{
    int i;

    if (t->paused == pause)
        return;
    t->paused = pause;
    for (i = 0; i < TASK_STREAMS; i++)
        stream_pause(&t->streams[i], pause);
}

/* -- the monitor ----------------------------------------------------------- */

void task_end(struct task *t, bool at_once)
{
    char what = at_once ? MONITOR_KILL : MONITOR_END;

    if (t->control >= 0 &&
        send(t->control, &what, 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        log_debug("the monitor %d does not listen: %m", (int)t->monitor);
}

enum taken { TAKEN_NOTHING, TAKEN_WORD, TAKEN_END };

/* Takes one word of the monitor. After TAKEN_END the task may be gone. */
static enum taken control_take(struct task *t)
{
    struct monitor_report report;
    ssize_t n = recv(t->control, &report, sizeof(report), MSG_DONTWAIT);

    if (n != sizeof(report)) {
        if (n == 0)
            loop_fd_off(t->control_event); /* SIGCHLD tells the rest */
        return TAKEN_NOTHING;
    }
    if (report.word == MONITOR_GONE) {
        task_ended(t, &report);
        return TAKEN_END;
    }
    if (t->handler)
        t->handler->stuck(t->arg, report.left);
    return TAKEN_WORD;
}

static void control_readable(void *arg)
{
    control_take(arg);
}

/* The monitor has ended. What it said before that counts. */
static void monitor_waited(struct task *t)
{
    enum taken taken = TAKEN_WORD;

    t->monitor = 0;
    if (t->ended) {
        if (!t->handler)
            task_free(t);
        return;
    }
    while (taken == TAKEN_WORD)
        taken = control_take(t);
    if (taken == TAKEN_END)
        return;
    log_warn("a monitor was killed: ending what is left of its job");
    t->orphaned = true;
    control_close(t);
    strays_round(t->tasks);
}

/* -- strays: children that no monitor looks after -------------------------- */

static bool is_monitor(void *arg, pid_t pid)
{
    const struct tasks *ts = arg;
    const struct task *t;

    DL_FOREACH (ts->list, t)
        if (t->monitor == pid)
            return true;
    return false;
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
        cgroup_remove(ts->groups, t->group);
        task_ended(t, NULL);
    }
}

/* The worker is a subreaper, too: when a monitor is killed its tree comes to
 * the worker. Whoever is below us and below no monitor is of such a tree. */
static void strays_round(void *arg)
{
    struct tasks *ts = arg;

    if (!first_orphan(ts))
        return;
    if (tree_kill(getpid(), is_monitor, ts) > 0)
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
    }
    strays_round(ts);
}

/* -- starting -------------------------------------------------------------- */

/* What a task needs from the system, made before anything else is. */
struct task_fds {
    int out[2], err[2], report[2], control[2]; /* [0] is the worker's */
};

static void fds_close(struct task_fds *f, int end)
{
    int saved = errno;

    if (f->out[end] >= 0)
        close(f->out[end]);
    if (f->err[end] >= 0)
        close(f->err[end]);
    if (f->report[end] >= 0)
        close(f->report[end]);
    if (f->control[end] >= 0)
        close(f->control[end]);
    errno = saved;
}

/* Its read end is the worker's, which waits for nobody. */
static bool pipe_open(int fds[2])
{
    return pipe2(fds, O_CLOEXEC) == 0 &&
           fcntl(fds[0], F_SETFL, O_NONBLOCK) == 0;
}

static bool fds_open(struct task_fds *f, bool report)
{
    *f = (struct task_fds){{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}};
    if (pipe_open(f->out) && pipe_open(f->err) &&
        (!report || pipe_open(f->report)) &&
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, f->control) == 0)
        return true;
    fds_close(f, 0);
    fds_close(f, 1);
    return false;
}

static pid_t monitor_fork(const struct tasks *ts, const struct task_fds *f,
                          const struct child_spec *spec, const char *group,
                          uint64_t grace_ms)
{
    struct monitor_setup s = {.child = *spec,
                              .control = f->control[1],
                              .out = f->out[1],
                              .err = f->err[1],
                              .report = f->report[1],
                              .null = ts->null,
                              .groups = ts->groups,
                              .group = group,
                              .grace_ms = grace_ms,
                              .worker = getpid()};
    sigset_t all, before;
    pid_t pid;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid = fork();
    if (pid == 0)
        monitor_run(&s);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return pid;
}

struct task *task_start(struct tasks *ts, const struct child_spec *spec,
                        uint64_t grace_ms, const struct task_handler *handler,
                        void *arg)
{
    struct task_fds f;
    struct task *t;
    char *group;
    pid_t pid;

    if (!fds_open(&f, spec->report))
        return NULL;
    /* other workers on this machine may run a job of the same name */
    group = spec->jid ? xasprintf("muster-%s-%s", ts->instance, spec->jid)
                      : xasprintf("muster-%s.%u", ts->instance, ts->others++);
    pid = monitor_fork(ts, &f, spec, group, grace_ms);
    fds_close(&f, 1);
    if (pid < 0) {
        fds_close(&f, 0);
        free(group);
        return NULL;
    }
    t = xcalloc(1, sizeof(*t));
    t->tasks = ts;
    t->handler = handler;
    t->arg = arg;
    t->group = group;
    t->monitor = pid;
    t->control = f.control[0];
    t->check = (struct loop_task){.fn = task_check, .arg = t};
    t->control_event =
        loop_fd_new(ts->loop, t->control, false, control_readable, t);
    loop_fd_on(t->control_event);
    stream_open(&t->streams[TASK_STDOUT], ts->loop, f.out[0], ts->scratch,
                &stream_handler, t);
    stream_open(&t->streams[TASK_STDERR], ts->loop, f.err[0], ts->scratch,
                &stream_handler, t);
    t->streams[TASK_REPORT].fd = -1;
    if (spec->report)
        stream_open(&t->streams[TASK_REPORT], ts->loop, f.report[0],
                    ts->scratch, &stream_handler, t);
    DL_APPEND(ts->list, t);
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
    ts->scratch = xmalloc(STREAM_READ);
    ts->sigchld = loop_signal_new(l, SIGCHLD, children_ended, ts);
    ts->stray_timer = loop_timer_new(l, strays_round, ts);
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
    if (ts->null >= 0)
        close(ts->null);
    if (ts->groups >= 0)
        close(ts->groups);
}

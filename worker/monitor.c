#include "worker/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "worker/cgroup.h"
#include "worker/tree.h"

/* What is left at the main process's end may end by itself in this time: the
 * tee of a shell's >(tee). */
#define SETTLE_MS   100
#define ORPHAN_MS   1000 /* grace when the worker has died */
#define ROUNDS      16   /* at once, while they still find somebody new */
#define KILL_MIN_MS 5    /* pauses between later rounds double from … */
#define KILL_MAX_MS 1000 /* … to this */
#define STUCK_MS    5000 /* of killing until it is told */

enum monitor_phase { RUNNING, SETTLING, TERMED, KILLING };

struct monitor {
    const struct monitor_setup *setup;
    enum monitor_phase phase;
    int signals; /* signalfd: SIGCHLD, and SIGTERM as the worker's death */
    int failure; /* pipe from the child: a struct child_failure or the end */
    int group;   /* the job's cgroup, or -1 */
    pid_t main;  /* 0 once it has been waited for */
    bool asked;  /* somebody wants the end */
    bool orphan; /* the worker is gone */
    bool stuck_told;
    uint64_t started_us, deadline_us, killing_us;
    unsigned pause_ms; /* after the next round of killing */
    struct tree tree;
    struct monitor_report report;
};

static uint64_t now_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void monitor_say(struct monitor *m, enum monitor_word word)
{
    m->report.word = word;
    if (send(m->setup->control, &m->report, sizeof(m->report), MSG_NOSIGNAL) <
        0) {
        /* the worker is gone: there is nobody to tell */
    }
}

/* -- what it is ------------------------------------------------------------ */

static int by_number(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* Closes everything but what the setup names. */
static void descriptors_close(const struct monitor_setup *s)
{
    int keep[] = {s->control, s->out, s->err, s->report, s->groups};
    unsigned from = 3;
    size_t i;

    qsort(keep, sizeof(keep) / sizeof(keep[0]), sizeof(keep[0]), by_number);
    for (i = 0; i < sizeof(keep) / sizeof(keep[0]); i++) {
        if (keep[i] < (int)from)
            continue;
        if ((unsigned)keep[i] > from)
            close_range(from, (unsigned)keep[i] - 1, 0);
        from = (unsigned)keep[i] + 1;
    }
    close_range(from, ~0U, 0);
}

/* The worker's handlers must not run here: all signals are blocked since
 * before the fork, those that count are read from a descriptor. */
static void signals_take(struct monitor *m)
{
    struct sigaction plain = {.sa_handler = SIG_DFL};
    sigset_t set;
    int signo;

    for (signo = 1; signo < NSIG; signo++)
        sigaction(signo, &plain, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    m->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void monitor_become(struct monitor *m)
{
    const struct monitor_setup *s = m->setup;
    int fd;

    setsid();
    prctl(PR_SET_NAME, "muster-job");
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    for (fd = 0; fd < 3; fd++)
        dup2(s->null, fd);
    descriptors_close(s);
    signals_take(m);
    /* dead before it could be noticed */
    if (getppid() != s->worker)
        _exit(1);
}

/* -- ending the tree ------------------------------------------------------- */

static void phase_enter(struct monitor *m, enum monitor_phase phase,
                        uint64_t ms)
{
    m->phase = phase;
    m->deadline_us = now_us() + ms * 1000;
    if (phase == KILLING) {
        m->killing_us = now_us();
        m->pause_ms = KILL_MIN_MS;
    }
}

/* Without a /proc to look at, at least the main process's own group: it cannot
 * be a stranger's as long as that process has not been waited for. */
static void group_signal(struct monitor *m, int signo)
{
    if (m->main)
        kill(-m->main, signo);
}

/* Stops everybody, so that nobody forks and no handler starts anybody until all
 * have been told. Whom a signal waits for forks no more: when a look finds
 * nobody new, all are found. Returns how many live. */
static int stop_all(struct monitor *m)
{
    int round, alive = 0, fresh = 1;

    for (round = 0; round < ROUNDS && fresh > 0; round++) {
        struct tree before = m->tree;

        m->tree = (struct tree){0};
        alive = tree_walk(&m->tree, getpid(), NULL, NULL);
        fresh = tree_signal_new(&m->tree, &before, SIGSTOP);
        tree_free(&before);
    }
    return alive;
}

/* TERM to everybody, once: whom their handlers start has the grace, too. */
static void term_round(struct monitor *m)
{
    uint64_t grace = m->setup->grace_ms;
    int alive = stop_all(m);

    tree_signal(&m->tree, SIGTERM);
    tree_continue(&m->tree);
    if (alive < 0)
        group_signal(m, SIGTERM);
    if (m->orphan && grace > ORPHAN_MS)
        grace = ORPHAN_MS;
    if (alive > 0 && !m->asked)
        m->report.left = alive;
    phase_enter(m, TERMED, grace);
}

static void kill_round(struct monitor *m)
{
    int round, alive = 0, before = -1;

    if (m->group >= 0)
        cgroup_kill(m->group);
    for (round = 0; round < ROUNDS && alive != before; round++) {
        before = alive;
        alive = tree_walk(&m->tree, getpid(), NULL, NULL);
        tree_signal(&m->tree, SIGKILL);
    }
    if (alive < 0)
        group_signal(m, SIGKILL);
    if (!m->stuck_told && now_us() - m->killing_us > STUCK_MS * 1000) {
        int left = m->report.left;

        m->stuck_told = true;
        m->report.left = alive;
        monitor_say(m, MONITOR_STUCK);
        m->report.left = left;
    }
    m->deadline_us = now_us() + m->pause_ms * 1000;
    if (m->pause_ms < KILL_MAX_MS)
        m->pause_ms *= 2;
}

static void deadline_passed(struct monitor *m)
{
    if (m->phase == SETTLING) {
        term_round(m);
        return;
    }
    if (m->phase == TERMED)
        phase_enter(m, KILLING, 0);
    kill_round(m);
}

static void end_asked(struct monitor *m, bool at_once)
{
    m->asked = m->asked || m->main;
    if (at_once && m->phase != KILLING)
        phase_enter(m, KILLING, 0);
    else if (m->phase < TERMED)
        term_round(m);
}

/* The worker has died: shorter grace, for it is told lost within seconds. */
static void worker_died(struct monitor *m)
{
    uint64_t soon = now_us() + ORPHAN_MS * 1000;

    m->orphan = true;
    end_asked(m, false);
    if (m->phase == TERMED && m->deadline_us > soon)
        m->deadline_us = soon;
}

/* -- waiting --------------------------------------------------------------- */

static void control_read(struct monitor *m)
{
    char what;
    ssize_t n = recv(m->setup->control, &what, 1, MSG_DONTWAIT);

    if (n == 1)
        end_asked(m, what == MONITOR_KILL);
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        worker_died(m);
}

static void signals_read(struct monitor *m)
{
    struct signalfd_siginfo info;

    while (read(m->signals, &info, sizeof(info)) == sizeof(info))
        if (info.ssi_signo == SIGTERM)
            worker_died(m);
}

static int wait_ms(const struct monitor *m)
{
    uint64_t now = now_us();

    if (m->phase == RUNNING)
        return -1;
    if (m->deadline_us <= now)
        return 0;
    return (int)((m->deadline_us - now + 999) / 1000);
}

static void monitor_wait(struct monitor *m)
{
    struct pollfd p[2] = {
        {.fd = m->signals, .events = POLLIN},
        {.fd = m->orphan ? -1 : m->setup->control, .events = POLLIN}};

    if (poll(p, 2, wait_ms(m)) > 0) {
        if (p[0].revents)
            signals_read(m);
        if (p[1].revents)
            control_read(m);
    }
    if (m->phase != RUNNING && m->deadline_us <= now_us())
        deadline_passed(m);
}

static void main_ended(struct monitor *m, int status)
{
    struct child_failure f;

    m->main = 0;
    m->report.status = status;
    m->report.by_itself = !m->asked;
    m->report.run_usec = now_us() - m->started_us;
    if (read(m->failure, &f, sizeof(f)) == sizeof(f))
        m->report.failure = f;
    if (m->phase == RUNNING)
        phase_enter(m, SETTLING, SETTLE_MS);
}

/* Waits for all that have ended; true when nobody is left. */
static bool monitor_reap(struct monitor *m)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0)
        if (pid == m->main)
            main_ended(m, status);
    return pid < 0 && errno == ECHILD;
}

/* -- starting -------------------------------------------------------------- */

/* fork(), into the job's cgroup if there is one. */
static pid_t fork_into(int group)
{
    struct clone_args args = {.flags = CLONE_INTO_CGROUP,
                              .exit_signal = SIGCHLD,
                              .cgroup = (uint64_t)group};

    if (group >= 0) {
        long pid = syscall(SYS_clone3, &args, sizeof(args));

        if (pid >= 0)
            return (pid_t)pid;
    }
    return fork();
}

static bool job_start(struct monitor *m)
{
    const struct monitor_setup *s = m->setup;
    struct child c = {
        .spec = &s->child, .out = s->out, .err = s->err, .report = s->report};
    int pipe_fds[2];

    if (!child_prepare(&c, &m->report.failure))
        return false;
    if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) < 0)
        return false;
    c.failure = pipe_fds[1];
    m->failure = pipe_fds[0];
    if (s->groups >= 0)
        m->group = cgroup_make(s->groups, s->group);
    m->started_us = now_us();
    m->main = fork_into(m->group);
    if (m->main == 0)
        child_exec(&c);
    close(pipe_fds[1]);
    close(c.in);
    close(s->out);
    close(s->err);
    if (s->report >= 0)
        close(s->report);
    return m->main > 0;
}

void monitor_run(const struct monitor_setup *setup)
{
    struct monitor m = {.setup = setup, .group = -1};

    monitor_become(&m);
    if (job_start(&m)) {
        while (!monitor_reap(&m))
            monitor_wait(&m);
    } else if (!m.report.failure.step[0]) {
        m.report.failure =
            (struct child_failure){.step = "fork", .error = errno};
    }
    monitor_say(&m, MONITOR_GONE);
    if (m.group >= 0)
        cgroup_remove(setup->groups, setup->group);
    _exit(0);
}

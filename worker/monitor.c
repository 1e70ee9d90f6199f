#include "worker/monitor_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/mem.h"
#include "worker/cgroup.h"
#include "worker/channel.h"
#include "worker/ending.h"
#include "worker/exit_line.h"
#include "worker/output.h"
#include "worker/output_report.h"
#include "worker/record.h"
#include "worker/spool_file.h"

#define TOO_MUCH "it wrote more than it may"
#define LEFT_MAX 256 /* whom it may leave behind, direct children */

static uint64_t now_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static uint64_t now_ms(void)
{
    return now_us() / 1000;
}

/* -- the worker ------------------------------------------------------------ */

/* The worker has died: shorter grace, for it is told lost within seconds. With
 * a spool the job goes on, and nobody takes its lines for now. */
static void worker_died(struct monitor *m)
{
    if (m->control >= 0)
        close(m->control);
    m->control = -1;
    m->unsent = false;
    if (!monitor_has_spool(m)) {
        ending_hurry(&m->ending, now_ms());
        return;
    }
    m->end.adopted = true;
    if (!m->absent_ms)
        m->absent_ms = now_ms();
}

/* Sends what may be sent. */
static void monitor_send(struct monitor *m)
{
    struct record *r = &m->record;
    const char *lines;
    size_t len;

    record_write(r, now_ms());
    m->unsent = false;
    while (m->control >= 0 && !m->silent &&
           (len = record_next(r, CHANNEL_LINES_MAX, &lines))) {
        bool last = r->over && r->sent + len == r->end;

        if (!channel_send(m->control, last ? CHANNEL_LAST : CHANNEL_LINES,
                          lines, len)) {
            m->unsent = errno == EAGAIN || errno == ENOBUFS || errno == EINTR;
            if (!m->unsent)
                worker_died(m);
            return;
        }
        record_sent(r, len);
    }
}

static void end_asked(struct monitor *m, const char *reason, size_t len,
                      bool at_once)
{
    if (!m->reason[0] && len <= REASON_MAX)
        memcpy(m->reason, reason, len);
    ending_ask(&m->ending, now_ms(), at_once);
}

static void end_now(struct monitor *m, const char *reason)
{
    end_asked(m, reason, strlen(reason), false);
}

void monitor_obey(struct monitor *m, const struct channel_message *order)
{
    switch (order->word) {
    case CHANNEL_END:
    case CHANNEL_KILL:
        end_asked(m, order->bytes, order->len, order->word == CHANNEL_KILL);
        break;
    case CHANNEL_ACKED: record_acked(&m->record, channel_number(order)); break;
    case CHANNEL_FROM:
        record_seek(&m->record, channel_number(order));
        m->silent = false;
        break;
    case CHANNEL_PEER:
        m->absent_ms = channel_number(order) ? 0 : now_ms();
        break;
    default: break;
    }
}

static void control_read(struct monitor *m)
{
    static char room[CHANNEL_MAX];
    struct channel_message order;
    int taken;

    while ((taken = channel_take(m->control, room, &order)) > 0)
        monitor_obey(m, &order);
    if (taken == 0)
        worker_died(m);
}

/* -- deadlines ------------------------------------------------------------- */

static void sooner(uint64_t *at, uint64_t other)
{
    if (other && (!*at || other < *at))
        *at = other;
}

static uint64_t idle_at(const struct monitor *m)
{
    if (!m->setup->idle_ms || m->output.paused_ms || m->ending.phase)
        return 0;
    return m->output.heard_ms + m->setup->idle_ms;
}

/* Only one that waits for its dispatcher is abandoned by it. */
static uint64_t abandon_at(const struct monitor *m)
{
    uint64_t since = m->output.paused_ms;

    if (!m->setup->abandon_ms || !m->absent_ms || !since || m->ending.phase)
        return 0;
    return (since > m->absent_ms ? since : m->absent_ms) + m->setup->abandon_ms;
}

/* When the next of them is due; 0: none. */
static uint64_t monitor_due(const struct monitor *m)
{
    uint64_t at = m->timeout_ms;

    sooner(&at, m->ending.at_ms);
    sooner(&at, m->output.hold_ms);
    sooner(&at, idle_at(m));
    sooner(&at, abandon_at(m));
    sooner(&at, m->record.retry_ms);
    if (m->control < 0 && m->listen < 0)
        sooner(&at, m->listen_ms);
    return at;
}

static void monitor_step(struct monitor *m, uint64_t now)
{
    uint64_t idle = idle_at(m), abandon = abandon_at(m);

    output_step(&m->output, now);
    if (m->control < 0 && monitor_has_spool(m) && m->listen < 0 &&
        now >= m->listen_ms)
        monitor_listen(m, now);
    if (m->timeout_ms && now >= m->timeout_ms) {
        m->timeout_ms = 0;
        end_now(m, "timeout");
    }
    if (idle && now >= idle)
        end_now(m, "idle");
    if (output_is_over(&m->output) && !m->ending.phase) {
        m->end.why = TOO_MUCH;
        end_now(m, "output");
    }
    if (abandon && now >= abandon) {
        m->end.why = "no dispatcher came for its output";
        end_now(m, "cancelled");
    }
    ending_step(&m->ending, now);
    if (m->ending.stuck && !m->stuck_told && m->control >= 0) {
        m->stuck_told = true;
        channel_send_number(m->control, CHANNEL_STUCK,
                            (uint64_t)m->ending.alive);
    }
}

/* -- waiting --------------------------------------------------------------- */

static void signals_read(struct monitor *m)
{
    struct signalfd_siginfo info;

    while (read(m->signals, &info, sizeof(info)) == sizeof(info))
        if (info.ssi_signo == SIGTERM)
            worker_died(m);
}

static int wait_ms(const struct monitor *m)
{
    uint64_t at = monitor_due(m), now;

    if (!at)
        return -1;
    now = now_ms();
    return at <= now ? 0 : at - now > 3600000 ? 3600000 : (int)(at - now);
}

static void monitor_wait(struct monitor *m)
{
    bool paused = m->output.paused_ms > 0;
    short control = m->unsent ? POLLIN | POLLOUT : POLLIN;
    struct pollfd p[] = {
        {.fd = paused ? -1 : m->output.fds[0], .events = POLLIN},
        {.fd = paused ? -1 : m->output.fds[1], .events = POLLIN},
        {.fd = paused ? -1 : m->output.fds[2], .events = POLLIN},
        {.fd = m->signals, .events = POLLIN},
        {.fd = m->control, .events = control},
        {.fd = m->listen, .events = POLLIN}};
    int i;

    if (poll(p, ARRAY_LEN(p), wait_ms(m)) > 0) {
        for (i = 0; i < OUTPUT_STREAMS; i++)
            if (p[i].revents)
                output_read(&m->output, (enum output_stream)i, now_ms());
        if (p[3].revents)
            signals_read(m);
        if (p[4].revents & ~POLLOUT && m->control >= 0)
            control_read(m);
        if (p[5].revents)
            monitor_welcome(m);
    }
    monitor_step(m, now_ms());
    monitor_send(m);
    output_pace(&m->output, now_ms());
}

/* -- its main process ------------------------------------------------------ */

static void main_ended(struct monitor *m, int status)
{
    struct child_failure f;

    m->end.status = status;
    m->end.run_usec = now_us() - m->started_us;
    if (m->ending.asked)
        m->end.reason = m->reason[0] ? m->reason : "cancelled";
    if (read(m->failure, &f, sizeof(f)) == sizeof(f))
        m->end.failure = f;
    ending_main_ended(&m->ending, now_ms());
}

/* Waits for all that have ended; true when nobody is left. */
static bool monitor_reap(struct monitor *m)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0)
        if (pid == m->ending.main)
            main_ended(m, status);
    return pid < 0 && errno == ECHILD;
}

/* False and errno, or m->end.failure. */
static bool job_fork(struct monitor *m, struct child *c)
{
    const struct monitor_setup *s = m->setup;
    int pipe_fds[2];

    if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) < 0)
        return false;
    c->failure = pipe_fds[1];
    m->failure = pipe_fds[0];
    /* one that leaves others behind shares no group with them */
    if (s->groups >= 0 && !s->child.leaves)
        m->ending.group = cgroup_make(s->groups, s->group);
    m->started_us = now_us();
    m->ending.main = cgroup_fork(m->ending.group);
    if (m->ending.main == 0)
        child_exec(c);
    close(pipe_fds[1]);
    return m->ending.main > 0;
}

/* A fact about this host: its worker registers it. */
static void tell_fact(void *arg, const char *attr, const char *value)
{
    struct monitor *m = arg;
    struct buf b = BUF_INIT;

    buf_add(&b, attr, strlen(attr) + 1);
    buf_add_str(&b, value);
    if (m->control >= 0)
        channel_send(m->control, CHANNEL_FACT, buf_data(&b), buf_len(&b));
    buf_free(&b);
}

static void ends_close(const int ends[OUTPUT_STREAMS])
{
    int i;

    for (i = 0; i < OUTPUT_STREAMS; i++)
        if (ends[i] >= 0)
            close(ends[i]);
}

static bool job_start(struct monitor *m)
{
    const struct monitor_setup *s = m->setup;
    struct child c = {.spec = &s->child};
    struct output_setup o = {.part = s->part,
                             .most = s->most,
                             .report = s->child.report,
                             .mask = s->mask,
                             .fact = tell_fact,
                             .arg = m};
    int ends[OUTPUT_STREAMS];
    bool started;

    if (!output_open(&m->output, &m->record, &o, now_ms(), ends) ||
        !child_prepare(&c, &m->end.failure))
        return false;
    c.out = ends[OUTPUT_STDOUT];
    c.err = ends[OUTPUT_STDERR];
    c.report = ends[OUTPUT_REPORT];
    started = job_fork(m, &c);
    close(c.in);
    ends_close(ends);
    if (s->timeout_ms)
        m->timeout_ms = now_ms() + s->timeout_ms;
    return started;
}

/* -- its end --------------------------------------------------------------- */

static void tell_end(struct monitor *m)
{
    struct record *r = &m->record;

    m->end.left = m->ending.left;
    m->end.cut = m->record.cut_all;
    m->end.state = output_report_state(&m->output, WEXITSTATUS(m->end.status));
    if (!m->end.why)
        m->end.why = m->output.report.wrong;
    if (output_is_over(&m->output) && !m->end.reason) {
        m->end.reason = "output"; /* it ended before it could be */
        m->end.why = TOO_MUCH;
    }
    record_tell_cut(r);
    exit_line_write(&m->last, r->jid, r->last + 1, &m->end);
    buf_add(record_last_line(r), buf_data(&m->last), buf_len(&m->last));
    record_line_end(r);
}

/* Nobody is left: told at once, though lines may have to wait. */
static void tell_gone(struct monitor *m)
{
    if (!m->gone_told)
        m->gone_told = channel_send(m->control, CHANNEL_GONE,
                                    buf_data(&m->last), buf_len(&m->last));
    m->unsent = m->unsent || !m->gone_told;
}

/* Whether nothing is left to be done: the worker reads from the file what it
 * has not been sent. */
static bool is_delivered(const struct monitor *m)
{
    const struct record *r = &m->record;

    if (record_is_sent(r) && !m->silent)
        return true;
    if (m->control < 0)
        return r->fd < 0 || r->written == r->end;
    return r->fd >= 0 && r->written == r->end && m->gone_told;
}

/* The rest goes as the worker takes it, if it lives. */
static void deliver(struct monitor *m)
{
    monitor_send(m);
    while (!is_delivered(m)) {
        struct pollfd p[] = {{.fd = m->control, .events = POLLIN},
                             {.fd = m->listen, .events = POLLIN}};

        if (m->control >= 0)
            tell_gone(m);
        if (is_delivered(m))
            break;
        if (m->unsent)
            p[0].events |= POLLOUT;
        if (poll(p, 2, wait_ms(m)) > 0) {
            if (p[0].revents & ~POLLOUT)
                control_read(m);
            if (p[1].revents)
                monitor_welcome(m);
        }
        if (m->control < 0 && monitor_has_spool(m) && m->listen < 0)
            monitor_listen(m, now_ms());
        monitor_send(m);
    }
}

/* They come to the worker when we go: it is not to take them for strays. */
static void tell_left(struct monitor *m)
{
    pid_t pids[LEFT_MAX];
    size_t n = ending_children(pids, LEFT_MAX);

    if (n && m->control >= 0)
        channel_send(m->control, CHANNEL_LEFT, pids, n * sizeof(pids[0]));
}

void monitor_run(const struct monitor_setup *setup)
{
    struct monitor m = {.setup = setup,
                        .control = setup->control,
                        .listen = -1,
                        .ending = {.group = -1,
                                   .leaves = setup->child.leaves,
                                   .grace_ms = setup->grace_ms}};

    monitor_become(&m);
    record_init(&m.record, setup->child.jid ? setup->child.jid : "-",
                setup->window);
    if (monitor_has_spool(&m))
        monitor_file_begin(&m);
    if (job_start(&m)) {
        while (!monitor_reap(&m) && !m.ending.over)
            monitor_wait(&m);
        if (m.ending.over)
            tell_left(&m);
        output_rest(&m.output);
    } else if (!m.end.failure.step[0]) {
        m.end.failure = (struct child_failure){.step = "fork", .error = errno};
    }
    if (m.ending.group >= 0)
        cgroup_remove(setup->groups, setup->group);
    tell_end(&m);
    deliver(&m);
    monitor_listen_end(&m);
    _exit(0);
}

/*
 * A probe by a script: its exit status says how the service is, its output
 * what there is to say. Whoever it has started in its process group ends with
 * it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/mem.h"
#include "server/probe.h"
#include "server/probe_child.h"

#define READ_SIZE 4096
#define READS_MAX 16 /* in a turn: it may write without end */

struct probe_run {
    const struct probe_place *place;
    probe_done_fn *done;
    void *arg;
    pid_t pid;  /* 0: it did not begin, or is reaped */
    int pidfd;  /* readable when it has ended; -1 */
    int output; /* -1: closed */
    struct loop_fd *ended, *readable;
    struct loop_task over;       /* it did not begin */
    uint64_t written;            /* bytes of its output so far */
    char tail[PROBE_OUTPUT_MAX]; /* the last of them, as a ring */
    char why[200];
};

/* -- its output ------------------------------------------------------------ */

static void output_take(struct probe_run *run, const char *bytes, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++)
        run->tail[run->written++ % PROBE_OUTPUT_MAX] = bytes[i];
}

/* What is there now. */
static void output_read(void *arg)
{
    struct probe_run *run = arg;
    char bytes[READ_SIZE];
    ssize_t n = 0;
    int i;

    for (i = 0; i < READS_MAX && run->output >= 0; i++) {
        n = read(run->output, bytes, sizeof(bytes));
        if (n <= 0)
            break;
        output_take(run, bytes, (size_t)n);
    }
    if (run->output < 0 || n > 0 ||
        (n < 0 && (errno == EAGAIN || errno == EINTR)))
        return;
    loop_fd_free(run->readable);
    run->readable = NULL;
    close(run->output);
    run->output = -1;
}

static void output_tell(const struct probe_run *run, struct buf *text)
{
    size_t kept = PROBE_OUTPUT_MAX, at;

    if (run->written <= PROBE_OUTPUT_MAX) {
        buf_add(text, run->tail, (size_t)run->written);
        return;
    }
    buf_add_fmt(text, "Captured %zu of %llu bytes\n...\n", kept,
                (unsigned long long)run->written);
    at = (size_t)(run->written % PROBE_OUTPUT_MAX);
    buf_add(text, run->tail + at, kept - at);
    buf_add(text, run->tail, at);
}

/* -- its end --------------------------------------------------------------- */

/* Ends all that is left of it. The number of its group is its own as long as
 * it is not reaped. False: it is not dead yet. */
static bool script_reap(struct probe_run *run, int *status)
{
    kill(-run->pid, SIGKILL);
    if (waitpid(run->pid, status, WNOHANG) == 0)
        return false;
    run->pid = 0;
    return true;
}

static void script_free(struct probe_run *run)
{
    loop_fd_free(run->ended);
    loop_fd_free(run->readable);
    if (run->pidfd >= 0)
        close(run->pidfd);
    if (run->output >= 0)
        close(run->output);
    loop_unsettle(run->place->loop, &run->over);
    free(run);
}

/* Nobody asks for it any more. What hangs in the kernel dies when it can, and
 * is waited for without keeping anybody. */
struct mourner {
    struct loop *loop;
    struct loop_fd *ended;
    struct loop_task at_free;
    pid_t pid;
    int pidfd;
};

static void mourner_free(void *arg)
{
    struct mourner *m = arg;

    loop_fd_free(m->ended);
    close(m->pidfd);
    free(m);
}

static void mourner_done(void *arg)
{
    struct mourner *m = arg;

    waitpid(m->pid, NULL, WNOHANG);
    loop_not_at_free(m->loop, &m->at_free);
    mourner_free(m);
}

static void script_mourn(struct probe_run *run)
{
    struct mourner *m = xcalloc(1, sizeof(*m));

    m->loop = run->place->loop;
    m->pid = run->pid;
    m->pidfd = run->pidfd;
    m->ended = loop_fd_new(m->loop, m->pidfd, false, mourner_done, m);
    m->at_free = (struct loop_task){.fn = mourner_free, .arg = m};
    loop_fd_on(m->ended);
    loop_at_free(m->loop, &m->at_free);
    run->pidfd = -1;
}

static void script_cancel(struct probe_run *run)
{
    int status;

    loop_fd_free(run->ended);
    run->ended = NULL;
    if (run->pid && !script_reap(run, &status) && run->pidfd >= 0)
        script_mourn(run);
    script_free(run);
}

static enum probe_status status_of(int status)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return PROBE_PASSING;
    return WIFEXITED(status) && WEXITSTATUS(status) == 1 ? PROBE_WARNING
                                                         : PROBE_CRITICAL;
}

static void script_tell(struct probe_run *run, enum probe_status status)
{
    struct probe_result r = {.status = status};
    struct buf text = BUF_INIT;
    probe_done_fn *done = run->done;
    void *arg = run->arg;

    if (*run->why)
        buf_add_str(&text, run->why);
    else
        output_tell(run, &text);
    script_free(run);
    r.output = buf_str(&text);
    r.output_len = buf_len(&text);
    done(arg, &r);
    buf_free(&text);
}

static void script_ended(void *arg)
{
    struct probe_run *run = arg;
    int status = 0;

    if (!script_reap(run, &status))
        return;
    /* what it wrote before its end is in the pipe: never more than that */
    output_read(run);
    script_tell(run, status_of(status));
}

static void script_failed(void *arg)
{
    script_tell(arg, PROBE_CRITICAL);
}

/* -- its beginning --------------------------------------------------------- */

static bool script_fail(struct probe_run *run, const char *step)
{
    snprintf(run->why, sizeof(run->why), "the script cannot be run: %s: %s",
             step, strerror(errno));
    loop_settle(run->place->loop, &run->over);
    return false;
}

static bool script_begin(struct probe_run *run, char *const *args)
{
    const char *step = "";
    int ends[2];

    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
        return script_fail(run, "pipe");
    run->output = ends[0];
    /* a script expects to wait until its output is taken */
    fcntl(ends[1], F_SETFL, 0);
    run->pid = probe_child(args, ends[1], run->place->user, &step);
    close(ends[1]);
    if (run->pid < 0) {
        run->pid = 0;
        return script_fail(run, step);
    }
    run->pidfd = (int)syscall(SYS_pidfd_open, run->pid, 0);
    if (run->pidfd < 0) {
        int error = errno;

        kill(-run->pid, SIGKILL);
        waitpid(run->pid, NULL, 0); /* it has only just begun */
        run->pid = 0;
        errno = error;
        return script_fail(run, "pidfd_open");
    }
    return true;
}

static struct probe_run *script_start(const struct probe_place *place,
                                      const struct probe_spec *s,
                                      probe_done_fn *done, void *arg)
{
    struct probe_run *run = xcalloc(1, sizeof(*run));

    run->place = place;
    run->done = done;
    run->arg = arg;
    run->pidfd = run->output = -1;
    run->over = (struct loop_task){.fn = script_failed, .arg = run};
    if (!script_begin(run, s->args))
        return run;
    run->readable =
        loop_fd_new(place->loop, run->output, false, output_read, run);
    run->ended = loop_fd_new(place->loop, run->pidfd, false, script_ended, run);
    loop_fd_on(run->readable);
    loop_fd_on(run->ended);
    return run;
}

const struct probe_kind probe_script = {script_start, script_cancel};

#include "worker/lister.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/mem.h"
#include "lib/utf8.h"

#define READ_MAX 65536
#define SAID_MAX 200 /* bytes of its complaint that are told */
#define END_LINE ".end\n"

struct lister {
    int pid_fd, out_fd, err_fd;
    struct loop_fd *event;
    struct loop_timer *deadline;
    struct buf out;
    lister_fn *done;
    void *arg;
};

void lister_free(struct lister *l)
{
    if (!l)
        return;
    /* whoever waits for all children waits for it, too */
    syscall(SYS_pidfd_send_signal, l->pid_fd, SIGTERM, NULL, 0);
    loop_fd_free(l->event);
    loop_timer_free(l->deadline);
    close(l->pid_fd);
    close(l->out_fd);
    close(l->err_fd);
    buf_free(&l->out);
    free(l);
}

/* The last line that it complained with. */
static void complaint(const struct lister *l, char *out, size_t size)
{
    char text[SAID_MAX + 1], *line;
    off_t end = lseek(l->err_fd, 0, SEEK_END);
    ssize_t n =
        pread(l->err_fd, text, SAID_MAX, end > SAID_MAX ? end - SAID_MAX : 0);

    while (n > 0 && text[n - 1] == '\n')
        n--;
    text[n > 0 ? n : 0] = '\0';
    line = strrchr(text, '\n');
    utf8_clean(out, size, line ? line + 1 : text);
}

static void finish(struct lister *l, const char *why)
{
    struct buf out = l->out;
    lister_fn *done = l->done;
    void *arg = l->arg;

    l->out = (struct buf)BUF_INIT;
    lister_free(l);
    done(arg, &out, why);
    buf_free(&out);
}

static void ended(struct lister *l)
{
    size_t len = buf_len(&l->out), end = strlen(END_LINE);
    char said[4 * SAID_MAX];

    if (len >= end &&
        memcmp(buf_data(&l->out) + len - end, END_LINE, end) == 0) {
        l->out.end -= end;
        finish(l, NULL);
        return;
    }
    complaint(l, said, sizeof(said));
    finish(l, *said ? said : "it ended before it was done");
}

static void on_readable(void *arg)
{
    struct lister *l = arg;
    ssize_t n = read(l->out_fd, buf_reserve(&l->out, READ_MAX), READ_MAX);

    if (n > 0)
        l->out.end += (size_t)n;
    if (buf_len(&l->out) > LISTER_MAX)
        finish(l, "it says too much");
    else if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        ended(l);
}

static void on_deadline(void *arg)
{
    finish(arg, "it does not end in time");
}

/* 0, 1 and 2 of its own, no signal blocked or ignored. */
static int spawn(pid_t *pid, char *const *argv, char *const *env, int out,
                 int err)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, all;
    int error;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attr);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, out, 1);
    posix_spawn_file_actions_adddup2(&files, err, 2);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    posix_spawnattr_setflags(&attr,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    error = posix_spawn(pid, argv[0], &files, &attr, argv, env);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    return error;
}

static bool start(struct lister *l, char *const *argv, char *const *env)
{
    int fds[2] = {-1, -1}, error;
    pid_t pid;

    l->err_fd = memfd_create("complaints", MFD_CLOEXEC);
    if (l->err_fd < 0 || pipe2(fds, O_CLOEXEC) < 0)
        return false;
    l->out_fd = fds[0];
    fcntl(l->out_fd, F_SETFL, O_NONBLOCK);
    error = spawn(&pid, argv, env, fds[1], l->err_fd);
    close(fds[1]);
    /* nobody has waited for it yet: the loop has not gone on */
    if (!error)
        l->pid_fd = (int)syscall(SYS_pidfd_open, pid, 0);
    errno = error ? error : errno;
    return !error && l->pid_fd >= 0;
}

struct lister *lister_start(struct loop *loop, char *const *argv,
                            char *const *env, uint64_t deadline_ms,
                            lister_fn *done, void *arg)
{
    struct lister *l = xcalloc(1, sizeof(*l));

    *l = (struct lister){
        .pid_fd = -1, .out_fd = -1, .err_fd = -1, .done = done, .arg = arg};
    if (!start(l, argv, env)) {
        int error = errno;

        lister_free(l);
        errno = error;
        return NULL;
    }
    l->event = loop_fd_new(loop, l->out_fd, false, on_readable, l);
    loop_fd_on(l->event);
    l->deadline = loop_timer_new(loop, on_deadline, l);
    loop_timer_set(l->deadline, deadline_ms);
    return l;
}

/*
 * A child writes the snapshot: it has the memory as it was when it was made,
 * and takes its time while the daemon goes on. It closes every descriptor but
 * the pipe's at once, so that no connection stays open because of it, and dies
 * with the daemon.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/musterd.h"
#include "server/snapshot.h"
#include "server/state/directory.h"

#define CHILD_LAST 4 /* open until it is no more: then the end is seen */
#define CHILD_FD   3
#define SAVES_MAX  2 /* at once: each may come to hold what changes meanwhile */

struct snapshot_save {
    pid_t pid;
};

static unsigned saves; /* under way, of this process */

static void child_signals(void)
{
    sigset_t none;
    int i;

    for (i = 1; i < NSIG; i++)
        signal(i, i == SIGPIPE ? SIG_IGN : SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void child_main(struct musterd *m, int fd, pid_t parent)
    __attribute__((noreturn));
static void child_main(struct musterd *m, int fd, pid_t parent)
{
    if ((fd != CHILD_LAST && dup2(fd, CHILD_LAST) < 0) ||
        dup2(CHILD_LAST, CHILD_FD) < 0)
        _exit(1);
    close_range(CHILD_LAST + 1, ~0u, 0);
    child_signals();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    _exit(snapshot_write(m, CHILD_FD) ? 0 : 1);
}

struct snapshot_save *snapshot_save_begin(struct musterd *m, int *fd)
{
    struct snapshot_save *s;
    pid_t parent = getpid(), pid;
    sigset_t all, old;
    int pipes[2];

    if (saves == SAVES_MAX) {
        errno = EBUSY;
        return NULL;
    }
    if (pipe2(pipes, O_CLOEXEC) < 0)
        return NULL;
    directory_wake(m->directory);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &old);
    pid = fork();
    if (pid == 0)
        child_main(m, pipes[1], parent);
    sigprocmask(SIG_SETMASK, &old, NULL);
    close(pipes[1]);
    if (pid < 0) {
        close(pipes[0]);
        return NULL;
    }
    fcntl(pipes[0], F_SETFL, O_NONBLOCK);
    s = xcalloc(1, sizeof(*s));
    s->pid = pid;
    saves++;
    *fd = pipes[0];
    return s;
}

bool snapshot_save_end(struct snapshot_save *s, bool ended)
{
    int status = 1;
    pid_t pid;

    if (!ended)
        kill(s->pid, SIGKILL);
    do
        pid = waitpid(s->pid, &status, 0);
    while (pid < 0 && errno == EINTR);
    free(s);
    saves--;
    return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

#include "client/cli/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child, up to exec; on failure errno goes to the parent. */
static void become(const struct spawn *s, pid_t parent, int failure)
{
    sigset_t none;
    int error;
    ssize_t n;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(1);
    if (s->keep >= 0)
        fcntl(s->keep, F_SETFD, 0);
    if (s->err >= 0)
        dup2(s->err, STDERR_FILENO);
    execvp(s->argv[0], (char *const *)s->argv);
    error = errno;
    n = write(failure, &error, sizeof(error));
    _exit(n == (ssize_t)sizeof(error) ? 127 : 126);
}

char *spawn_start(const struct spawn *s, pid_t *pid)
{
    pid_t parent = getpid();
    int pipes[2], error = 0;
    ssize_t n;

    if (pipe2(pipes, O_CLOEXEC) < 0)
        return xasprintf("cannot run %s: %s", s->argv[0], strerror(errno));
    *pid = fork();
    if (*pid == 0)
        become(s, parent, pipes[1]);
    if (*pid < 0)
        error = errno;
    close(pipes[1]);
    do
        n = *pid > 0 ? read(pipes[0], &error, sizeof(error)) : 0;
    while (n < 0 && errno == EINTR);
    close(pipes[0]);
    if (error == 0)
        return NULL;
    if (*pid > 0)
        waitpid(*pid, NULL, 0);
    *pid = 0;
    return xasprintf("cannot run %s: %s", s->argv[0], strerror(error));
}

bool spawn_ended(pid_t pid, int *how)
{
    return waitpid(pid, how, WNOHANG) == pid;
}

int spawn_status(int how)
{
    return WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
}

#include "server/probe_child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH      "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define FILES_MAX 256
#define ENV_MAX   4

/* All that the child looks at; it writes failed and error, which are ours. */
struct birth {
    char *const *args;
    char *const *env;
    int in, out;
    bool becomes; /* another user */
    uid_t uid;
    gid_t gid;
    const char *volatile failed; /* the step; NULL: none */
    volatile int error;
};

static void signals_reset(void)
{
    struct sigaction plain = {.sa_handler = SIG_DFL};
    sigset_t none;
    int signo;

    for (signo = 1; signo < NSIG; signo++)
        sigaction(signo, &plain, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Without glibc's setuid(): that one changes all threads, and sees ours. */
static bool user_become(const struct birth *b)
{
    return !b->becomes || (syscall(SYS_setgroups, 0, NULL) == 0 &&
                           syscall(SYS_setgid, b->gid) == 0 &&
                           syscall(SYS_setuid, b->uid) == 0);
}

static bool limits_set(void)
{
    const struct rlimit core = {0, 0};
    struct rlimit files;

    /* who is not root can raise no limit that is below ours */
    if (getrlimit(RLIMIT_NOFILE, &files) < 0)
        return false;
    if (files.rlim_max > FILES_MAX)
        files.rlim_max = FILES_MAX;
    files.rlim_cur = files.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &files) == 0 &&
           setrlimit(RLIMIT_CORE, &core) == 0;
}

static bool descriptors_set(const struct birth *b)
{
    return dup2(b->in, 0) >= 0 && dup2(b->out, 1) >= 0 &&
           dup2(b->out, 2) >= 0 &&
           close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
}

/* In our memory, while we stand still: it may change nothing but *b. The death
 * signal is lost by a change of user, so it comes after that. */
static const char *child_become(const struct birth *b)
{
    setsid();
    umask(077);
    if (!descriptors_set(b))
        return "descriptors";
    if (!limits_set())
        return "limits";
    if (!user_become(b))
        return "user";
    if (chdir("/") < 0)
        return "directory";
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        return "rights";
    signals_reset();
    execvpe(b->args[0], b->args, b->env);
    return "program";
}

/* A function of its own: what vfork() may spoil of the caller's is here. */
static __attribute__((noinline)) pid_t child_begin(struct birth *b)
{
    pid_t pid = vfork();

    if (pid == 0) {
        b->failed = child_become(b);
        b->error = errno;
        _exit(127);
    }
    return pid;
}

static pid_t child_run(struct birth *b, const char **step)
{
    sigset_t all, before;
    pid_t pid;
    int error;

    /* a handler of ours must not run in it */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid = child_begin(b);
    error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (pid < 0) {
        *step = "process";
        errno = error;
        return -1;
    }
    if (!b->failed)
        return pid;
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    *step = b->failed;
    errno = b->error;
    return -1;
}

/* Whom to become: NULL is nobody else. False: there is no such user. */
static bool user_find(struct birth *b, const char *user)
{
    const struct passwd *u;

    if (!user || !*user || geteuid() != 0)
        return true;
    errno = 0;
    u = getpwnam(user);
    if (!u) {
        errno = errno ? errno : ENOENT;
        return false;
    }
    b->becomes = true;
    b->uid = u->pw_uid;
    b->gid = u->pw_gid;
    return true;
}

pid_t probe_child(char *const *args, int out, const char *user,
                  const char **step)
{
    static char path[] = "PATH=" PATH, home[] = "HOME=/",
                shell[] = "SHELL=/bin/sh";
    char *env[ENV_MAX] = {path, home, shell, NULL};
    struct birth b = {.args = args, .env = env, .out = out};
    pid_t pid = -1;
    int error;

    if (!user_find(&b, user)) {
        *step = "user";
        return -1;
    }
    b.in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    *step = "/dev/null";
    if (b.in >= 0)
        pid = child_run(&b, step);
    error = errno;
    if (b.in >= 0)
        close(b.in);
    errno = error;
    return pid;
}

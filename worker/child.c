#include "worker/child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/mem.h"

#define PATH_ROOT "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define PATH_USER "/usr/local/bin:/usr/bin:/bin"
#define ENV_CLEAN 12 /* at most so many that env_clean() sets, and the end */

static bool fail(struct child_failure *f, const char *step, int error)
{
    *f = (struct child_failure){.error = error};
    snprintf(f->step, sizeof(f->step), "%s", step);
    return false;
}

/* -- before the fork ------------------------------------------------------- */

/* K=V of the request wins over ours: the last of a name counts for exec. */
static void env_put(char **env, size_t *n, const char *name, const char *value)
{
    env[(*n)++] = xasprintf("%s=%s", name, value);
}

static bool is_named(const char *setting, const char *name)
{
    size_t len = strlen(name);

    return strncmp(setting, name, len) == 0 && setting[len] == '=';
}

/* Adds K=V, in place of one of that name. */
static void env_replace(char **env, size_t *n, const char *setting)
{
    size_t i;

    for (i = 0; i < *n; i++) {
        size_t len = strcspn(env[i], "=") + 1;

        if (strncmp(env[i], setting, len) == 0) {
            free(env[i]);
            env[i] = xstrdup(setting);
            return;
        }
    }
    env[(*n)++] = xstrdup(setting);
}

static void env_clean(const struct child *c, char **env, size_t *n)
{
    const struct passwd *u = c->user;
    const char *lang = getenv("LANG");

    env_put(env, n, "PATH", u && u->pw_uid ? PATH_USER : PATH_ROOT);
    env_put(env, n, "HOME", u ? u->pw_dir : "/");
    env_put(env, n, "SHELL", "/bin/sh");
    if (u) {
        env_put(env, n, "USER", u->pw_name);
        env_put(env, n, "LOGNAME", u->pw_name);
    }
    if (lang)
        env_put(env, n, "LANG", lang);
    if (c->spec->jid)
        env_put(env, n, "MUSTER_JOB", c->spec->jid);
    env_put(env, n, "MUSTER_HOST", c->spec->host);
    if (c->spec->worker)
        env_put(env, n, "MUSTER_WORKER", c->spec->worker);
    if (c->spec->fence) {
        char fence[24];

        snprintf(fence, sizeof(fence), "%llu",
                 (unsigned long long)c->spec->fence);
        env_put(env, n, "MUSTER_FENCE", fence);
    }
}

static void child_env(struct child *c)
{
    char *const *own = c->spec->env;
    size_t count = 0, n = 0;

    while (own && own[count])
        count++;
    c->env = xcalloc(ENV_CLEAN + count, sizeof(*c->env));
    env_clean(c, c->env, &n);
    while (own && *own)
        env_replace(c->env, &n, *own++);
}

/* A program's PATH is looked for in the environment of the caller. */
static void path_adopt(const struct child *c)
{
    size_t i;

    for (i = 0; c->env[i]; i++)
        if (is_named(c->env[i], "PATH"))
            setenv("PATH", c->env[i] + strlen("PATH="), 1);
}

static bool child_user(struct child *c, struct child_failure *f)
{
    const char *name = c->spec->user;

    c->user = c->spec->self;
    if (!name)
        return true;
    errno = 0;
    c->user = getpwnam(name);
    if (!c->user)
        return fail(f, "user", errno ? errno : ENOENT);
    c->group_count = 0;
    getgrouplist(name, c->user->pw_gid, NULL, &c->group_count);
    c->groups = xcalloc((size_t)c->group_count + 1, sizeof(*c->groups));
    if (getgrouplist(name, c->user->pw_gid, c->groups, &c->group_count) < 0)
        return fail(f, "user", E2BIG);
    return true;
}

/* Text in memory, read from its start: it can neither block nor be cut. */
static int input_make(const struct child_spec *s)
{
    int fd = memfd_create("stdin", MFD_CLOEXEC);
    size_t at = 0;

    while (fd >= 0 && at < s->input_len) {
        ssize_t n = pwrite(fd, s->input + at, s->input_len - at, (off_t)at);

        if (n <= 0) {
            close(fd);
            return -1;
        }
        at += (size_t)n;
    }
    return fd;
}

bool child_prepare(struct child *c, struct child_failure *failure)
{
    if (!child_user(c, failure))
        return false;
    child_env(c);
    path_adopt(c);
    c->in = c->spec->input ? input_make(c->spec)
                           : open("/dev/null", O_RDONLY | O_CLOEXEC);
    return c->in >= 0 || fail(failure, "stdin", errno);
}

/* -- after the fork -------------------------------------------------------- */

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

/* What is in the place of 3 moves away first. */
static bool report_set(struct child *c)
{
    int report = fcntl(c->report, F_DUPFD_CLOEXEC, 4);

    if (c->failure == 3)
        c->failure = fcntl(c->failure, F_DUPFD_CLOEXEC, 4);
    return report >= 0 && c->failure >= 0 && dup2(report, 3) >= 0;
}

/* 0, 1, 2, and perhaps 3; everything else closes at exec. */
static bool descriptors_set(struct child *c)
{
    bool report = c->report >= 0;

    return dup2(c->in, 0) >= 0 && dup2(c->out, 1) >= 0 &&
           dup2(c->err, 2) >= 0 && (!report || report_set(c)) &&
           close_range(report ? 4 : 3, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
}

static bool user_become(const struct child *c)
{
    const struct passwd *u = c->user;

    if (!c->spec->user || (geteuid() && u->pw_uid == geteuid()))
        return true;
    return setgroups((size_t)c->group_count, c->groups) == 0 &&
           setgid(u->pw_gid) == 0 && setuid(u->pw_uid) == 0;
}

static bool directory_enter(const struct child *c)
{
    if (c->spec->cwd)
        return chdir(c->spec->cwd) == 0;
    if (c->user && chdir(c->user->pw_dir) == 0)
        return true;
    return chdir("/") == 0;
}

/* In the order that each step needs: rights are given up late, the directory
 * is entered with the rights of the job, the death signal is lost by a change
 * of user. */
static const char *child_become(struct child *c)
{
    setsid();
    umask(022);
    if (setrlimit(RLIMIT_NOFILE, &c->spec->nofile) < 0)
        return "limits";
    if (!descriptors_set(c))
        return "descriptors";
    if (!user_become(c))
        return "user";
    if (!directory_enter(c))
        return "cwd";
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        return "death signal";
    signals_reset();
    execvpe(c->spec->argv[0], c->spec->argv, c->env);
    return "exec";
}

void child_exec(struct child *c)
{
    struct child_failure f;
    int error;

    fail(&f, child_become(c), 0);
    error = errno;
    f.error = error;
    if (write(c->failure, &f, sizeof(f)) < 0) {
        /* the monitor is gone, and with it everybody who would ask */
    }
    _exit(127);
}

#include "plugins/worker/facts/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/mem.h"

uint64_t spawn_clock(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* Its descriptors are 0 (nothing), 1 (us) and 2; descriptor 3 is ours. */
static void become(char *const argv[], int out)
{
    int null = open("/dev/null", O_RDONLY);

    setpgid(0, 0);
    if (null >= 0)
        dup2(null, 0);
    dup2(out, 1);
    close_range(3, ~0U, 0);
    execv(argv[0], argv);
    _exit(127);
}

/* What there is to read until end: 0 its end, -1 the time is over or it is too
 * much. */
static const char *read_all(int fd, uint64_t end, size_t max, struct buf *out)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    for (;;) {
        uint64_t now = spawn_clock();
        ssize_t n;

        if (now >= end || poll(&p, 1, (int)(end - now)) == 0)
            return "it does not end in time";
        n = read(fd, buf_reserve(out, 4096), 4096);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return NULL;
        out->end += (size_t)n;
        if (buf_len(out) > max)
            return "it says too much";
    }
}

static char *ended_wrong(pid_t pid, uint64_t end)
{
    struct timespec pause = {.tv_nsec = 2000000};
    int status;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (spawn_clock() >= end)
            return xstrdup("it does not end in time");
        nanosleep(&pause, NULL);
    }
    if (WIFSIGNALED(status))
        return xasprintf("signal %d", WTERMSIG(status));
    if (WEXITSTATUS(status))
        return xasprintf("exit %d", WEXITSTATUS(status));
    return NULL;
}

char *spawn_read(char *const argv[], uint64_t ms, size_t max, struct buf *out)
{
    uint64_t end = spawn_clock() + ms;
    const char *wrong;
    char *why = NULL;
    int fds[2];
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC) < 0)
        return xstrdup(strerror(errno));
    pid = fork();
    if (pid == 0)
        become(argv, fds[1]);
    close(fds[1]);
    if (pid < 0) {
        close(fds[0]);
        return xstrdup(strerror(errno));
    }
    setpgid(pid, pid);
    wrong = read_all(fds[0], end, max, out);
    close(fds[0]);
    why = wrong ? xstrdup(wrong) : ended_wrong(pid, end);
    /* nobody has waited for it where it was too slow: the group is its own */
    if (why && (wrong || waitpid(pid, NULL, WNOHANG) == 0)) {
        kill(-pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    return why;
}

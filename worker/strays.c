#include "worker/strays.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/mem.h"

#define ENVIRON_MAX (2 << 20) /* bytes of an environment: more is no job's */

const char *strays_value(const char *block, size_t len, const char *name)
{
    const char *p = block, *end = block + len;
    size_t n = strlen(name);

    while (p < end) {
        const char *next = memchr(p, '\0', (size_t)(end - p));

        if (!next)
            return NULL;
        if ((size_t)(next - p) > n && memcmp(p, name, n) == 0 && p[n] == '=')
            return p + n + 1;
        p = next + 1;
    }
    return NULL;
}

/* Bytes of /proc/PID/environ in room; 0: it cannot be read, or is empty. */
static size_t environ_read(const char *pid, char *room)
{
    char path[64];
    size_t len = 0;
    ssize_t n = 0;
    int fd;

    snprintf(path, sizeof(path), "/proc/%s/environ", pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    while (len < ENVIRON_MAX &&
           (n = read(fd, room + len, ENVIRON_MAX - len)) > 0)
        len += (size_t)n;
    close(fd);
    return n < 0 ? 0 : len;
}

struct search {
    const char *worker;
    bool (*match)(void *arg, const char *jid);
    void *arg;
    char *room;
};

static bool is_stray(const struct search *s, const char *pid)
{
    size_t len = environ_read(pid, s->room);
    const char *worker = strays_value(s->room, len, "MUSTER_WORKER");
    const char *jid = strays_value(s->room, len, "MUSTER_JOB");

    return worker && jid && strcmp(worker, s->worker) == 0 &&
           s->match(s->arg, jid);
}

/* The pidfd is taken before the second look: should the pid change hands after
 * that, the signal finds nobody. */
static bool stray_kill(const struct search *s, const char *pid)
{
    int fd = (int)syscall(SYS_pidfd_open, atoi(pid), 0);
    bool stray = fd >= 0 && is_stray(s, pid);

    if (stray)
        syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
    if (fd >= 0)
        close(fd);
    return stray;
}

int strays_kill(const char *worker, bool (*match)(void *arg, const char *jid),
                void *arg)
{
    struct search s = {.worker = worker, .match = match, .arg = arg};
    DIR *dir = opendir("/proc");
    struct dirent *e;
    int found = 0;

    if (!dir)
        return 0;
    s.room = xmalloc(ENVIRON_MAX);
    while ((e = readdir(dir)))
        if (isdigit((unsigned char)e->d_name[0]) && is_stray(&s, e->d_name) &&
            stray_kill(&s, e->d_name))
            found++;
    free(s.room);
    closedir(dir);
    return found;
}

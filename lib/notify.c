#include "lib/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/log.h"

static struct {
    struct sockaddr_un to;
    socklen_t len; /* 0: nobody wants to know */
    uint64_t watchdog_ms;
} the_notify;

/* A path, or @ and a name of the abstract kind. */
static void take_socket(const char *path)
{
    struct sockaddr_un *to = &the_notify.to;
    size_t len = path == NULL ? 0 : strlen(path);

    the_notify.len = 0;
    if (len < 2 || len >= sizeof(to->sun_path) || strchr("/@", *path) == NULL)
        return;
    *to = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(to->sun_path, path, len);
    if (to->sun_path[0] == '@')
        to->sun_path[0] = '\0';
    the_notify.len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

static uint64_t number(const char *name)
{
    const char *text = getenv(name);
    char *end;
    unsigned long long n;

    if (text == NULL || *text < '0' || *text > '9')
        return 0;
    errno = 0;
    n = strtoull(text, &end, 10);
    return errno || *end ? 0 : n;
}

void notify_begin(void)
{
    uint64_t pid = number("WATCHDOG_PID");

    take_socket(getenv("NOTIFY_SOCKET"));
    the_notify.watchdog_ms = 0;
    if (pid == 0 || pid == (uint64_t)getpid())
        the_notify.watchdog_ms = number("WATCHDOG_USEC") / 1000;
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

uint64_t notify_watchdog_ms(void)
{
    return the_notify.len ? the_notify.watchdog_ms : 0;
}

/* systemd may be busy, and its queue full for a moment: a ping is not worth
 * waiting for, but of the rest none is said twice. */
void notify_tell(const char *state)
{
    static const struct timeval patience = {.tv_sec = 1};
    int wait = strcmp(state, "WATCHDOG=1") == 0 ? MSG_DONTWAIT : 0, fd;

    if (!the_notify.len)
        return;
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) ||
        sendto(fd, state, strlen(state), MSG_NOSIGNAL | wait,
               (struct sockaddr *)&the_notify.to, the_notify.len) < 0)
        log_warn("cannot tell %s to NOTIFY_SOCKET: %m", state);
    if (fd >= 0)
        close(fd);
}

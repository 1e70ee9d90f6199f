#include "lib/log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/mem.h"

#define SYSLOG_SOCKET "/dev/log"

/* What follows `prefix` in text, NULL if it does not begin so. */
static const char *after(const char *text, const char *prefix)
{
    size_t len = strlen(prefix);

    return strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

bool log_sink_parse(const char *to, enum log_sink_kind *kind, const char **path)
{
    *path = NULL;
    if (strcmp(to, "stderr") == 0) {
        *kind = LOG_SINK_STDERR;
        return true;
    }
    if (strcmp(to, "syslog") == 0) {
        *kind = LOG_SINK_SYSLOG;
        *path = SYSLOG_SOCKET;
        return true;
    }
    if ((*path = after(to, "file:")) != NULL)
        *kind = LOG_SINK_FILE;
    else if ((*path = after(to, "syslog:")) != NULL)
        *kind = LOG_SINK_SYSLOG;
    return *path != NULL && **path != '\0';
}

/*
 * A pipe is opened a second time, to be non-blocking for us alone: the flag of
 * fd 2 itself is shared with whoever started us.
 */
static int stderr_open(bool *is_socket)
{
    struct stat st;
    int fd = -1;

    *is_socket = false;
    if (fstat(STDERR_FILENO, &st) < 0)
        return STDERR_FILENO;
    *is_socket = S_ISSOCK(st.st_mode);
    if (S_ISFIFO(st.st_mode))
        fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    return fd < 0 ? STDERR_FILENO : fd;
}

static int file_open(const char *path)
{
    int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY;

    return open(path, flags | O_NONBLOCK, 0640);
}

static int syslog_open(const char *path)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    int fd, saved;

    if (strlen(path) >= sizeof(sun.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(sun.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0) {
        saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

static int sink_fd(enum log_sink_kind kind, const char *path, bool *is_socket)
{
    *is_socket = kind == LOG_SINK_SYSLOG;
    switch (kind) {
    case LOG_SINK_STDERR: return stderr_open(is_socket);
    case LOG_SINK_FILE: return file_open(path);
    case LOG_SINK_SYSLOG: return syslog_open(path);
    }
    return -1;
}

bool log_sink_open(struct log_sink *sink, const char *to, char *err,
                   size_t err_size)
{
    enum log_sink_kind kind;
    const char *path;
    bool is_socket;
    int fd;

    if (!log_sink_parse(to, &kind, &path)) {
        snprintf(err, err_size, "'%s' is not stderr, file:PATH or syslog", to);
        return false;
    }
    fd = sink_fd(kind, path, &is_socket);
    if (fd < 0) {
        snprintf(err, err_size, "%s: %s", path, strerror(errno));
        return false;
    }
    *sink = (struct log_sink){.kind = kind,
                              .fd = fd,
                              .socket = is_socket,
                              .path = path == NULL ? NULL : xstrdup(path)};
    return true;
}

/* A syslog daemon that was restarted is found again, once per line. */
static ssize_t sink_send(struct log_sink *sink, const char *line, size_t len)
{
    ssize_t n = -1;

    if (sink->fd >= 0)
        n = send(sink->fd, line, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0 || sink->kind != LOG_SINK_SYSLOG ||
        (sink->fd >= 0 && (errno == EAGAIN || errno == EMSGSIZE)))
        return n;
    if (sink->fd >= 0)
        close(sink->fd);
    sink->fd = syslog_open(sink->path);
    if (sink->fd < 0)
        return -1;
    return send(sink->fd, line, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

bool log_sink_write(struct log_sink *sink, const char *line, size_t len)
{
    struct pollfd pfd = {.fd = sink->fd, .events = POLLOUT};

    if (sink->socket)
        return sink_send(sink, line, len) == (ssize_t)len;
    /* a terminal that was stopped, a pipe that could not be opened again */
    if (poll(&pfd, 1, 0) != 1 || (pfd.revents & POLLOUT) == 0)
        return false;
    return write(sink->fd, line, len) == (ssize_t)len;
}

bool log_sink_reopen(struct log_sink *sink)
{
    int fd;

    if (sink->kind != LOG_SINK_FILE)
        return true;
    fd = file_open(sink->path);
    if (fd < 0)
        return false;
    close(sink->fd);
    sink->fd = fd;
    return true;
}

void log_sink_close(struct log_sink *sink)
{
    if (sink->fd >= 0 && sink->fd != STDERR_FILENO)
        close(sink->fd);
    free(sink->path);
    *sink = (struct log_sink){.kind = LOG_SINK_STDERR, .fd = STDERR_FILENO};
}

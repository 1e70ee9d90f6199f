#include "lib/listen_bind.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTEN_PORTS 32 /* tried where two sockets want the same one */

void listen_bound_addr(struct addr *a, int fd)
{
    struct sockaddr_storage ss;
    socklen_t len = sizeof(ss);
    char host[ADDR_HOST_MAX + 1], port[8];

    if (a->kind == ADDR_UNIX || getsockname(fd, (struct sockaddr *)&ss, &len))
        return;
    if (getnameinfo((struct sockaddr *)&ss, len, host, sizeof(host), port,
                    sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return;
    a->port = (uint16_t)strtoul(port, NULL, 10);
    /* a certificate is for the name that people know */
    if (!a->tls || !strcmp(a->host, "*"))
        snprintf(a->host, sizeof(a->host), "%s", host);
}

/* Takes the socket file of a process that is gone; not of a living one, and
 * nothing that is no socket. */
static int bind_unix(int fd, const char *path)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    struct stat st;
    mode_t mask;
    int result;

    if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode)) {
        errno = EEXIST;
        return -1;
    }
    memcpy(sun.sun_path, path, strlen(path) + 1);
    if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0) {
        errno = EADDRINUSE;
        return -1;
    }
    if (errno == ECONNREFUSED)
        unlink(path);
    mask = umask(0177);
    result = bind(fd, (struct sockaddr *)&sun, sizeof(sun));
    umask(mask);
    return result;
}

static int socket_unix(const struct addr *a)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd >= 0 && bind_unix(fd, a->host) < 0) {
        int error = errno;

        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static int socket_inet_one(const struct addrinfo *ai)
{
    int fd, on = 1, off = 0, error;

    fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                0);
    if (fd < 0)
        return -1;
    /* of datagrams it would let two have the same address */
    if (ai->ai_socktype == SOCK_STREAM)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (ai->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0)
        return fd;
    error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* Start-up only: a name may be resolved here, before the loop runs. */
static int socket_inet(const struct addr *a, int type, const char **why)
{
    struct addrinfo hints = {.ai_flags = AI_PASSIVE, .ai_socktype = type};
    struct addrinfo *list, *ai;
    bool any = !strcmp(a->host, "*");
    char port[8];
    int code, fd = -1;

    snprintf(port, sizeof(port), "%u", a->port);
    code = getaddrinfo(any ? "::" : a->host, port, &hints, &list);
    if (code) {
        *why = gai_strerror(code);
        return -1;
    }
    for (ai = list; ai && fd < 0; ai = ai->ai_next)
        fd = socket_inet_one(ai);
    freeaddrinfo(list);
    if (fd < 0 && any && errno == EAFNOSUPPORT) {
        struct addr v4 = *a;

        snprintf(v4.host, sizeof(v4.host), "0.0.0.0");
        return socket_inet(&v4, type, why);
    }
    return fd;
}

const char *listen_advice(int error)
{
    switch (error) {
    case EADDRINUSE:
        return "another program listens there; choose another address or "
               "stop it";
    case EACCES: return "this user may not; choose a port above 1023";
    case EADDRNOTAVAIL: return "this machine has no such address";
    default: return "choose another address";
    }
}

int listen_bind(const struct addr *addr, const char **why)
{
    *why = NULL;
    return addr->kind == ADDR_UNIX ? socket_unix(addr)
                                   : socket_inet(addr, SOCK_STREAM, why);
}

int listen_bind_beside(const struct addr *addr, listen_beside_fn *beside,
                       void *ctx, struct addr *bound, const char **why)
{
    int fd, i, error;

    for (i = 0; i < LISTEN_PORTS; i++) {
        *bound = *addr;
        fd = listen_bind(addr, why);
        if (fd < 0)
            return -1;
        listen_bound_addr(bound, fd);
        if (!beside || beside(bound, ctx))
            return fd;
        error = errno;
        close(fd);
        errno = error;
        if (addr->port || error != EADDRINUSE)
            break;
    }
    return -1;
}

int listen_bind_datagrams(const struct addr *a)
{
    const char *why = NULL;
    int fd = socket_inet(a, SOCK_DGRAM, &why);

    if (fd < 0 && why)
        errno = EADDRNOTAVAIL;
    return fd;
}

#include "bench/net.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

void net_fail(const char *what)
{
    perror(what);
    exit(1);
}

double net_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

uint64_t net_random(uint64_t below)
{
    static uint64_t state = 88172645463325252ull;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % below;
}

int net_dial(unsigned port)
{
    struct sockaddr_in sin = {.sin_family = AF_INET,
                              .sin_port = htons((uint16_t)port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    if (fd < 0 || connect(fd, (struct sockaddr *)&sin, sizeof(sin)) < 0)
        net_fail("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

void net_many_files(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

void net_send(int fd, struct buf *out)
{
    ssize_t n;

    while (buf_len(out)) {
        n = send(fd, buf_data(out), buf_len(out), MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN)
            return; /* what is under way is bounded: it fits soon */
        if (n < 0)
            net_fail("send");
        buf_consume(out, (size_t)n);
    }
}

size_t net_receive(int fd, void *data, size_t size)
{
    ssize_t n = recv(fd, data, size, 0);

    if (n < 0 && errno == EAGAIN)
        return 0;
    if (n < 0)
        net_fail("recv");
    if (n == 0) {
        fprintf(stderr, "load: the server closed a connection\n");
        exit(1);
    }
    return (size_t)n;
}

/* The first number of that file, which the scheduler counts in ns. */
static uint64_t read_first(const char *path)
{
    unsigned long long ns = 0;
    FILE *f = fopen(path, "r");

    if (f && fscanf(f, "%llu", &ns) != 1)
        ns = 0;
    if (f)
        fclose(f);
    return ns;
}

uint64_t net_server_ns(void)
{
    const char *pid = getenv("LOAD_PID");
    char path[512];
    struct dirent *e;
    uint64_t ns = 0;
    DIR *tasks;

    if (!pid)
        return 0;
    snprintf(path, sizeof(path), "/proc/%s/task", pid);
    tasks = opendir(path);
    while (tasks && (e = readdir(tasks))) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "/proc/%s/task/%s/schedstat", pid,
                 e->d_name);
        ns += read_first(path);
    }
    if (tasks)
        closedir(tasks);
    return ns;
}

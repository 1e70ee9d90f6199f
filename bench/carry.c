/*
 * carry: how fast bytes come through.
 *
 *   carry jobs PORT BYTES LEN
 *                             `execute cmd 'BYTES LEN' .on all` at the exec
 *                             port, read to its end: bytes of output a second
 *   carry sink                says its port, takes one connection, reads it to
 *                             its end: bytes a second
 *
 * The clock runs from the request, or from the connection.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/net.h"

#define TAIL 4096 /* bytes of the answer that are looked at */

static char data[1 << 20];

static unsigned long long read_all(int fd)
{
    unsigned long long bytes = 0;
    ssize_t n;

    while ((n = read(fd, data, sizeof(data))) > 0)
        bytes += (unsigned long long)n;
    if (n < 0)
        net_fail("read");
    return bytes;
}

static int sink_accept(void)
{
    struct sockaddr_in sin = {.sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(sin);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&sin, len) < 0 ||
        listen(fd, 1) < 0 || getsockname(fd, (struct sockaddr *)&sin, &len) < 0)
        net_fail("listen");
    printf("port %u\n", ntohs(sin.sin_port));
    fflush(stdout);
    return accept(fd, NULL, NULL);
}

static void sink(void)
{
    int fd = sink_accept();
    double start = net_now();
    unsigned long long bytes;

    if (fd < 0)
        net_fail("accept");
    bytes = read_all(fd);
    printf("%.0f\n", (double)bytes / (net_now() - start));
}

/* What the end of the answer says of the hosts: all of them must be well. */
static unsigned hosts_of(const char *tail)
{
    const char *done = strstr(tail, "\ndone ");
    const char *ok = done ? strstr(done, " ok ") : NULL;
    const char *changed = done ? strstr(done, " changed ") : NULL;
    unsigned hosts = 0;

    if (ok && strstr(done, " failed 0 "))
        hosts = (unsigned)strtoul(ok + 4, NULL, 10);
    if (changed && !hosts)
        hosts = (unsigned)strtoul(changed + 9, NULL, 10);
    return hosts;
}

static void jobs(unsigned port, const char *bytes, const char *len_line)
{
    static char tail[TAIL];
    int fd = net_dial(port);
    double start, took;
    size_t kept = 0;
    ssize_t n;

    fcntl(fd, F_SETFL, 0);
    start = net_now();
    dprintf(fd, "execute cmd '%s %s' .on all\n", bytes, len_line);
    while ((n = read(fd, data, sizeof(data))) > 0) {
        size_t len =
            (size_t)n < sizeof(tail) - 1 ? (size_t)n : sizeof(tail) - 1;

        if (kept + len >= sizeof(tail)) {
            size_t keep = sizeof(tail) - 1 - len;

            memmove(tail, tail + kept - keep, keep);
            kept = keep;
        }
        memcpy(tail + kept, data + n - len, len);
        kept += len;
        tail[kept] = '\0';
    }
    took = net_now() - start;
    if (!hosts_of(tail)) {
        fprintf(stderr, "carry: the job ended with %s\n", tail);
        exit(1);
    }
    printf("%.0f\n", hosts_of(tail) * strtod(bytes, NULL) / took);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "sink") == 0) {
        sink();
        return 0;
    }
    if (argc == 5 && strcmp(argv[1], "jobs") == 0) {
        jobs((unsigned)strtoul(argv[2], NULL, 10), argv[3], argv[4]);
        return 0;
    }
    fprintf(stderr, "usage: carry jobs PORT BYTES LEN | carry sink\n");
    return 2;
}

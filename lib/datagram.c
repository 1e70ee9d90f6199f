#include "lib/datagram.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/listen_bind.h"

struct datagram_socket {
    int fd;
    struct loop_fd *readable;
    struct datagram_counts *counts;
    datagram_fn *fn;
    void *arg;
};

/* One that came: where from, and which of our addresses it was for. */
struct arrival {
    struct sockaddr_storage from;
    /* aligned as a struct cmsghdr is */
    size_t control[(CMSG_SPACE(sizeof(struct in6_pktinfo)) +
                    CMSG_SPACE(sizeof(struct in_pktinfo))) /
                       sizeof(size_t) +
                   1];
    uint8_t bytes[DATAGRAM_MAX + 1];
};

/* The answer goes out as routes have it, but from that address. */
static void any_way_out(struct msghdr *m)
{
    struct cmsghdr *c;

    for (c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;

            memcpy(&info, CMSG_DATA(c), sizeof(info));
            info.ipi_ifindex = 0;
            memcpy(CMSG_DATA(c), &info, sizeof(info));
        }
}

static void answer(struct datagram_socket *s, const struct msghdr *came,
                   const struct arrival *a, size_t len)
{
    struct iovec out;
    const uint8_t *bytes = s->fn(
        s->arg, a->bytes, len, (const struct sockaddr *)&a->from, &out.iov_len);

    struct msghdr back = *came;

    if (!bytes)
        return;
    out.iov_base = (void *)(uintptr_t)bytes;
    back.msg_iov = &out;
    back.msg_flags = 0;
    any_way_out(&back);
    if (sendmsg(s->fd, &back, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        s->counts->lost++;
        return;
    }
    s->counts->sent++;
    s->counts->bytes_out += out.iov_len;
}

/* False: there is no more. */
static bool take_one(struct datagram_socket *s)
{
    struct arrival a;
    struct iovec in = {.iov_base = a.bytes, .iov_len = sizeof(a.bytes)};
    struct msghdr m = {.msg_name = &a.from,
                       .msg_namelen = sizeof(a.from),
                       .msg_iov = &in,
                       .msg_iovlen = 1,
                       .msg_control = a.control,
                       .msg_controllen = sizeof(a.control)};
    ssize_t n = recvmsg(s->fd, &m, MSG_DONTWAIT);

    if (n < 0)
        return errno != EAGAIN && errno != EWOULDBLOCK;
    s->counts->received++;
    s->counts->bytes_in += (size_t)n;
    if (n <= DATAGRAM_MAX)
        answer(s, &m, &a, (size_t)n);
    return true;
}

static void on_readable(void *arg)
{
    struct datagram_socket *s = arg;
    unsigned i;

    uint64_t began_ms = loop_clock();

    for (i = 0; i < DATAGRAM_PER_TURN && take_one(s) &&
                loop_clock() - began_ms <= DATAGRAM_TURN_MS;
         i++)
        ;
}

struct datagram_socket *datagram_open(struct loop *l, const struct addr *a,
                                      struct datagram_counts *counts,
                                      datagram_fn *fn, void *arg)
{
    struct datagram_socket *s;
    int fd = listen_bind_datagrams(a), on = 1;

    if (fd < 0)
        return NULL;
    /* of the two only one is there for a socket of either family */
    setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
    setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
    s = xcalloc(1, sizeof(*s));
    s->fd = fd;
    s->counts = counts;
    s->fn = fn;
    s->arg = arg;
    s->readable = loop_fd_new(l, fd, false, on_readable, s);
    loop_fd_on(s->readable);
    return s;
}

void datagram_close(struct datagram_socket *s)
{
    if (!s)
        return;
    loop_fd_free(s->readable);
    close(s->fd);
    free(s);
}

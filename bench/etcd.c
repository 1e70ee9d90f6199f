/*
 * etcd: puts to etcd over gRPC, a number of connections with one put under way
 * each, and how many a second were answered. As much of HTTP/2 as that takes.
 *
 *   etcd PORT CONNS TOTAL RUN    each key is another, and in each RUN others
 *
 * Prints what load does (load.c). An answer without a message (that is what an
 * error is) ends it. Ends by itself.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "bench/net.h"
#include "lib/mem.h"

#define FRAME_HEAD 9

enum frame_type {
    FRAME_DATA = 0,
    FRAME_HEADERS = 1,
    FRAME_SETTINGS = 4,
    FRAME_PING = 6,
    FRAME_GOAWAY = 7,
    FRAME_WINDOW = 8
};

#define FLAG_END         1 /* of the stream; or: it acknowledges */
#define FLAG_END_HEADERS 4

struct etcd_conn {
    int fd;
    unsigned number;
    uint64_t puts;
    bool answered; /* a message came for the put under way */
    struct buf in, out;
};

static struct {
    struct etcd_conn *conns; /* owned */
    unsigned conn_count;
    uint64_t total, sent, done, run;
    int epoll;
} etcd;

/* -- frames out ------------------------------------------------------------ */

static void add_frame(struct buf *out, size_t len, enum frame_type type,
                      unsigned flags, uint32_t stream)
{
    unsigned char head[FRAME_HEAD] = {(unsigned char)(len >> 16),
                                      (unsigned char)(len >> 8),
                                      (unsigned char)len,
                                      (unsigned char)type,
                                      (unsigned char)flags,
                                      (unsigned char)(stream >> 24),
                                      (unsigned char)(stream >> 16),
                                      (unsigned char)(stream >> 8),
                                      (unsigned char)stream};

    buf_add(out, head, sizeof(head));
}

/* A header whose name stands in HPACK's table, not to be remembered. */
static void add_header(struct buf *out, unsigned name, const char *value)
{
    if (name < 15) {
        buf_add_char(out, (char)name);
    } else {
        buf_add_char(out, 15);
        buf_add_char(out, (char)(name - 15));
    }
    buf_add_char(out, (char)strlen(value));
    buf_add_str(out, value);
}

static void add_greeting(struct buf *out)
{
    buf_add_str(out, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    add_frame(out, 0, FRAME_SETTINGS, 0, 0);
    add_frame(out, 4, FRAME_WINDOW, 0, 0);
    buf_add(out, "\x7f\x00\x00\x00", 4); /* all answers fit */
}

static void add_request_head(struct buf *out, uint32_t stream)
{
    struct buf h = BUF_INIT;

    buf_add(&h, "\x83\x86", 2); /* POST, http */
    add_header(&h, 4, "/etcdserverpb.KV/Put");
    add_header(&h, 1, "127.0.0.1");
    add_header(&h, 31, "application/grpc");
    buf_add(&h, "\0\2te\10trailers", 13);
    add_frame(out, buf_len(&h), FRAME_HEADERS, FLAG_END_HEADERS, stream);
    buf_add(out, buf_data(&h), buf_len(&h));
    buf_free(&h);
}

/* The name and the attributes of a service, as bench/request.c has them. */
static void add_put(struct buf *out, uint32_t stream, uint64_t n)
{
    unsigned long long k = n;
    char key[64], value[200];
    size_t len;

    snprintf(key, sizeof(key), "kept%llu-%llu", (unsigned long long)etcd.run,
             k);
    snprintf(value, sizeof(value),
             "kind web os linux dc dc%llu id i%llu host host%llu.example.org "
             "addr 10.%llu.%llu.%llu:80 persist 1",
             k % 16, k, k, k >> 16 & 255, k >> 8 & 255, k & 255);
    len = 4 + strlen(key) + strlen(value); /* each below 128 bytes */
    add_request_head(out, stream);
    add_frame(out, 5 + len, FRAME_DATA, FLAG_END, stream);
    buf_add(out, "\0\0\0\0", 4);
    buf_add_char(out, (char)len);
    buf_add_char(out, 0x0a);
    buf_add_char(out, (char)strlen(key));
    buf_add_str(out, key);
    buf_add_char(out, 0x12);
    buf_add_char(out, (char)strlen(value));
    buf_add_str(out, value);
}

static void conn_put(struct etcd_conn *c)
{
    if (etcd.sent == etcd.total)
        return;
    etcd.sent++;
    c->answered = false;
    add_put(&c->out, (uint32_t)(2 * c->puts + 1),
            (uint64_t)c->number * 100000000 + c->puts);
    c->puts++;
}

/* -- frames in ------------------------------------------------------------- */

static void fail(const char *what)
{
    fprintf(stderr, "etcd: %s\n", what);
    exit(1);
}

static void conn_frame(struct etcd_conn *c, const unsigned char *p, size_t len)
{
    unsigned type = p[3], flags = p[4];

    if (type == FRAME_SETTINGS && !(flags & FLAG_END)) {
        add_frame(&c->out, 0, FRAME_SETTINGS, FLAG_END, 0);
    } else if (type == FRAME_PING && !(flags & FLAG_END)) {
        add_frame(&c->out, 8, FRAME_PING, FLAG_END, 0);
        buf_add(&c->out, p + FRAME_HEAD, 8);
    } else if (type == FRAME_GOAWAY) {
        fail("the server goes away");
    } else if (type == FRAME_DATA) {
        c->answered |= len > 5;
    } else if (type == FRAME_HEADERS && (flags & FLAG_END)) {
        if (!c->answered)
            fail("a put failed");
        etcd.done++;
        conn_put(c);
    }
}

static void conn_receive(struct etcd_conn *c)
{
    char data[16384];
    size_t n = net_receive(c->fd, data, sizeof(data)), len;
    const unsigned char *p;

    buf_add(&c->in, data, n);
    while (buf_len(&c->in) >= FRAME_HEAD) {
        p = (const unsigned char *)buf_data(&c->in);
        len = (size_t)p[0] << 16 | (size_t)p[1] << 8 | p[2];
        if (buf_len(&c->in) < FRAME_HEAD + len)
            return;
        conn_frame(c, p, len);
        buf_consume(&c->in, FRAME_HEAD + len);
    }
}

/* -- the run --------------------------------------------------------------- */

static void conns_open(unsigned port)
{
    struct epoll_event ev = {.events = EPOLLIN};
    unsigned i;

    etcd.conns = xcalloc(etcd.conn_count, sizeof(*etcd.conns));
    for (i = 0; i < etcd.conn_count; i++) {
        struct etcd_conn *c = &etcd.conns[i];

        c->number = i;
        c->fd = net_dial(port);
        add_greeting(&c->out);
        net_send(c->fd, &c->out);
        ev.data.ptr = c;
        epoll_ctl(etcd.epoll, EPOLL_CTL_ADD, c->fd, &ev);
    }
}

static void run(void)
{
    struct epoll_event events[64];
    unsigned i;
    int n;

    for (i = 0; i < etcd.conn_count; i++) {
        conn_put(&etcd.conns[i]);
        net_send(etcd.conns[i].fd, &etcd.conns[i].out);
    }
    while (etcd.done < etcd.total) {
        n = epoll_wait(etcd.epoll, events, 64, 10000);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            fail("nothing was answered for 10 s");
        while (n--) {
            struct etcd_conn *c = events[n].data.ptr;

            conn_receive(c);
            net_send(c->fd, &c->out);
        }
    }
}

int main(int argc, char **argv)
{
    double start;
    uint64_t ns;

    if (argc != 5) {
        fprintf(stderr, "usage: etcd PORT CONNS TOTAL RUN\n");
        return 2;
    }
    etcd.epoll = epoll_create1(EPOLL_CLOEXEC);
    etcd.conn_count = (unsigned)strtoul(argv[2], NULL, 10);
    etcd.total = strtoull(argv[3], NULL, 10);
    etcd.run = strtoull(argv[4], NULL, 10);
    net_many_files();
    conns_open((unsigned)strtoul(argv[1], NULL, 10));
    ns = net_server_ns();
    start = net_now();
    run();
    printf("%.0f %.1f\n", (double)etcd.total / (net_now() - start),
           (double)(net_server_ns() - ns) / (double)etcd.total);
    return 0;
}

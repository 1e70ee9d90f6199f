/*
 * load: a bounded number of requests at the registry's ports, pipelined over
 * some connections, and how many a second were answered. bench/registry sets
 * it beside redis-benchmark, whose load it imitates: every connection keeps
 * `pipeline` requests under way.
 *
 *   load fill   PORT COUNT             registers COUNT services of 6 attrs,
 *                                      says "filled", stays until stdin ends
 *   load find   PORT CONNS PIPE TOTAL COUNT   finds one of COUNT by two
 *   load change PORT CONNS PIPE TOTAL  half registrations, half updates
 *
 * Prints answers per second. Ends by itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/mem.h"

enum load_kind { LOAD_FILL, LOAD_FIND, LOAD_CHANGE };

struct load_conn {
    int fd;
    unsigned number;
    unsigned under_way;
    uint64_t sent;
    struct buf out;
    bool line_start; /* the next byte read begins a line */
    char first;      /* first byte of the line being read */
};

static struct {
    enum load_kind kind;
    unsigned conns, pipe;
    uint64_t total, count, sent, answered;
    uint64_t random;
    int epoll;
} load;

static void __attribute__((noreturn)) fail(const char *what)
{
    perror(what);
    exit(1);
}

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static uint64_t any_number(uint64_t below)
{
    load.random ^= load.random << 13;
    load.random ^= load.random >> 7;
    load.random ^= load.random << 17;
    return load.random % below;
}

static void add_service(struct buf *out, const char *prefix, uint64_t n)
{
    static const char *const kinds[] = {"web", "db", "cache", "queue"};

    buf_add_fmt(out,
                "%s%llu kind %s os linux dc dc%llu id i%llu host "
                "host%llu.example.org addr 10.%llu.%llu.%llu:80",
                prefix, (unsigned long long)n, kinds[n % 4],
                (unsigned long long)n % 16, (unsigned long long)n,
                (unsigned long long)n, (unsigned long long)n >> 16,
                (unsigned long long)n >> 8 & 255, (unsigned long long)n & 255);
}

/* -- requests -------------------------------------------------------------- */

static void request_find(struct load_conn *c)
{
    uint64_t n = any_number(load.count);

    if (!c->sent)
        buf_add_str(&c->out, ".keep 1 ");
    buf_add_fmt(&c->out, "dc dc%llu id i%llu\n", (unsigned long long)n % 16,
                (unsigned long long)n);
}

/* The first service of a connection, then turn and turn about another one and
 * an update of the first. */
static void request_change(struct load_conn *c)
{
    uint64_t n = (uint64_t)c->number * 100000000 + c->sent;

    if (!c->sent) {
        add_service(&c->out, "chg", n);
        buf_add_str(&c->out, " .ack 1\n");
    } else if (c->sent % 2) {
        buf_add_fmt(&c->out, "state s%llu\n", (unsigned long long)n % 64);
    } else {
        add_service(&c->out, ".new chg", n);
        buf_add_char(&c->out, '\n');
    }
}

static void requests_add(struct load_conn *c)
{
    while (c->under_way < load.pipe && load.sent < load.total) {
        if (load.kind == LOAD_FIND)
            request_find(c);
        else
            request_change(c);
        c->sent++;
        c->under_way++;
        load.sent++;
    }
}

static void conn_send(struct load_conn *c)
{
    ssize_t n;

    while (buf_len(&c->out)) {
        n = send(c->fd, buf_data(&c->out), buf_len(&c->out), MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN)
            return; /* what is under way is bounded: it fits soon */
        if (n < 0)
            fail("send");
        buf_consume(&c->out, (size_t)n);
    }
}

/* -- answers --------------------------------------------------------------- */

/* A line that ends an answer: `.end REV` or `ok REV`. */
static void line_ended(struct load_conn *c)
{
    if (c->first == 'e') {
        fprintf(stderr, "load: the registry refused a request\n");
        exit(1);
    }
    if (c->first == (load.kind == LOAD_FIND ? '.' : 'o')) {
        c->under_way--;
        load.answered++;
    }
}

static void conn_receive(struct load_conn *c)
{
    char data[65536], *p, *lf;
    ssize_t n = recv(c->fd, data, sizeof(data), 0);

    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0)
        fail("recv");
    for (p = data; p < data + n; p = lf + 1) {
        if (c->line_start)
            c->first = *p;
        c->line_start = false;
        lf = memchr(p, '\n', (size_t)(data + n - p));
        if (!lf)
            return;
        c->line_start = true;
        line_ended(c);
    }
}

/* -- connections ----------------------------------------------------------- */

static int dial(unsigned port)
{
    struct sockaddr_in sin = {.sin_family = AF_INET,
                              .sin_port = htons((uint16_t)port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    if (fd < 0 || connect(fd, (struct sockaddr *)&sin, sizeof(sin)) < 0)
        fail("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

static void conn_open(struct load_conn *c, unsigned number, unsigned port)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};

    c->number = number;
    c->line_start = true;
    c->fd = dial(port);
    epoll_ctl(load.epoll, EPOLL_CTL_ADD, c->fd, &ev);
}

static double run(struct load_conn *conns)
{
    struct epoll_event events[64];
    double start = now();
    unsigned i;
    int n;

    for (i = 0; i < load.conns; i++) {
        requests_add(&conns[i]);
        conn_send(&conns[i]);
    }
    while (load.answered < load.total) {
        n = epoll_wait(load.epoll, events, 64, 10000);
        if (n <= 0)
            fail("nothing was answered for 10 s");
        while (n--) {
            struct load_conn *c = events[n].data.ptr;

            conn_receive(c);
            requests_add(c);
            conn_send(c);
        }
    }
    return (double)load.total / (now() - start);
}

/* Registers without waiting for each answer, and holds the connections. */
static void fill(unsigned port, uint64_t count)
{
    struct load_conn *conns;
    uint64_t i;
    char c;

    load.kind = LOAD_CHANGE;
    load.conns = (unsigned)(count / 5000 + 1);
    conns = xcalloc(load.conns, sizeof(*conns));
    for (i = 0; i < load.conns; i++)
        conn_open(&conns[i], (unsigned)i, port);
    for (i = 0; i < count; i++) {
        struct load_conn *at = &conns[i % load.conns];

        add_service(&at->out, at->sent ? ".new svc" : "svc", i);
        buf_add_str(&at->out, at->sent++ ? "\n" : " .ack 1\n");
        load.sent++;
        if (buf_len(&at->out) > 8192)
            conn_send(at);
        while (i % 1000 == 0 && load.sent - load.answered > 20000) {
            for (unsigned k = 0; k < load.conns; k++) {
                conn_send(&conns[k]);
                conn_receive(&conns[k]);
            }
        }
    }
    while (load.answered < count)
        for (i = 0; i < load.conns; i++) {
            conn_send(&conns[i]);
            conn_receive(&conns[i]);
        }
    puts("filled");
    fflush(stdout);
    while (read(STDIN_FILENO, &c, 1) > 0)
        continue;
}

int main(int argc, char **argv)
{
    struct load_conn *conns;
    unsigned i, port;

    if (argc < 4) {
        fprintf(stderr, "usage: load fill PORT COUNT | find PORT CONNS PIPE "
                        "TOTAL COUNT | change PORT CONNS PIPE TOTAL\n");
        return 2;
    }
    load.random = 88172645463325252ull;
    load.epoll = epoll_create1(EPOLL_CLOEXEC);
    port = (unsigned)strtoul(argv[2], NULL, 10);
    if (!strcmp(argv[1], "fill")) {
        fill(port, strtoull(argv[3], NULL, 10));
        return 0;
    }
    if (argc < 6)
        return 2;
    load.kind = strcmp(argv[1], "find") ? LOAD_CHANGE : LOAD_FIND;
    load.conns = (unsigned)strtoul(argv[3], NULL, 10);
    load.pipe = (unsigned)strtoul(argv[4], NULL, 10);
    load.total = strtoull(argv[5], NULL, 10);
    load.count = argc > 6 ? strtoull(argv[6], NULL, 10) : 1;
    conns = xcalloc(load.conns, sizeof(*conns));
    for (i = 0; i < load.conns; i++)
        conn_open(&conns[i], i, port);
    printf("%.0f\n", run(conns));
    return 0;
}

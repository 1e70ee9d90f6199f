/*
 * load: a number of requests, pipelined over some connections, and how many a
 * second were answered. bench/run sets it beside redis-benchmark, whose load it
 * imitates: every connection keeps PIPE requests under way.
 *
 *   load fill PORT COUNT     registers COUNT services of 6 attributes, says
 *                            "filled", holds them until its stdin ends
 *   load KIND PORT CONNS PIPE TOTAL ...   the kinds are in request.c
 *
 * Prints answers per second and the ns of the server's processor time that each
 * took (LOAD_PID names the server). An answer that is an error, or is not the
 * one service that was asked for, ends it. Ends by itself.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "bench/net.h"
#include "bench/request.h"
#include "lib/mem.h"

#define LOAD_ARGS 3 /* of a kind */

struct load_conn {
    int fd;
    unsigned under_way;
    struct request_state request;
    struct buf out;
    bool line_start; /* the next byte read begins a line */
    char first;      /* first byte of the line being read */
};

static struct {
    const struct request_kind *kind;
    uint64_t args[LOAD_ARGS];
    struct load_conn *conns; /* owned */
    unsigned conn_count, pipe;
    uint64_t total, sent, answered, found;
    int epoll;
} load;

/* -- answers --------------------------------------------------------------- */

static void line_ended(struct load_conn *c)
{
    if (c->first == load.kind->end) {
        c->under_way--;
        load.answered++;
    } else if (load.kind->found == '?' || c->first == load.kind->found) {
        load.found++;
    } else if (!load.kind->others) {
        fprintf(stderr, "load: not the answer to %s: a line with %c\n",
                load.kind->name, c->first);
        exit(1);
    }
}

static void conn_receive(struct load_conn *c)
{
    char data[65536], *p, *lf;
    size_t n = net_receive(c->fd, data, sizeof(data));

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

static void conns_open(unsigned port)
{
    struct epoll_event ev = {.events = EPOLLIN};
    unsigned i;

    load.conns = xcalloc(load.conn_count, sizeof(*load.conns));
    for (i = 0; i < load.conn_count; i++) {
        struct load_conn *c = &load.conns[i];

        c->request = (struct request_state){.out = &c->out, .number = i};
        c->line_start = true;
        c->fd = net_dial(port);
        ev.data.ptr = c;
        epoll_ctl(load.epoll, EPOLL_CTL_ADD, c->fd, &ev);
    }
}

static void conn_ask(struct load_conn *c)
{
    while (c->under_way < load.pipe && load.sent < load.total) {
        load.kind->add(&c->request, load.args);
        c->request.sent++;
        c->under_way++;
        load.sent++;
    }
    net_send(c->fd, &c->out);
}

static void until_answered(void)
{
    struct epoll_event events[64];
    int n;

    while (load.answered < load.total) {
        n = epoll_wait(load.epoll, events, 64, 10000);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            fprintf(stderr, "load: nothing was answered for 10 s\n");
            exit(1);
        }
        while (n--) {
            struct load_conn *c = events[n].data.ptr;

            conn_receive(c);
            conn_ask(c);
        }
    }
}

/* -- runs ------------------------------------------------------------------ */

/* Each connection in turn does what comes before the clock starts. */
static void prepare(void)
{
    uint64_t each = load.kind->prepare(load.args, load.conn_count);
    uint64_t total = load.total;
    unsigned i;

    load.args[LOAD_ARGS - 1] = each;
    load.total = 0;
    for (i = 0; i < load.conn_count; i++) {
        load.total += each;
        conn_ask(&load.conns[i]);
        until_answered();
    }
    load.total = total;
    load.sent = load.answered = load.found = 0;
}

static void run(void)
{
    uint64_t ns = net_server_ns();
    double start = net_now(), took;
    unsigned i;

    for (i = 0; i < load.conn_count; i++)
        conn_ask(&load.conns[i]);
    until_answered();
    took = net_now() - start;
    ns = net_server_ns() - ns;
    if (load.kind->found && load.found != load.total) {
        fprintf(stderr, "load: %llu requests found %llu\n",
                (unsigned long long)load.total, (unsigned long long)load.found);
        exit(1);
    }
    printf("%.0f %.1f\n", (double)load.total / took,
           (double)ns / (double)load.total);
}

/* Registers without waiting for each answer, and holds the connections. */
static void fill(unsigned port, uint64_t count)
{
    uint64_t i;
    char c;

    load.kind = request_find("change");
    load.conn_count = (unsigned)(count / 5000 + 1);
    conns_open(port);
    for (i = 0; i < count; i++) {
        struct load_conn *at = &load.conns[i % load.conn_count];

        request_service(&at->out, at->request.sent ? ".new svc" : "svc", i);
        buf_add_str(&at->out, at->request.sent++ ? "\n" : " .ack 1\n");
        if (buf_len(&at->out) > 8192) {
            net_send(at->fd, &at->out);
            conn_receive(at);
        }
    }
    load.total = count;
    for (i = 0; load.answered < count; i++) {
        struct load_conn *at = &load.conns[i % load.conn_count];

        net_send(at->fd, &at->out);
        conn_receive(at);
    }
    puts("filled");
    fflush(stdout);
    while (read(STDIN_FILENO, &c, 1) > 0)
        continue;
}

int main(int argc, char **argv)
{
    unsigned port = argc > 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    int i;

    load.epoll = epoll_create1(EPOLL_CLOEXEC);
    net_many_files();
    if (port && argc == 4 && !strcmp(argv[1], "fill")) {
        fill(port, strtoull(argv[3], NULL, 10));
        return 0;
    }
    load.kind = port && argc > 6 ? request_find(argv[1]) : NULL;
    if (!load.kind) {
        fprintf(stderr, "usage: load fill PORT COUNT\n");
        request_usage();
        return 2;
    }
    load.conn_count = (unsigned)strtoul(argv[3], NULL, 10);
    load.pipe = (unsigned)strtoul(argv[4], NULL, 10);
    load.total = strtoull(argv[5], NULL, 10);
    for (i = 6; i < argc && i < 6 + LOAD_ARGS; i++)
        load.args[i - 6] = strtoull(argv[i], NULL, 10);
    conns_open(port);
    if (load.kind->prepare)
        prepare();
    run();
    return 0;
}

/*
 * fanout: one writer makes changes at a steady rate, many subscribers are told.
 * How long from the write of each until the last subscriber has a line that
 * covers it?
 *
 *   fanout event  NEW EVENT SUBSCRIBERS RATE SECONDS   the registry's ports
 *   fanout pubsub PORT PORT SUBSCRIBERS RATE SECONDS   redis: PUBLISH
 *
 * The same loop measures both. What a subscriber receives is a number with at
 * least eight digits on a line of its own: the registry's version, or what was
 * published. Numbers only grow, so the last one of what was received covers all
 * before it. Prints median, p99 and largest latency in ms, changes a second as
 * made, bytes received for each change and subscriber, and µs of the server's
 * processor time for each change (LOAD_PID names the server). Ends by itself.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "bench/net.h"
#include "lib/mem.h"

#define TAIL_MAX 128 /* bytes kept of a line that has not all come */

struct subscriber {
    int fd;
    uint64_t told; /* the last number received */
    size_t tail_len;
    char tail[TAIL_MAX];
};

static struct {
    bool pubsub;
    unsigned subscribers;
    uint64_t changes; /* to be made */
    double interval;  /* seconds */
    struct subscriber *list;
    int epoll, writer;
    struct buf out;
    uint64_t base;    /* number before the first change */
    uint64_t written; /* changes */
    uint64_t covered; /* changes that every subscriber has been told of */
    uint64_t received;
    unsigned *left; /* of each change: subscribers not yet told */
    double *sent_at, *took;
} fan;

/* -- subscribers ----------------------------------------------------------- */

/* Subscriber s has been told of everything up to that change. */
static void told_up_to(struct subscriber *s, uint64_t number, double now)
{
    uint64_t at;

    for (at = s->told; at < number && at < fan.changes; at++)
        if (!--fan.left[at]) {
            fan.took[at] = now - fan.sent_at[at];
            fan.covered++;
        }
    if (number > s->told)
        s->told = number;
}

/* The number on the last whole line that is one; 0: none. */
static uint64_t last_number(const char *data, const char *end)
{
    const char *lf = memrchr(data, '\n', (size_t)(end - data)), *before;

    while (lf) {
        before = memrchr(data, '\n', (size_t)(lf - data));
        if (lf - (before ? before + 1 : data) >= 8 &&
            isdigit((unsigned char)(before ? before[1] : *data)))
            return strtoull(before ? before + 1 : data, NULL, 10);
        lf = before;
    }
    return 0;
}

static void subscriber_receive(struct subscriber *s)
{
    static char data[TAIL_MAX + 65536];
    const char *lf;
    uint64_t number;
    size_t n, len;

    memcpy(data, s->tail, s->tail_len);
    n = net_receive(s->fd, data + s->tail_len, sizeof(data) - TAIL_MAX);
    if (!n)
        return;
    fan.received += n;
    len = s->tail_len + n;
    number = last_number(data, data + len);
    if (number > fan.base)
        told_up_to(s, number - fan.base, net_now());
    lf = memrchr(data, '\n', len);
    s->tail_len = lf ? (size_t)(data + len - lf) - 1 : len;
    if (s->tail_len > TAIL_MAX)
        s->tail_len = 0;
    memcpy(s->tail, data + len - s->tail_len, s->tail_len);
}

/* Waits until line comes, which ends the answer to a subscription. */
static void wait_for_line(int fd, const char *line)
{
    char data[4096];
    double end = net_now() + 10;
    size_t len = 0;

    while (net_now() < end && len < sizeof(data) - 1) {
        len += net_receive(fd, data + len, sizeof(data) - 1 - len);
        data[len] = '\0';
        if (strstr(data, line) && len && data[len - 1] == '\n')
            return;
    }
    fprintf(stderr, "fanout: no line with %s came\n", line);
    exit(1);
}

static void subscribe_all(unsigned port)
{
    struct epoll_event ev = {.events = EPOLLIN};
    unsigned i;

    fan.list = xcalloc(fan.subscribers, sizeof(*fan.list));
    for (i = 0; i < fan.subscribers; i++) {
        struct subscriber *s = &fan.list[i];

        s->fd = net_dial(port);
        if (fan.pubsub) {
            buf_add_str(&fan.out, "*2\r\n$9\r\nSUBSCRIBE\r\n$2\r\nch\r\n");
            net_send(s->fd, &fan.out);
        }
        wait_for_line(s->fd, fan.pubsub ? ":1\r\n" : "READY\n");
        ev.data.ptr = s;
        epoll_ctl(fan.epoll, EPOLL_CTL_ADD, s->fd, &ev);
    }
}

/* -- the writer ------------------------------------------------------------ */

static void writer_open(unsigned port)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL};
    char answer[64] = "";
    double end = net_now() + 10;

    fan.writer = net_dial(port);
    epoll_ctl(fan.epoll, EPOLL_CTL_ADD, fan.writer, &ev);
    if (fan.pubsub)
        return;
    buf_add_str(&fan.out, "bench.writer state s .ack 1\n");
    net_send(fan.writer, &fan.out);
    while (!strchr(answer, '\n') && net_now() < end)
        net_receive(fan.writer, answer, sizeof(answer) - 1);
    if (sscanf(answer, "ok %lu", &fan.base) != 1) {
        fprintf(stderr, "fanout: the writer was not registered\n");
        exit(1);
    }
}

/* Makes the changes that are due; returns the time of the next. */
static double write_due(double start)
{
    double due;

    while ((due = start + (double)fan.written * fan.interval) <= net_now() &&
           fan.written < fan.changes) {
        if (fan.pubsub)
            buf_add_fmt(&fan.out,
                        "*3\r\n$7\r\nPUBLISH\r\n$2\r\nch\r\n$8\r\n%08lu\r\n",
                        fan.written + 1);
        else
            buf_add_fmt(&fan.out, "state s%lu\n", fan.written);
        fan.sent_at[fan.written++] = net_now();
        net_send(fan.writer, &fan.out);
    }
    return due;
}

/* -- the run --------------------------------------------------------------- */

static int wait_until(struct epoll_event *events, int max, double due)
{
    double left = due - net_now();
    struct timespec ts = {0};

    if (fan.written == fan.changes)
        ts.tv_sec = 10; /* the last ones are on their way */
    else if (left > 0)
        ts.tv_nsec = (long)(left * 1e9);
    return epoll_pwait2(fan.epoll, events, max, &ts, NULL);
}

static void run(void)
{
    double start = net_now(), due;
    struct epoll_event events[64];
    char trash[4096];
    int n;

    while (fan.covered < fan.changes) {
        due = write_due(start);
        n = wait_until(events, 64, due);
        if (n <= 0 && fan.written == fan.changes) {
            fprintf(stderr, "fanout: nothing came for 10 s\n");
            exit(1);
        }
        while (n-- > 0) {
            if (events[n].data.ptr)
                subscriber_receive(events[n].data.ptr);
            else
                net_receive(fan.writer, trash, sizeof(trash));
            write_due(start);
        }
    }
}

static int compare(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static void report(double seconds, uint64_t ns)
{
    uint64_t n = fan.changes;

    qsort(fan.took, n, sizeof(*fan.took), compare);
    printf("%.3f %.3f %.3f %.0f %.1f %.1f\n", fan.took[n / 2] * 1e3,
           fan.took[n * 99 / 100] * 1e3, fan.took[n - 1] * 1e3,
           (double)n / seconds,
           (double)fan.received / (double)n / (double)fan.subscribers,
           (double)ns / (double)n / 1e3);
}

int main(int argc, char **argv)
{
    double start, rate;
    uint64_t i, ns;

    if (argc != 7) {
        fprintf(stderr, "usage: fanout event|pubsub WRITE-PORT READ-PORT "
                        "SUBSCRIBERS RATE SECONDS\n");
        return 2;
    }
    fan.pubsub = !strcmp(argv[1], "pubsub");
    fan.subscribers = (unsigned)strtoul(argv[4], NULL, 10);
    rate = strtod(argv[5], NULL);
    fan.interval = 1 / rate;
    fan.changes = (uint64_t)(rate * strtod(argv[6], NULL));
    fan.left = xcalloc(fan.changes, sizeof(*fan.left));
    for (i = 0; i < fan.changes; i++)
        fan.left[i] = fan.subscribers;
    fan.sent_at = xcalloc(fan.changes, sizeof(*fan.sent_at));
    fan.took = xcalloc(fan.changes, sizeof(*fan.took));
    fan.epoll = epoll_create1(EPOLL_CLOEXEC);
    net_many_files();
    subscribe_all((unsigned)strtoul(argv[3], NULL, 10));
    writer_open((unsigned)strtoul(argv[2], NULL, 10));
    ns = net_server_ns();
    start = net_now();
    run();
    report(net_now() - start, net_server_ns() - ns);
    return 0;
}

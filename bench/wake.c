/*
 * wake: many connections wait for one change; how long from the write of it
 * until each of them has begun to receive what it waited for?
 *
 *   wake PORT CONNECTIONS ROUNDS ASK CHANGE [INDEX]
 *
 * ASK and CHANGE are files with an HTTP request each, as it is sent. With INDEX
 * (the name of a response header) ASK is a blocking query of Consul's kind: it
 * and CHANGE hold %s where the value of that header in the last answer goes, 0
 * at first: in CHANGE, because the same write again is no change to Consul.
 * Without INDEX ASK begins a stream that tells of every change (etcd's watch).
 *
 * A round begins when nothing has come for a while. Prints the median of the
 * rounds' times until the last connection had something, in ms, the median of
 * the times until half of them had, and µs of the server's processor time for
 * each connection and change (LOAD_PID names the server).
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>

#include "bench/net.h"
#include "lib/mem.h"

#define QUIET   0.3 /* seconds without a byte: everybody waits */
#define PATIENT 30  /* seconds until a round has failed */

struct waiter {
    int fd;
    bool woken; /* in this round */
};

static struct {
    struct waiter *list;
    unsigned count, woken;
    int epoll, writer;
    char *ask, *change, *index;
    char value[32]; /* of the header, in the last answer */
    struct buf out;
    double start;
    double *half, *all;
} w = {.value = "0"};

static char *read_file(const char *path)
{
    char *text = xcalloc(1, 4096);
    FILE *f = fopen(path, "r");

    if (!f || !fread(text, 1, 4095, f))
        net_fail(path);
    fclose(f);
    return text;
}

static void remember_index(const char *answer)
{
    const char *line = answer;
    size_t len = w.index ? strlen(w.index) : 0;

    while (len && (line = strstr(line, "\r\n"))) {
        line += 2;
        if (!strncasecmp(line, w.index, len) && line[len] == ':') {
            sscanf(line + len + 1, " %31[0-9]", w.value);
            return;
        }
    }
}

/* Sends a request, with what is known in its hole. */
static void send_request(int fd, const char *request)
{
    const char *hole = strstr(request, "%s");

    if (hole) {
        buf_add(&w.out, request, (size_t)(hole - request));
        buf_add_str(&w.out, w.value);
        request = hole + 2;
    }
    buf_add_str(&w.out, request);
    net_send(fd, &w.out);
    if (buf_len(&w.out)) {
        fprintf(stderr, "wake: a request was not taken at once\n");
        exit(1);
    }
}

static void receive(struct waiter *a, double now)
{
    static char data[65536];
    size_t n = net_receive(a ? a->fd : w.writer, data, sizeof(data) - 1);

    data[n] = '\0';
    if (!a || !n)
        return;
    remember_index(data);
    if (a->woken)
        return;
    a->woken = true;
    w.woken++;
    if (w.woken == (w.count + 1) / 2)
        w.half[0] = now - w.start;
    if (w.woken == w.count)
        w.all[0] = now - w.start;
}

/* Takes what comes until nothing has for so long; or all are woken. */
static void take(double quiet, bool until_all)
{
    struct epoll_event events[256];
    double last = net_now();
    int n;

    while (!(until_all && w.woken == w.count)) {
        n = epoll_wait(w.epoll, events, 256, 50);
        if (n > 0)
            last = net_now();
        else if (net_now() - last > quiet)
            return;
        while (n-- > 0)
            receive(events[n].data.ptr, last);
    }
}

static void dial_all(unsigned port)
{
    struct epoll_event ev = {.events = EPOLLIN};
    unsigned i;

    w.epoll = epoll_create1(0);
    w.writer = net_dial(port);
    epoll_ctl(w.epoll, EPOLL_CTL_ADD, w.writer, &ev);
    w.list = xcalloc(w.count, sizeof(*w.list));
    for (i = 0; i < w.count; i++) {
        w.list[i].fd = net_dial(port);
        ev.data.ptr = &w.list[i];
        epoll_ctl(w.epoll, EPOLL_CTL_ADD, w.list[i].fd, &ev);
    }
}

static void ask_all(void)
{
    unsigned i;

    for (i = 0; i < w.count; i++) {
        w.list[i].woken = false;
        send_request(w.list[i].fd, w.ask);
    }
    w.woken = 0;
}

static void run_round(void)
{
    unsigned i;

    if (w.index)
        ask_all();
    take(QUIET, false);
    for (i = 0; i < w.count; i++)
        w.list[i].woken = false;
    w.woken = 0;
    w.start = net_now();
    send_request(w.writer, w.change);
    take(PATIENT, true);
    if (w.woken < w.count) {
        fprintf(stderr, "wake: %u of %u were told nothing\n", w.count - w.woken,
                w.count);
        exit(1);
    }
    w.half++;
    w.all++;
    take(QUIET, false);
}

static int compare(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static double middle(double *list, unsigned n)
{
    qsort(list, n, sizeof(*list), compare);
    return (list[n / 2] + list[(n - 1) / 2]) / 2;
}

int main(int argc, char **argv)
{
    unsigned rounds, i;
    double *half, *all;
    uint64_t ns;

    if (argc != 6 && argc != 7) {
        fprintf(stderr, "usage: wake PORT CONNECTIONS ROUNDS ASK CHANGE "
                        "[INDEX]\n");
        return 2;
    }
    net_many_files();
    w.count = (unsigned)strtoul(argv[2], NULL, 10);
    rounds = (unsigned)strtoul(argv[3], NULL, 10);
    w.ask = read_file(argv[4]);
    w.change = read_file(argv[5]);
    w.index = argv[6];
    half = w.half = xcalloc(rounds, sizeof(*half));
    all = w.all = xcalloc(rounds, sizeof(*all));
    dial_all((unsigned)strtoul(argv[1], NULL, 10));
    ask_all(); /* of a blocking query: for the index; of a stream: for good */
    take(QUIET, false);
    ns = net_server_ns();
    for (i = 0; i < rounds; i++)
        run_round();
    ns = net_server_ns() - ns;
    printf("%.3f %.3f %.2f\n", middle(all, rounds) * 1e3,
           middle(half, rounds) * 1e3,
           (double)ns / 1e3 / (double)w.count / rounds);
    free(half);
    free(all);
    return 0;
}

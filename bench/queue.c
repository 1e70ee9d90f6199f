/*
 * queue: jobs that do nothing, through a job queue: so many submitters, each
 * with one submission under way, and so many workers, which take a job, say
 * that it is done, and take the next. The clock stops when all are done.
 *
 *   queue KIND PORT SUBMITTERS WORKERS TOTAL      KIND: gearman or beanstalk
 *
 * Prints jobs per second and the ns of the server's processor time that each
 * took (LOAD_PID names the server).
 */
#include "bench/queue.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "bench/net.h"
#include "lib/mem.h"

static struct {
    const struct queue_protocol *protocol;
    struct queue_peer *peers; /* owned: submitters, then workers */
    unsigned submitters, workers;
    uint64_t total, submitted, taken, done;
    int epoll;
} load;

static void submit(struct queue_peer *p)
{
    if (load.submitted == load.total)
        return;
    load.submitted++;
    load.protocol->submit(p);
}

static void receive(struct queue_peer *p)
{
    enum queue_said said;
    char data[65536];

    buf_add(&p->in, data, net_receive(p->fd, data, sizeof(data)));
    while ((said = load.protocol->take(p)) != QUEUE_MORE) {
        if (said == QUEUE_WRONG) {
            fprintf(stderr, "queue: %s said: %s\n", load.protocol->name,
                    buf_str(&p->in));
            exit(1);
        }
        load.done += said == QUEUE_DONE;
        if (said != QUEUE_TAKEN)
            continue;
        load.taken++;
        submit(p);
    }
    net_send(p->fd, &p->out);
}

static void peers_open(unsigned port)
{
    struct epoll_event ev = {.events = EPOLLIN};
    unsigned count = load.submitters + load.workers;

    load.peers = xcalloc(count, sizeof(*load.peers));
    for (unsigned i = 0; i < count; i++) {
        struct queue_peer *p = &load.peers[i];

        p->fd = net_dial(port);
        p->worker = i >= load.submitters;
        ev.data.ptr = p;
        epoll_ctl(load.epoll, EPOLL_CTL_ADD, p->fd, &ev);
        if (p->worker)
            load.protocol->work(p);
        net_send(p->fd, &p->out);
    }
}

static void until_done(void)
{
    struct epoll_event events[64];
    int n;

    while (load.done < load.total || load.taken < load.total) {
        n = epoll_wait(load.epoll, events, 64, 10000);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            fprintf(stderr, "queue: nothing was done for 10 s\n");
            exit(1);
        }
        while (n--)
            receive(events[n].data.ptr);
    }
}

static const struct queue_protocol *protocol_find(const char *name)
{
    if (strcmp(name, queue_gearman.name) == 0)
        return &queue_gearman;
    return strcmp(name, queue_beanstalk.name) ? NULL : &queue_beanstalk;
}

int main(int argc, char **argv)
{
    uint64_t ns = net_server_ns();
    double start, took;

    load.protocol = argc == 6 ? protocol_find(argv[1]) : NULL;
    if (!load.protocol) {
        fprintf(stderr,
                "usage: queue gearman|beanstalk PORT SUBMITTERS WORKERS "
                "TOTAL\n");
        return 2;
    }
    load.epoll = epoll_create1(EPOLL_CLOEXEC);
    load.submitters = (unsigned)strtoul(argv[3], NULL, 10);
    load.workers = (unsigned)strtoul(argv[4], NULL, 10);
    load.total = strtoull(argv[5], NULL, 10);
    peers_open((unsigned)strtoul(argv[2], NULL, 10));
    start = net_now();
    for (unsigned i = 0; i < load.submitters; i++) {
        submit(&load.peers[i]);
        net_send(load.peers[i].fd, &load.peers[i].out);
    }
    until_done();
    took = net_now() - start;
    printf("%.0f %.1f\n", (double)load.total / took,
           (double)(net_server_ns() - ns) / (double)load.total);
    return 0;
}

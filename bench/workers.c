/*
 * workers: so many workers, simulated by one process: each has a port of its
 * own, is registered as a worker, and answers what a dispatcher says there.
 *
 *   workers NEW-PORT COUNT
 *
 * It says "registered" when all of them are, and ends when its stdin does.
 * ping ends at once; `execute cmd 'N LEN'` writes N bytes, in lines of LEN
 * (100), and no more than the window ahead of what the dispatcher has.
 * doc/protocol.md, "worker".
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/net.h"
#include "lib/line.h"
#include "lib/mem.h"
#include "lib/words.h"

#define WINDOW (256 << 10) /* bytes under way of one job */
#define WORDS  64
#define LEN    100   /* bytes of a line of output, with its LF */
#define MOST   16384 /* the same, at most */
#define JID    64

struct sim;

/* A job that writes; one at once on each link. */
struct flood {
    char jid[JID];
    uint64_t left, seq, got; /* lines */
    size_t len;              /* of a line, with its LF */
};

struct link {
    struct sim *sim;
    int fd;
    struct buf in, out;
    bool waiting; /* for room to send what is left in out */
    struct flood flood;
};

struct sim {
    unsigned number;
    int fd;            /* listens */
    struct link *link; /* NULL, or the last that came */
};

static struct {
    struct sim *sims;
    unsigned count;
    int epoll;
} all;

/* Of what epoll tells: a listening one has no link. */
struct source {
    struct sim *sim;
    struct link *link;
};

static void watch(int how, struct source *s, int fd, bool out)
{
    struct epoll_event ev = {.events = EPOLLIN | (out ? EPOLLOUT : 0),
                             .data.ptr = s};

    if (epoll_ctl(all.epoll, how, fd, &ev) < 0)
        net_fail("epoll");
}

/* -- what a worker says ---------------------------------------------------- */

static void flood_end(struct link *l)
{
    buf_add_fmt(&l->out, "exit %s %llu 0 state 4 reason exited\n", l->flood.jid,
                (unsigned long long)++l->flood.seq);
    l->flood.jid[0] = '\0';
}

/* As much as the window allows. */
static void flood_on(struct link *l)
{
    static char text[MOST];
    struct flood *f = &l->flood;

    if (!f->jid[0])
        return;
    if (!text[0])
        memset(text, 'x', sizeof(text));
    while (f->left && (f->seq - f->got) * f->len < WINDOW) {
        buf_add_fmt(&l->out, "out %s %llu stdout ", f->jid,
                    (unsigned long long)++f->seq);
        buf_add(&l->out, text, f->len - 1);
        buf_add_char(&l->out, '\n');
        f->left--;
    }
    if (!f->left)
        flood_end(l);
}

static void run(struct link *l, struct word *w, int n)
{
    unsigned long long bytes = 0;
    char *rest;

    buf_add_fmt(&l->out, "ack %s\n", w[1].text);
    if (!word_is(&w[2], "execute")) {
        buf_add_fmt(&l->out, "exit %s 1 0 state 0 reason exited\n", w[1].text);
        return;
    }
    l->flood = (struct flood){.len = LEN};
    snprintf(l->flood.jid, JID, "%s", w[1].text);
    for (int i = 3; i + 1 < n; i += 2) {
        if (!word_is(&w[i], "cmd"))
            continue;
        bytes = strtoull(w[i + 1].text, &rest, 10);
        if (*rest)
            l->flood.len = strtoull(rest, NULL, 10);
    }
    if (l->flood.len < 2 || l->flood.len > MOST)
        l->flood.len = LEN;
    l->flood.left = bytes / l->flood.len;
    flood_on(l);
}

static void line(struct link *l, char *text, size_t len)
{
    struct word w[WORDS];
    int n = words_split(text, len, w, WORDS);

    if (n < 1)
        return;
    if (word_is(&w[0], "hello"))
        buf_add_fmt(&l->out, "hello sim%u %08u slots 64 ops execute,ping\n",
                    l->sim->number, l->sim->number);
    else if (word_is(&w[0], "list"))
        buf_add_str(&l->out, ".end\n");
    else if (word_is(&w[0], "run") && n > 2)
        run(l, w, n);
    else if (word_is(&w[0], "got") && n > 2 && word_is(&w[1], l->flood.jid))
        l->flood.got = strtoull(w[2].text, NULL, 10);
    flood_on(l);
}

/* -- links ----------------------------------------------------------------- */

static void link_came(struct sim *s)
{
    int fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct source *source;

    if (fd < 0)
        net_fail("accept");
    s->link = xcalloc(1, sizeof(*s->link));
    s->link->sim = s;
    s->link->fd = fd;
    source = xcalloc(1, sizeof(*source));
    *source = (struct source){.sim = s, .link = s->link};
    watch(EPOLL_CTL_ADD, source, fd, false);
}

static void link_read(struct source *source)
{
    struct link *l = source->link;
    char data[65536], *lf, *at;
    ssize_t n = recv(l->fd, data, sizeof(data), 0);

    if (n < 0 && errno == EAGAIN)
        n = 0;
    else if (n <= 0) {
        close(l->fd); /* the dispatcher ends, and so does the benchmark */
        buf_free(&l->in);
        buf_free(&l->out);
        free(l);
        free(source);
        return;
    }
    buf_add(&l->in, data, (size_t)n);
    at = buf_data(&l->in);
    n = (ssize_t)buf_len(&l->in);
    while ((lf = memchr(at, '\n', (size_t)n))) {
        *lf = '\0';
        line(l, at, (size_t)(lf - at));
        n -= lf + 1 - at;
        at = lf + 1;
    }
    buf_consume(&l->in, buf_len(&l->in) - (size_t)n);
    net_send(l->fd, &l->out);
    if (l->waiting != (buf_len(&l->out) > 0)) {
        l->waiting = !l->waiting;
        watch(EPOLL_CTL_MOD, source, l->fd, l->waiting);
    }
}

/* -- being there ----------------------------------------------------------- */

static unsigned sim_listen(struct sim *s)
{
    struct sockaddr_in sin = {.sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(sin);
    struct source *source = xcalloc(1, sizeof(*source));

    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&sin, len) < 0 ||
        listen(s->fd, 8) < 0 ||
        getsockname(s->fd, (struct sockaddr *)&sin, &len) < 0)
        net_fail("listen");
    *source = (struct source){.sim = s};
    watch(EPOLL_CTL_ADD, source, s->fd, false);
    return ntohs(sin.sin_port);
}

static void all_register(unsigned port)
{
    struct buf out = BUF_INIT;
    int fd = net_dial(port);
    unsigned answers = 0;
    char data[4096];

    for (unsigned i = 0; i < all.count; i++)
        buf_add_fmt(&out,
                    "%stcp!127.0.0.1!%u kind worker host sim%u os linux "
                    "slots 64%s\n",
                    i ? ".new " : "", sim_listen(&all.sims[i]), i,
                    i ? "" : " .ack 1");
    while (answers < all.count) {
        size_t n;

        net_send(fd, &out);
        n = net_receive(fd, data, sizeof(data));
        if (n && memchr(data, '\'', n)) {
            fprintf(stderr, "workers: %.*s", (int)n, data);
            exit(1);
        }
        for (size_t i = 0; i < n; i++)
            answers += data[i] == '\n';
    }
    buf_free(&out);
    puts("registered");
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct epoll_event events[64], ev = {.events = EPOLLIN};
    int n;

    if (argc != 3) {
        fprintf(stderr, "usage: workers NEW-PORT COUNT\n");
        return 2;
    }
    net_many_files();
    all.epoll = epoll_create1(EPOLL_CLOEXEC);
    all.count = (unsigned)strtoul(argv[2], NULL, 10);
    all.sims = xcalloc(all.count, sizeof(*all.sims));
    for (unsigned i = 0; i < all.count; i++)
        all.sims[i].number = i;
    all_register((unsigned)strtoul(argv[1], NULL, 10));
    epoll_ctl(all.epoll, EPOLL_CTL_ADD, STDIN_FILENO, &ev);
    while ((n = epoll_wait(all.epoll, events, 64, -1)) >= 0 || errno == EINTR) {
        for (int i = 0; i < n; i++) {
            struct source *s = events[i].data.ptr;

            if (!s)
                return 0;
            if (s->link)
                link_read(s);
            else
                link_came(s->sim);
        }
    }
    return 1;
}

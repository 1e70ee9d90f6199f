#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "worker/monitor_impl.h"
#include "worker/spool_file.h"

#define LISTEN_MS 1000 /* after it could not listen */

/* -- the next worker ------------------------------------------------------- */

/* By way of the descriptor: a path may be longer than such an address. */
static void address_of(const struct monitor *m, struct sockaddr_un *a)
{
    *a = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(a->sun_path, sizeof(a->sun_path), "/proc/self/fd/%d/%s.sock",
             m->setup->spool, m->setup->child.jid);
}

void monitor_listen(struct monitor *m, uint64_t now)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_un a;

    address_of(m, &a);
    unlinkat(m->setup->spool, strrchr(a.sun_path, '/') + 1, 0);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 &&
        listen(fd, 8) == 0) {
        m->listen = fd;
        m->listen_ms = 0;
        return;
    }
    if (fd >= 0)
        close(fd);
    m->listen_ms = now + LISTEN_MS;
}

void monitor_listen_end(const struct monitor *m)
{
    struct sockaddr_un a;

    if (m->listen < 0)
        return;
    address_of(m, &a);
    unlinkat(m->setup->spool, strrchr(a.sun_path, '/') + 1, 0);
}

void monitor_welcome(struct monitor *m)
{
    int fd = accept4(m->listen, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0)
        return;
    if (m->control >= 0)
        close(m->control);
    m->control = fd;
    m->silent = true;
    m->stuck_told = m->gone_told = false;
    channel_send_number(fd, CHANNEL_HELLO, m->record.last);
}

/* -- with a spool ---------------------------------------------------------- */

/* The job's file, locked, with its first line; or -1 and errno. */
static int file_make(const struct monitor_setup *s, struct buf *head)
{
    int fd = openat(s->spool, s->child.jid,
                    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return -1;
    spool_file_begin(head, s->child.jid, s->op, s->by, s->boot);
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 &&
        write(fd, buf_data(head), buf_len(head)) == (ssize_t)buf_len(head))
        return fd;
    unlinkat(s->spool, s->child.jid, 0);
    close(fd);
    return -1;
}

/* Until the job's id is safe; false: it never will be. */
static bool start_comes(struct monitor *m)
{
    static char room[CHANNEL_MAX];
    struct pollfd p = {.fd = m->control, .events = POLLIN};
    struct channel_message order;
    int taken;

    do {
        poll(&p, 1, -1);
        taken = channel_take(m->control, room, &order);
        if (taken > 0 && order.word == CHANNEL_PEER)
            monitor_obey(m, &order);
    } while (taken < 0 || (taken > 0 && order.word != CHANNEL_START));
    return taken > 0;
}

void monitor_file_begin(struct monitor *m)
{
    const struct monitor_setup *s = m->setup;
    struct buf head = BUF_INIT, start = BUF_INIT;
    int fd = file_make(s, &head);

    channel_send_number(m->control, CHANNEL_READY,
                        fd < 0 ? (uint64_t)(errno ? errno : EIO) : 0);
    if (fd < 0)
        _exit(1);
    buf_add_fmt(&start, "start %d\n", (int)getpid());
    if (!start_comes(m) || write(fd, buf_data(&start), buf_len(&start)) !=
                               (ssize_t)buf_len(&start)) {
        /* it has not been started, and nobody was told that it was */
        unlinkat(s->spool, s->child.jid, 0);
        _exit(1);
    }
    record_to_file(&m->record, fd, buf_len(&head) + buf_len(&start),
                   s->spool_size);
    buf_free(&head);
    buf_free(&start);
}

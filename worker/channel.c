#include "worker/channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

bool channel_send(int fd, enum channel_word word, const void *bytes, size_t len)
{
    char letter = (char)word;
    struct iovec parts[2] = {
        {.iov_base = &letter, .iov_len = 1},
        {.iov_base = (void *)(uintptr_t)bytes, .iov_len = len}};
    struct msghdr m = {.msg_iov = parts, .msg_iovlen = len ? 2 : 1};

    return sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

bool channel_send_number(int fd, enum channel_word word, uint64_t n)
{
    return channel_send(fd, word, &n, sizeof(n));
}

int channel_take(int fd, char *room, struct channel_message *m)
{
    ssize_t n;

    /* the other side has gone without having read all: what it said is there */
    do
        n = recv(fd, room, CHANNEL_MAX, MSG_DONTWAIT);
    while (n < 0 && errno == ECONNRESET);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return -1;
    if (n <= 0)
        return 0;
    m->word = (enum channel_word)room[0];
    m->bytes = room + 1;
    m->len = (size_t)n - 1;
    return 1;
}

uint64_t channel_number(const struct channel_message *m)
{
    uint64_t n = 0;

    if (m->len == sizeof(n))
        memcpy(&n, m->bytes, sizeof(n));
    return n;
}

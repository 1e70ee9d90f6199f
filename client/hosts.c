#include "client/hosts.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "lib/mem.h"

struct host {
    char *name; /* owned */
    bool acked, exited;
    uint64_t read[2]; /* bytes of each stream, on this connection */
    uint64_t told[2]; /* of them, told to the caller on any */
    UT_hash_handle hh;
};

void hosts_free(struct hosts *hs)
{
    struct host *h, *next;

    HASH_ITER (hh, hs->list, h, next) {
        HASH_DELETE(hh, hs->list, h);
        free(h->name);
        free(h);
    }
    hs->count = 0;
}

struct host *hosts_get(struct hosts *hs, const char *name)
{
    struct host *h;

    HASH_FIND(hh, hs->list, name, strlen(name), h);
    if (h || hs->count >= hs->max)
        return h;
    h = xcalloc(1, sizeof(*h));
    h->name = xstrdup(name);
    HASH_ADD_KEYPTR(hh, hs->list, h->name, strlen(h->name), h);
    hs->count++;
    return h;
}

void hosts_rewind(struct hosts *hs)
{
    struct host *h, *next;

    HASH_ITER (hh, hs->list, h, next)
        memset(h->read, 0, sizeof(h->read));
}

bool host_ack(struct host *h)
{
    bool first = !h->acked;

    h->acked = true;
    return first;
}

bool host_exit(struct host *h)
{
    bool first = !h->exited;

    h->exited = true;
    return first;
}

bool host_has_exited(const struct host *h)
{
    return h->exited;
}

uint64_t host_output(struct host *h, enum muster_stream stream, uint64_t len)
{
    uint64_t *read = &h->read[stream], *told = &h->told[stream], news;

    /* a peer's number: it must not wrap */
    *read = len > UINT64_MAX - *read ? UINT64_MAX : *read + len;
    if (*read <= *told)
        return 0;
    news = *read - *told;
    *told = *read;
    return news < len ? news : len;
}

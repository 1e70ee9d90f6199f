#include "client/hosts.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "lib/buf.h"
#include "lib/mem.h"

struct host {
    char *name; /* owned */
    bool acked, exited;
    unsigned attempt;            /* the last one that was told to follow */
    uint64_t read[HOST_STREAMS]; /* bytes of each, on this connection */
    uint64_t told[HOST_STREAMS]; /* of them, told to the caller on any */
    struct buf result;           /* the pieces of one that came */
    bool result_told;            /* it may be freed */
    bool result_bad;             /* something of it is missing */
    UT_hash_handle hh;
};

void hosts_free(struct hosts *hs)
{
    struct host *h, *next;

    HASH_ITER (hh, hs->list, h, next) {
        HASH_DELETE(hh, hs->list, h);
        buf_free(&h->result);
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

bool host_retry(struct host *h, unsigned n)
{
    if (n <= h->attempt)
        return false;
    h->attempt = n;
    buf_reset(&h->result, 0); /* of the attempt that failed: never whole */
    h->result_bad = false;
    return true;
}

bool host_has_exited(const struct host *h)
{
    return h->exited;
}

const char *host_result(struct host *h, const char *text, size_t size,
                        bool last, size_t *len)
{
    bool bad;

    if (h->result_told)
        buf_reset(&h->result, 0);
    if (buf_len(&h->result) + size > HOST_RESULT_MAX)
        h->result_bad = true;
    else
        buf_add(&h->result, text, size);
    h->result_told = last;
    *len = buf_len(&h->result);
    bad = h->result_bad;
    if (last)
        h->result_bad = false;
    return last && !bad ? buf_str(&h->result) : NULL;
}

void host_result_cut(struct host *h)
{
    h->result_bad = true;
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

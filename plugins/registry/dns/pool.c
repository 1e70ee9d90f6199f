#include "plugins/registry/dns/pool.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utlist.h>

#include "lib/buf.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "server/state/directory.h"

#define REST_TIMES 20 /* so many times as long as making it took */

/* An instance; its texts are at these places of the pool's. */
struct member {
    uint32_t node, address, service_address;
    uint16_t port;
};

struct pool {
    char *name, *tag; /* owned */
    bool only_passing;
    /* of what it was made from: a name may go, and come again with a version
     * that it had */
    uint64_t version, index;
    uint64_t next_ms;       /* before which no other is made */
    struct member *members; /* owned */
    unsigned count;
    struct buf texts;
    struct pool *prev, *next;
};

struct dns_pools {
    struct pool *list; /* the last asked for first */
    unsigned count;
};

struct dns_pools *dns_pools_new(void)
{
    return xcalloc(1, sizeof(struct dns_pools));
}

static void pool_free(struct dns_pools *p, struct pool *o)
{
    DL_DELETE(p->list, o);
    p->count--;
    free(o->name);
    free(o->tag);
    free(o->members);
    buf_free(&o->texts);
    free(o);
}

void dns_pools_free(struct dns_pools *p)
{
    if (!p)
        return;
    while (p->list)
        pool_free(p, p->list);
    free(p);
}

static struct pool *pool_of(struct dns_pools *p, const struct dir_name *n,
                            const char *tag, bool only_passing)
{
    struct pool *o;

    DL_FOREACH (p->list, o)
        if (o->only_passing == only_passing && !strcasecmp(o->name, n->name) &&
            !strcasecmp(o->tag, tag)) {
            DL_DELETE(p->list, o);
            DL_PREPEND(p->list, o);
            return o;
        }
    if (p->count == DNS_POOLS)
        pool_free(p, p->list->prev);
    o = xcalloc(1, sizeof(*o));
    o->name = xstrdup(n->name);
    o->tag = xstrdup(tag);
    o->only_passing = only_passing;
    DL_PREPEND(p->list, o);
    p->count++;
    return o;
}

static uint32_t keep(struct pool *o, const char *text)
{
    size_t at = buf_len(&o->texts);

    buf_add(&o->texts, text, strlen(text) + 1);
    return (uint32_t)at;
}

static void make(struct pool *o, const struct dir_name *n)
{
    const struct dir_instance *i = NULL;
    enum dir_status worst = o->only_passing ? DIR_PASSING : DIR_WARNING;

    buf_free(&o->texts);
    o->members = xreallocarray(o->members, n->count, sizeof(*o->members));
    o->count = 0;
    while ((i = dir_name_next(n, i)) && o->count < n->count) {
        if ((*o->tag && !dir_has_tag(i, o->tag)) || dir_health(i) > worst)
            continue;
        o->members[o->count++] = (struct member){
            .node = keep(o, i->node->name),
            .address = keep(o, i->node->address),
            .service_address = keep(o, i->address),
            .port = (uint16_t)i->port,
        };
    }
}

static void keep_up(struct pool *o, struct directory *d,
                    const struct dir_name *n, uint64_t now_ms)
{
    const struct dir_scope health = {.kind = DIR_HEALTH, .name = n->name};
    uint64_t index = directory_index(d, &health);

    if (o->members && ((o->version == n->version && o->index == index) ||
                       now_ms < o->next_ms))
        return;
    make(o, n);
    o->version = n->version;
    o->index = index;
    o->next_ms = now_ms + REST_TIMES * (loop_clock() - now_ms);
}

unsigned dns_pool_draw(struct dns_pools *p, struct directory *d,
                       const struct dir_name *n, const char *tag,
                       bool only_passing, uint64_t now_ms, struct dns_host *out,
                       unsigned most)
{
    struct pool *o = pool_of(p, n, tag, only_passing);
    const char *texts;
    unsigned i, k;

    keep_up(o, d, n, now_ms);
    texts = buf_data(&o->texts);
    for (i = 0; i < o->count && i < most; i++) {
        struct member m;

        /* the order of the list is of no meaning */
        k = i + (unsigned)dns_random(o->count - i);
        m = o->members[k];
        o->members[k] = o->members[i];
        o->members[i] = m;
        out[i] = (struct dns_host){.node = texts + m.node,
                                   .address = texts + m.address,
                                   .service_address = texts + m.service_address,
                                   .port = m.port};
    }
    return i;
}

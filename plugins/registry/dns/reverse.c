#include "plugins/registry/dns/reverse.h"

#include <stdlib.h>
#include <string.h>

#include "lib/loop.h"
#include "lib/mem.h"
#include "server/state/directory.h"

#define REST_MS    1000 /* between two lists */
#define REST_TIMES 100  /* ... and so many times as long as one took */

struct entry {
    struct in6_addr in;
    char *name; /* owned */
};

struct dns_reverse {
    struct entry *list; /* owned, by address */
    size_t count;
    uint64_t index;   /* of what it was made from; 0: none */
    uint64_t next_ms; /* before which no other is made */
};

struct dns_reverse *dns_reverse_new(void)
{
    return xcalloc(1, sizeof(struct dns_reverse));
}

static void forget(struct dns_reverse *r)
{
    while (r->count)
        free(r->list[--r->count].name);
    free(r->list);
    r->list = NULL;
}

void dns_reverse_free(struct dns_reverse *r)
{
    if (!r)
        return;
    forget(r);
    free(r);
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct in6_addr));
}

static void make(struct dns_reverse *r, struct directory *d)
{
    const struct dir_node *n = NULL;
    struct dns_address a;
    size_t size = 0;

    forget(r);
    while ((n = directory_next_node(d, n))) {
        if (!dns_address_read(&a, n->address))
            continue;
        if (r->count == size) {
            size = size ? 2 * size : 16;
            r->list = xreallocarray(r->list, size, sizeof(*r->list));
        }
        r->list[r->count].in = a.in;
        r->list[r->count++].name = xstrdup(n->name);
    }
    if (r->count)
        qsort(r->list, r->count, sizeof(*r->list), compare);
}

static void keep_up(struct dns_reverse *r, struct directory *d, uint64_t now_ms)
{
    static const struct dir_scope nodes = {.kind = DIR_NODES};
    uint64_t index = directory_index(d, &nodes), took;

    if (r->index && (index == r->index || now_ms < r->next_ms))
        return;
    make(r, d);
    took = loop_clock() - now_ms;
    r->index = index;
    r->next_ms =
        now_ms + (took * REST_TIMES > REST_MS ? took * REST_TIMES : REST_MS);
}

/* The first of that address, or where it would be. */
static size_t place_of(const struct dns_reverse *r, const struct in6_addr *in)
{
    size_t low = 0, high = r->count, middle;

    while (low < high) {
        middle = low + (high - low) / 2;
        if (memcmp(&r->list[middle].in, in, sizeof(*in)) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

unsigned dns_reverse_find(struct dns_reverse *r, struct directory *d,
                          const struct dns_address *a, uint64_t now_ms,
                          const char **out, unsigned most)
{
    unsigned n = 0;
    size_t i;

    keep_up(r, d, now_ms);
    for (i = place_of(r, &a->in); i < r->count && n < most; i++) {
        if (memcmp(&r->list[i].in, &a->in, sizeof(a->in)) != 0)
            break;
        out[n++] = r->list[i].name;
    }
    return n;
}

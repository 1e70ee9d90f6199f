#include "lib/seats.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

#include "lib/mem.h"

struct seat_address {
    uint8_t key[9]; /* a kind, and 4 or 8 bytes */
    unsigned count, n_silent;
    struct seat *silent;
    UT_hash_handle hh;
};

enum { KEY_UNIX, KEY_V4, KEY_V6 };

static void key_of(uint8_t key[9], const struct sockaddr *sa)
{
    const struct in6_addr *v6;

    memset(key, 0, 9);
    if (sa->sa_family == AF_INET) {
        key[0] = KEY_V4;
        memcpy(key + 1, &((const struct sockaddr_in *)sa)->sin_addr, 4);
    } else if (sa->sa_family == AF_INET6) {
        v6 = &((const struct sockaddr_in6 *)sa)->sin6_addr;
        key[0] = IN6_IS_ADDR_V4MAPPED(v6) ? KEY_V4 : KEY_V6;
        if (key[0] == KEY_V4)
            memcpy(key + 1, v6->s6_addr + 12, 4);
        else
            memcpy(key + 1, v6->s6_addr, 8);
    }
}

struct seat_address *seats_address(struct seats *all, const struct sockaddr *sa)
{
    struct seat_address *a;
    uint8_t key[9];

    key_of(key, sa);
    HASH_FIND(hh, all->addresses, key, sizeof(key), a);
    if (a)
        return a;
    a = xcalloc(1, sizeof(*a));
    memcpy(a->key, key, sizeof(key));
    HASH_ADD(hh, all->addresses, key, sizeof(a->key), a);
    return a;
}

void seats_leave(struct seats *all, struct seat_address *a)
{
    if (a->count)
        return;
    if (all->heaviest == a)
        all->heaviest = NULL;
    HASH_DEL(all->addresses, a);
    free(a);
}

unsigned seats_of_address(const struct seat_address *a)
{
    return a->key[0] == KEY_UNIX ? 0 : a->count;
}

void seat_take(struct seats *all, struct seat *s, struct seat_address *a)
{
    s->address = a;
    s->silent = true;
    DL_APPEND(a->silent, s);
    a->n_silent++;
    a->count++;
    all->count++;
}

void seat_spoke(struct seat *s)
{
    if (!s->silent)
        return;
    s->silent = false;
    DL_DELETE(s->address->silent, s);
    s->address->n_silent--;
}

void seat_leave(struct seats *all, struct seat *s)
{
    seat_spoke(s);
    all->count--;
    s->address->count--;
    seats_leave(all, s->address);
}

static void look(struct seats *all)
{
    struct seat_address *a;

    all->heaviest = NULL;
    for (a = all->addresses; a; a = a->hh.next)
        if (!all->heaviest || a->n_silent > all->heaviest->n_silent)
            all->heaviest = a;
}

/* The newcomer would have one more: it must still have fewer then. */
static bool outweighs(const struct seat_address *heavy,
                      const struct seat_address *a)
{
    return heavy && heavy->n_silent > a->count + 1;
}

struct seat *seats_makes_way(struct seats *all, const struct seat_address *a,
                             uint64_t now_ms)
{
    if (!outweighs(all->heaviest, a)) {
        if (now_ms < all->look_again_ms)
            return NULL;
        look(all);
    }
    if (outweighs(all->heaviest, a))
        return all->heaviest->silent;
    all->look_again_ms = now_ms + SEATS_LOOK_MS;
    return NULL;
}

#include <string.h>
#include <sys/random.h>

#include "plugins/registry/dns/answer.h"

/* Drawn from the system many at a time. */
static uint64_t draw(void)
{
    static uint64_t pool[64];
    static size_t left;

    if (!left) {
        /* without randomness the order stays that of the last ones */
        if (getrandom(pool, sizeof(pool), 0) < 0)
            pool[0] += 0x9e3779b97f4a7c15;
        left = sizeof(pool) / sizeof(*pool);
    }
    return pool[--left];
}

uint64_t dns_random(uint64_t below)
{
    return below ? draw() % below : 0;
}

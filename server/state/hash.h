/*
 * A keyed hash of bytes for the catalog's tables. The key is random for each
 * process, so that a client cannot choose names that collide.
 *
 * Must not know what is hashed. Its construction (multiply to 128 bits, fold)
 * is that of Wang Yi's wyhash, but for this: both factors depend on the key. A
 * constant in its place is a text that makes a factor zero, whatever the key
 * is, and everything before it count for nothing. It is no cryptographic hash.
 */
#ifndef MUSTER_STATE_HASH_H
#define MUSTER_STATE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Draws the key; once, at start-up. */
void hash_init(void);

/* The key: written by hash_init() only. */
uint64_t hash_key(void);

static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint32_t hash_bytes(uint64_t key, const void *bytes, size_t len)
{
    const unsigned char *p = bytes;
    uint64_t h = key ^ (len * 0x9e3779b97f4a7c15ull), a, b;
    uint64_t first = (key << 32 | key >> 32) ^ 0xa0761d6478bd642full;
    uint64_t last = (key << 17 | key >> 47) ^ 0xe7037ed1a0b428dbull;

    for (; len > 16; p += 16, len -= 16) {
        memcpy(&a, p, 8);
        memcpy(&b, p + 8, 8);
        h = hash_mix(a ^ first, b ^ h);
    }
    if (len >= 8) {
        memcpy(&a, p, 8);
        memcpy(&b, p + len - 8, 8);
    } else if (len >= 4) {
        uint32_t low, high;

        memcpy(&low, p, 4);
        memcpy(&high, p + len - 4, 4);
        a = low;
        b = high;
    } else {
        a = len ? (uint64_t)p[0] << 16 | (uint64_t)p[len >> 1] << 8 | p[len - 1]
                : 0;
        b = 0;
    }
    h = hash_mix(a ^ last, b ^ h);
    return (uint32_t)hash_mix(h, 0x8ebc6af09c88c6e3ull);
}

#endif

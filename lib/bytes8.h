/*
 * Looking at eight bytes at once, for the two loops that see every byte of
 * every line (words.c, buf.c).
 */
#ifndef MUSTER_LIB_BYTES8_H
#define MUSTER_LIB_BYTES8_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define BYTES8_ONES 0x0101010101010101ull
#define BYTES8_HIGH 0x8080808080808080ull

/* The first of them in memory is the lowest. */
static inline uint64_t bytes8_load(const char *p)
{
    uint64_t x;

    memcpy(&x, p, sizeof(x));
    return le64toh(x);
}

/* Not 0 if any of them is below c, which is at most 0x80. */
static inline uint64_t bytes8_below(uint64_t x, unsigned char c)
{
    return (x - BYTES8_ONES * c) & ~x & BYTES8_HIGH;
}

/* Not 0 if any of them is c; then its lowest bit is in the first such byte. */
static inline uint64_t bytes8_equal(uint64_t x, unsigned char c)
{
    return bytes8_below(x ^ BYTES8_ONES * c, 1);
}

/* Which byte the lowest bit is in. */
static inline unsigned bytes8_first(uint64_t bits)
{
    return (unsigned)__builtin_ctzll(bits) / 8;
}

#endif

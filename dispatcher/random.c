#include "dispatcher/random.h"

#include <stdlib.h>
#include <sys/random.h>
#include <sys/types.h>
#include <time.h>

uint32_t random_u32(void)
{
    struct timespec ts;
    uint32_t n;

    if (getrandom(&n, sizeof(n), GRND_NONBLOCK) == (ssize_t)sizeof(n))
        return n;
    /* early at boot: times of two machines differ enough for a pause */
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint32_t)ts.tv_nsec * 2654435761u;
}

void random_name(char *out, size_t len)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    for (size_t i = 0; i < len; i++)
        out[i] = letters[random_u32() >> 27];
    out[len] = '\0';
}

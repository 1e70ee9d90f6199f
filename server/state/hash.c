#include "server/state/hash.h"

#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

static uint64_t key;

void hash_init(void)
{
    if (getrandom(&key, sizeof(key), 0) != (ssize_t)sizeof(key))
        key = (uint64_t)time(NULL) * 0x9e3779b97f4a7c15ull;
}

uint64_t hash_key(void)
{
    return key;
}

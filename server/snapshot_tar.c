#include <stdio.h>
#include <string.h>

#include "server/snapshot_tar.h"

/* A head's fields. Numbers are octal, with a NUL behind them. */
#define NAME_SIZE 100
#define MODE_AT   100
#define UID_AT    108
#define GID_AT    116
#define SIZE_AT   124
#define TIME_AT   136
#define SUM_AT    148
#define SUM_SIZE  8
#define TYPE_AT   156
#define MAGIC_AT  257

static const char magic[] = "ustar\00000"; /* and its version */

/* Of all its bytes; those of the sum itself count as blanks. */
static unsigned sum_of(const char *block)
{
    unsigned sum = SUM_SIZE * ' ';
    int i;

    for (i = 0; i < TAR_BLOCK; i++)
        if (i < SUM_AT || i >= SUM_AT + SUM_SIZE)
            sum += (unsigned char)block[i];
    return sum;
}

void tar_head(char *block, const char *name, uint64_t size, time_t when)
{
    memset(block, 0, TAR_BLOCK);
    snprintf(block, NAME_SIZE, "%s", name);
    snprintf(block + MODE_AT, UID_AT - MODE_AT, "%07o", 0600u);
    snprintf(block + UID_AT, GID_AT - UID_AT, "%07o", 0u);
    snprintf(block + GID_AT, SIZE_AT - GID_AT, "%07o", 0u);
    snprintf(block + SIZE_AT, TIME_AT - SIZE_AT, "%011llo",
             (unsigned long long)size & 077777777777ull);
    snprintf(block + TIME_AT, SUM_AT - TIME_AT, "%011llo",
             (unsigned long long)when & 077777777777ull);
    block[TYPE_AT] = '0';
    memcpy(block + MAGIC_AT, magic, sizeof(magic) - 1);
    snprintf(block + SUM_AT, SUM_SIZE - 1, "%06o", sum_of(block));
    block[SUM_AT + SUM_SIZE - 1] = ' ';
}

size_t tar_padding(uint64_t size)
{
    return (size_t)(-size % TAR_BLOCK);
}

/* A number up to its NUL or blank; false if there is another byte in it. */
static bool octal(const char *at, size_t room, uint64_t *n)
{
    size_t i;

    *n = 0;
    for (i = 0; i < room && at[i] && at[i] != ' '; i++) {
        if (at[i] < '0' || at[i] > '7')
            return false;
        *n = *n * 8 + (uint64_t)(at[i] - '0');
    }
    return i > 0;
}

const char *tar_find(const char *archive, size_t len, const char *name,
                     size_t *size)
{
    size_t at = 0, room;
    uint64_t n, sum;

    while (len - at >= TAR_BLOCK) {
        const char *head = archive + at;

        if (!octal(head + SUM_AT, SUM_SIZE, &sum) || sum != sum_of(head) ||
            !octal(head + SIZE_AT, TIME_AT - SIZE_AT, &n))
            return NULL;
        at += TAR_BLOCK;
        room = len - at;
        if (n > room)
            return NULL;
        if (strnlen(head, NAME_SIZE) == strlen(name) &&
            !memcmp(head, name, strlen(name))) {
            *size = (size_t)n;
            return archive + at;
        }
        if (tar_padding(n) > room - n)
            return NULL;
        at += (size_t)n + tar_padding(n);
    }
    return NULL;
}

#include "lib/uuid.h"

#include <errno.h>
#include <sys/random.h>

#include "lib/log.h"
#include "lib/mem.h"

#define UUID_BYTES   16
#define UUID_HYPHENS 4

static const char digits[] = "0123456789abcdef";

static void random_bytes(unsigned char *to, size_t len)
{
    ssize_t n;

    do
        n = getrandom(to, len, 0);
    while (n < 0 && errno == EINTR);
    if (n != (ssize_t)len) {
        log_error("the system gives no random bytes");
        mem_exhausted();
    }
}

void uuid_make(char out[UUID_LEN + 1])
{
    unsigned char bytes[UUID_BYTES];
    char *to = out;
    int i;

    random_bytes(bytes, sizeof(bytes));
    for (i = 0; i < UUID_BYTES; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *to++ = '-';
        *to++ = digits[bytes[i] >> 4];
        *to++ = digits[bytes[i] & 15];
    }
    *to = '\0';
}

/* The value of a hex digit, or -1. */
static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool uuid_ok(const char *text, size_t len)
{
    unsigned hyphens = 0;
    size_t i;

    if (len != UUID_LEN)
        return false;
    for (i = 0; i < len; i++) {
        if (text[i] == '-')
            hyphens++;
        else if (nibble(text[i]) < 0)
            return false;
    }
    return hyphens <= UUID_HYPHENS && (UUID_LEN - hyphens) % 2 == 0;
}

uint64_t uuid_fold(const char *uuid)
{
    uint64_t half[2] = {0, 0};
    unsigned n = 0;

    for (; *uuid && n < 2 * UUID_BYTES; uuid++)
        if (*uuid != '-') {
            int d = nibble(*uuid);

            half[n / UUID_BYTES] =
                half[n / UUID_BYTES] << 4 | (uint64_t)(d < 0 ? 0 : d);
            n++;
        }
    return half[0] ^ half[1];
}

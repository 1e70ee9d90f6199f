#include "lib/auth/secret.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET_BYTES 32

/* base64url without padding (RFC 4648, section 5). */
static void write_url64(const unsigned char *bytes, size_t n, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned long bits = 0;
    unsigned have = 0;

    for (; n--; bytes++) {
        bits = bits << 8 | *bytes;
        for (have += 8; have >= 6; have -= 6)
            *out++ = digits[bits >> (have - 6) & 63];
    }
    if (have)
        *out++ = digits[bits << (6 - have) & 63];
    *out = '\0';
}

char *secret_token(const char *name)
{
    unsigned char bytes[SECRET_BYTES];
    char text[SECRET_BYTES * 4 / 3 + 4], *token = NULL;

    if (RAND_bytes(bytes, sizeof(bytes)) == 1) {
        write_url64(bytes, sizeof(bytes), text);
        token = xasprintf("%s.%s", name, text);
    }
    OPENSSL_cleanse(bytes, sizeof(bytes));
    OPENSSL_cleanse(text, sizeof(text));
    return token;
}

void secret_free(char *token)
{
    if (token)
        OPENSSL_cleanse(token, strlen(token));
    free(token);
}

void secret_hash(const char *token, size_t len, unsigned char *hash)
{
    SHA256((const unsigned char *)token, len, hash);
}

bool secret_same(const unsigned char *a, const unsigned char *b)
{
    return CRYPTO_memcmp(a, b, PRINCIPAL_HASH) == 0;
}

void secret_hash_write(const unsigned char *hash, char *out)
{
    int i;

    memcpy(out, "sha256:", 7);
    for (i = 0, out += 7; i < PRINCIPAL_HASH; i++, out += 2)
        snprintf(out, 3, "%02x", hash[i]);
}

bool secret_hash_read(const char *text, unsigned char *hash)
{
    unsigned byte;
    int i;

    if (strncmp(text, "sha256:", 7) != 0)
        return false;
    text += 7;
    if (strlen(text) != 2 * PRINCIPAL_HASH ||
        strspn(text, "0123456789abcdefABCDEF") != 2 * PRINCIPAL_HASH)
        return false;
    for (i = 0; i < PRINCIPAL_HASH; i++, text += 2) {
        if (sscanf(text, "%2x", &byte) != 1)
            return false;
        hash[i] = (unsigned char)byte;
    }
    return true;
}

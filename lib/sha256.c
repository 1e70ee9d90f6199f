#include "lib/sha256.h"

#include <openssl/evp.h>
#include <string.h>

#include "lib/mem.h"

void sha256_begin(struct sha256 *s)
{
    s->ctx = EVP_MD_CTX_new();
    if (!s->ctx || !EVP_DigestInit_ex(s->ctx, EVP_sha256(), NULL))
        mem_exhausted();
}

void sha256_add(struct sha256 *s, const void *bytes, size_t len)
{
    if (len && !EVP_DigestUpdate(s->ctx, bytes, len))
        mem_exhausted();
}

void sha256_end(struct sha256 *s, char *hex)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    if (!EVP_DigestFinal_ex(s->ctx, sum, &n))
        mem_exhausted();
    EVP_MD_CTX_free(s->ctx);
    s->ctx = NULL;
    for (unsigned i = 0; i < n; i++) {
        hex[i * 2] = digits[sum[i] >> 4];
        hex[i * 2 + 1] = digits[sum[i] & 15];
    }
    hex[n * 2] = '\0';
}

void sha256_hex(const void *bytes, size_t len, char *hex)
{
    struct sha256 s;

    sha256_begin(&s);
    sha256_add(&s, bytes, len);
    sha256_end(&s, hex);
}

bool sha256_is_hex(const char *text, size_t len)
{
    return len == SHA256_HEX && strspn(text, "0123456789abcdef") >= len;
}

/*
 * SHA-256 in hexadecimal: of bytes at once, or of what comes piece by piece.
 */
#ifndef MUSTER_LIB_SHA256_H
#define MUSTER_LIB_SHA256_H

#include <stdbool.h>
#include <stddef.h>

#define SHA256_HEX 64 /* characters, without the NUL */

struct sha256 {
    void *ctx; /* owned */
};

void sha256_begin(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *bytes, size_t len);
/* SHA256_HEX characters and a NUL; s is done with. */
void sha256_end(struct sha256 *s, char *hex);

void sha256_hex(const void *bytes, size_t len, char *hex);
/* True if text is one, in lower case. */
bool sha256_is_hex(const char *text, size_t len);

#endif

/*
 * The secret part of tokens: made, hashed and compared here, and nowhere else.
 *
 * A token is NAME.SECRET; the secret is 32 random bytes in base64url. At rest
 * there is only the SHA-256 of the whole token, written sha256:HEX: with so
 * much randomness in it no slow hash is needed.
 *
 * Must not know what a token allows.
 */
#ifndef MUSTER_LIB_AUTH_SECRET_H
#define MUSTER_LIB_AUTH_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/auth/principal.h"
#include "lib/mem.h"

#define TOKEN_MAX     512 /* bytes of a token that is looked at */
#define HASH_TEXT_MAX (7 + 2 * PRINCIPAL_HASH + 1) /* sha256:HEX and NUL */

/* A new token of that name, owned by the caller, who wipes it; NULL if the
 * system gives no randomness. */
MUST_CHECK char *secret_token(const char *name);
/* Overwrites and frees a token; NULL is fine. */
void secret_free(char *token);

void secret_hash(const char *token, size_t len, unsigned char *hash);
/* In a time that does not depend on where they differ. */
bool secret_same(const unsigned char *a, const unsigned char *b);

/* "sha256:" and 64 hexadecimal digits, into HASH_TEXT_MAX bytes, and back. */
void secret_hash_write(const unsigned char *hash, char *out);
bool secret_hash_read(const char *text, unsigned char *hash);

#endif

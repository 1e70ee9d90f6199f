/*
 * Ids that nobody else makes: 128 random bits, as 36 characters
 * (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx, lower-case).
 *
 * Must not know what is named so.
 */
#ifndef MUSTER_LIB_UUID_H
#define MUSTER_LIB_UUID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UUID_LEN 36

/* A fresh one, NUL-terminated. Aborts if the system gives no randomness. */
void uuid_make(char out[UUID_LEN + 1]);

/*
 * Whether that may be one, as loosely as Consul looks at what it is given: 36
 * characters, at most four of them hyphens, the others an even number of hex
 * digits of either case.
 */
bool uuid_ok(const char *text, size_t len);

/* Its two halves as numbers, one XORed with the other; of what uuid_make()
 * made. Consul's index of its list of events. */
uint64_t uuid_fold(const char *uuid);

#endif

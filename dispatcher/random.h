/*
 * Chance: for pauses, for choosing among equals, and for the name of this
 * instance of the dispatcher. Not for secrets.
 */
#ifndef DISPATCHER_RANDOM_H
#define DISPATCHER_RANDOM_H

#include <stddef.h>
#include <stdint.h>

uint32_t random_u32(void);
/* len letters and digits (A-Z, 2-7) and a NUL into out. */
void random_name(char *out, size_t len);

#endif

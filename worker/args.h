/*
 * The pairs of a request as a dispatcher sends them: taken out of base64, and
 * as arguments for a right to look at.
 *
 * Must not know operations.
 */
#ifndef MUSTER_WORKER_ARGS_H
#define MUSTER_WORKER_ARGS_H

#include "lib/argument.h"
#include "lib/mem.h"
#include "lib/words.h"

/* Pairs of a request, directives among them; borrowed. */
struct args {
    struct word *words;
    int count; /* of words */
};

/* Decodes what stands behind a name with a colon, in place. NULL, or what is
 * wrong (free()). */
MUST_CHECK char *args_decode(const struct args *a);

/* An argument_fn: list is a struct args; directives are left out. */
bool args_at(const void *list, size_t i, struct argument *out);

#endif

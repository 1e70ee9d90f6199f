/*
 * The secret arguments of a request: they reach the job by its environment
 * (MUSTER_SECRET_NAME), never as arguments of a program, and whatever the job
 * writes of them is masked.
 *
 * Must not know operations or processes.
 */
#ifndef MUSTER_WORKER_SECRETS_H
#define MUSTER_WORKER_SECRETS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/mask.h"
#include "lib/mem.h"
#include "lib/words.h"
#include "worker/args.h"

#define SECRETS_MAX 32 /* of one request */
#define SECRET_ENV  "MUSTER_SECRET_"

struct secret {
    const char *name;         /* borrowed from the request */
    const struct word *value; /* NULL: not come yet */
};

struct secrets {
    struct secret list[SECRETS_MAX];
    size_t count;
};

/* Finds the names that `.secret NAME` directives make secret (a list with
 * commas may stand there), and their values; each must be there, once. NULL, or
 * what is wrong (free()). */
MUST_CHECK char *secrets_take(struct secrets *s, const struct args *a);
/* Whether an argument of that name is one. */
bool secrets_has(const struct secrets *s, const struct word *name);

/* "MUSTER_SECRET_name=value", owned by the caller, who wipes it. */
char *secret_setting(const struct secret *s);
/* Overwrites and frees such a text; NULL is fine. */
void secret_setting_free(char *text);

/* Overwrites their values where they came. */
void secrets_wipe(const struct secrets *s);
/* What masks them all; NULL if there is none. */
struct mask *secrets_mask(const struct secrets *s);

#endif

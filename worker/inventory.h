/*
 * The hosts of an inventory as its lister writes them: a line of words each,
 *
 *   host NAME [attr value]...
 *
 * Pure: must not know who lists them, nor what becomes of them.
 */
#ifndef MUSTER_WORKER_INVENTORY_H
#define MUSTER_WORKER_INVENTORY_H

#include <stdbool.h>
#include <stddef.h>

#include <uthash.h>

#include "lib/attrs.h"

#define INVENTORY_HOSTS 10000 /* at most so many */

struct inventory_host {
    char *name;
    struct attrs attrs;
    UT_hash_handle hh; /* by name, in their order */
};

struct inventory {
    struct inventory_host *by_name;
};

/* text is spoilt; text[len] must be writable. NULL, or what is wrong with it
 * (free()); then it is empty. */
__attribute__((warn_unused_result)) char *
inventory_parse(struct inventory *v, char *text, size_t len);
void inventory_free(struct inventory *v);

const struct inventory_host *inventory_find(const struct inventory *v,
                                            const char *name);

/* True of attributes that a service gets from its worker, and from nobody
 * else. */
bool inventory_attr_is_own(const char *name);

#endif

/*
 * profile: the profiles of a configuration file, and which of them apply. For
 * the sources of conf only.
 *
 *   profiles:
 *     seed:
 *       binds: ["*:4040"]
 *     web:
 *       parent: seed
 *       worker: {attrs: {role: web}}
 *
 * It must not know what is set in one.
 */
#ifndef MUSTER_LIB_PROFILE_H
#define MUSTER_LIB_PROFILE_H

#include "lib/conf.h"
#include "lib/conf_yaml.h"

struct profile {
    const char *name;
    const struct conf_node *node; /* a map; NULL: it is empty */
    const char *parent;           /* NULL: none */
    int line;                     /* of its parent, else of itself */
};

/* All of a file, in the order of their names. */
struct profiles {
    struct profile *list;
    size_t n;
};

/*
 * Reads them from the top of the tree, and tells every mistake in how they
 * hang together: a parent that is not there, a circle, a chain too long.
 */
void profiles_read(struct profiles *all, const struct conf_node *top,
                   const char *file, struct conf_errors *errs);
void profiles_free(struct profiles *all);

const struct profile *profiles_find(const struct profiles *all,
                                    const char *name);

/* The one that was meant by a name that is not there, or NULL. */
const char *profiles_nearest(const struct profiles *all, const char *name,
                             char *out, size_t size);

/*
 * The chain of which `name` is the youngest, oldest first; returns how many,
 * 0 if there is no such profile or the chain has a mistake.
 */
size_t profiles_chain(const struct profiles *all, const char *name,
                      const struct profile *chain[CONF_CHAIN_MAX]);

#endif

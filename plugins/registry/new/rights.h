/*
 * What a principal makes of a line of port new: whether he may ask for it, and
 * what the registry sets on his behalf. Who may do everything costs a look at
 * one flag.
 *
 * Must not know connections; what belongs to whom is the catalog's to check,
 * when the change is made.
 */
#ifndef MUSTER_FACE_NEW_RIGHTS_H
#define MUSTER_FACE_NEW_RIGHTS_H

#include "lib/auth/principal.h"
#include "plugins/registry/new/line.h"
#include "server/state/catalog.h"

/* What was made for a request, besides what its line holds. */
struct new_rights {
    struct word *words; /* owned */
    char **names;       /* owned */
    unsigned name_count;
};

/* NULL, or an error text for the peer (free()): the names of services, the
 * attributes, or what the token pins stand against it. */
MUST_CHECK char *rights_check(const struct principal *p,
                              const struct new_line *l);

/* Completes the request of an allowed line, about service v (NULL: a new one):
 * who asks, whose it will be, what is pinned. r is to be freed after it. */
void rights_complete(const struct principal *p, const struct new_line *l,
                     const struct service *v, struct catalog_request *q,
                     struct new_rights *r);
void new_rights_free(struct new_rights *r);

#endif

/*
 * The names of a service's volatile attributes: found and compared like
 * others, but a change of them is no event and no new revision.
 *
 * Must not know the catalog.
 */
#ifndef MUSTER_STATE_VOLATILES_H
#define MUSTER_STATE_VOLATILES_H

#include <stdbool.h>

#include "lib/words.h"
#include "server/state/service.h"

/* From "a,b"; owned by the caller (free()); NULL if it names none. */
struct name_list *volatiles_new(const struct word *names);
bool volatiles_has(const struct name_list *l, const struct word *name);
bool volatiles_same(const struct name_list *a, const struct name_list *b);
/* True if the records differ in volatile attributes at most. */
bool volatiles_equal(const struct name_list *l, const struct record *a,
                     const struct record *b);

#endif

/*
 * The holes of actions: their types, and texts in which they stand as {name};
 * {{ and }} are braces. For action*.c only.
 */
#ifndef MUSTER_LIB_ACTION_HOLE_H
#define MUSTER_LIB_ACTION_HOLE_H

#include "lib/action.h"

/* From a type as it is written: "int 1 5". NULL, or what is wrong (free()). */
MUST_CHECK char *hole_parse(struct hole *h, const char *name, const char *type);
void hole_free(struct hole *h);

/* True if what fills it means the same to a shell, whatever it is. */
bool hole_is_harmless(const struct hole *h);

/* The next hole in *text, which is moved behind it: false if there is none. A
 * brace that is none of these gives *wrong. */
bool text_next_hole(const char **text, const char **name, size_t *len,
                    const char **wrong);

#endif

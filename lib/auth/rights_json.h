/*
 * The rights of a principal as a JSON object, by the fields of rights.h: lists
 * are arrays, pins an object, admin is true or false, and the rest is text.
 *
 *   {"register": ["web*"], "set": ["*"], "pin": {"role": "web"},
 *    "find": "all", "expires": "2027-01-31T12:00:00Z", "admin": false}
 *
 * Must not know files, HTTP, or whether anybody may see it.
 */
#ifndef MUSTER_LIB_AUTH_RIGHTS_JSON_H
#define MUSTER_LIB_AUTH_RIGHTS_JSON_H

#include <jansson.h>

#include "lib/auth/principal.h"
#include "lib/mem.h"

/* All that p has but its hash, with its name first; the caller's. */
MUST_CHECK json_t *rights_to_json(const struct principal *p);

/* Gives p, which is in the making, what the object says; its "name" is passed
 * over. NULL, or an error text (free()) that names the field. */
MUST_CHECK char *rights_from_json(struct principal *p, const json_t *object);

#endif

/*
 * The rights of a principal as words, field by field: one vocabulary for the
 * tokens file, for what a store keeps of a token, and for what `.whoami 1`
 * answers.
 *
 *   hash sha256:HEX     of the whole token
 *   cert GLOB           a name in a client certificate
 *   expires TIME        RFC 3339, "2027-01-31T12:00:00Z"
 *   register LIST       globs on names of services
 *   set LIST            globs on attributes
 *   pin.ATTR VALUE      set on all that is registered
 *   find, watch, exec   none, all, or a selector as one text
 *   ops LIST            globs on operations, with arguments (op_right.h)
 *   kv_read, kv_write LIST  globs on keys
 *   admin on            or off
 *
 * A LIST is one text of words, each a glob. What is not said is none.
 *
 * Must not know files or connections.
 */
#ifndef MUSTER_LIB_AUTH_RIGHTS_H
#define MUSTER_LIB_AUTH_RIGHTS_H

#include <stdbool.h>
#include <time.h>

#include "lib/auth/principal.h"
#include "lib/buf.h"
#include "lib/mem.h"

/* The fields, "pin" among them, up to a NULL. */
extern const char *const rights_fields[];

/* True for a field whose value is a list. */
bool rights_is_list(const char *field);

/* Gives p what the text says, in addition to what it has: for a principal in
 * the making. NULL, or an error text (free()): no such field, a bad value. */
MUST_CHECK char *rights_set(struct principal *p, const char *field,
                            const char *text);
/* One more item of a list, as it is. Errors as above. */
MUST_CHECK char *rights_add(struct principal *p, const char *field,
                            const char *item);

/* What is wrong with the whole, or NULL: rights that come to nothing (exec
 * without ops), a pin that is set twice. A static text. */
const char *rights_wrong(const struct principal *p);

/* Appends " field value" for all it has; secret says whether its hash, too. */
void rights_write(const struct principal *p, bool secret, struct buf *out);

/* "2027-01-31T12:00:00Z", an offset instead of the Z, a fraction of a second
 * (dropped); false for anything else. */
bool rights_time_read(const char *text, time_t *out);
#define RIGHTS_TIME_MAX 32
void rights_time_write(time_t t, char *out);

#endif

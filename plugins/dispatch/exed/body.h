/*
 * The JSON object of a request's body. A comma before a closing bracket is
 * taken, for that is how EXEd's documentation writes its requests; nothing else
 * of what is no JSON is.
 *
 * Pure: must not know what stands in it.
 */
#ifndef PLUGINS_DISPATCH_EXED_BODY_H
#define PLUGINS_DISPATCH_EXED_BODY_H

#include <jansson.h>
#include <stddef.h>

#include "lib/mem.h"

/* NULL and the object, or an error text (free()). */
MUST_CHECK char *body_parse(const char *bytes, size_t len, json_t **out);

/* Text as a JSON string; *base64 (may be NULL) says whether it had to be
 * encoded, being no UTF-8. */
json_t *body_text(const char *bytes, size_t len, int *base64);
/* The same of a string, in which what is no UTF-8 is written as \xNN. */
json_t *body_clean(const char *text);

#endif

/*
 * Regular expressions (POSIX extended, on bytes, without back references) that
 * a peer may write: a pattern compiles to at most REX_SIZE_MAX instructions and
 * is matched by following all of its ways at once, so that no pattern and no
 * text cost more than their lengths multiplied. The C library's matcher gives
 * no such promise: "a++++++++++++++++++++++++++" takes gigabytes to compile,
 * "(a|b)*a(a|b){50}" minutes to match.
 *
 *   compile: pattern --(recursive descent)--> instructions, jumps relative, so
 *            that a piece can be moved and repeated as it is
 *   match:   the set of instructions that the text so far can have reached
 *
 * Must not know selectors.
 */
#ifndef MUSTER_LIB_REX_H
#define MUSTER_LIB_REX_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/mem.h"

#define REX_SIZE_MAX   1000 /* instructions of a compiled pattern */
#define REX_DEPTH_MAX  50   /* groups within groups */
#define REX_REPEAT_MAX 255  /* n of {n} */

struct rex;

/* Returns NULL and sets *out, or a static error text for the peer. */
MUST_CHECK const char *rex_compile(const char *pattern, struct rex **out);
void rex_free(struct rex *r); /* NULL is fine */

/* Instructions: a match costs at most these times the length of the text. */
int rex_size(const struct rex *r);

/* Memory that it takes. */
size_t rex_bytes(const struct rex *r);

/* True if it matches anywhere in the text. */
bool rex_match(const struct rex *r, const char *text, size_t len);

#endif

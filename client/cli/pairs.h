/*
 * pairs: what stands on a command line where the protocol has pairs, made
 * into a selector's text and into attributes.
 *
 * Pure; errors are texts for the user, to free().
 */
#ifndef MUSTER_CLI_PAIRS_H
#define MUSTER_CLI_PAIRS_H

#include <stddef.h>

#include "lib/attrs.h"
#include "lib/buf.h"
#include "lib/mem.h"

/*
 * Appends a selector's text made of command line words. A word with white
 * space or a quote in it is a selector by itself, as is one with an operator
 * and an operand; any other is an attribute, and the next word its value as it
 * stands, whatever is in it. The single word `all` adds nothing.
 */
MUST_CHECK char *pairs_selector(struct buf *out, char *const *words,
                                size_t count);

/* Sets attributes from words attr=value and attr value. */
MUST_CHECK char *pairs_attrs(struct attrs *a, char *const *words, size_t count);

/* NULL, or why a service cannot have that name. */
MUST_CHECK char *pairs_name_wrong(const char *name);

#endif

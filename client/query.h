/*
 * A selector as people write it, turned into the line that a port of the
 * registry takes. Must not know which port.
 */
#ifndef MUSTER_CLIENT_QUERY_H
#define MUSTER_CLIENT_QUERY_H

#include <stdbool.h>

#include "lib/buf.h"

/* Appends the pairs of the selector (NULL or "": none). False and *error, a
 * text to free(), if it does not parse. */
bool query_write(struct buf *out, const char *selector, char **error);

#endif

/*
 * A request in pairs: conditions on attributes and directives, as the lines of
 * ports find and event and the requests about jobs are (doc/protocol.md).
 *
 * Must not know what is asked, or of whom.
 */
#ifndef MUSTER_LIB_REQUEST_H
#define MUSTER_LIB_REQUEST_H

#include "lib/directive.h"
#include "lib/selector.h"

/*
 * Reads words[0..n): pairs whose attribute is one of the `count` directives of
 * table go into the struct at out, all others are terms added to s (so does
 * .name). Returns NULL, or an error text for the peer (owned by the caller); s
 * is to be freed in either case.
 */
MUST_CHECK char *request_read(struct selector *s, const struct directive *table,
                              size_t count, void *out, const struct word *words,
                              int n);

#endif

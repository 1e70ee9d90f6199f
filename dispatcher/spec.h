/*
 * A job's specification in words: the one table of its directives. Whoever
 * makes a job (the job port, HTTP, a rerun, the store after a restart) sets
 * them by these names and values, and whoever keeps one writes it back as the
 * words of a request:
 *
 *   OP [arg value]... [.directive value]...
 *
 * A new directive is a row in spec.c and a field of struct dispatch_spec.
 * Some rows are hidden: nobody may ask for them, but they are part of what is
 * kept (whose job it is, what that one is narrowed to).
 *
 * Pure: must not know faces, workers, or where jobs are kept.
 */
#ifndef DISPATCHER_SPEC_H
#define DISPATCHER_SPEC_H

#include <stdbool.h>
#include <stddef.h>

#include "dispatcher/dispatcher.h"
#include "lib/buf.h"
#include "lib/mem.h"

#define SPEC_OP_MAX 64 /* bytes of an operation's name */

/* NULL, or an error text (free()); then nothing was set. */
MUST_CHECK char *spec_set_op(struct dispatch_spec *s, const char *op,
                             size_t len);
/* A directive, with its dot; its value as a request has it. */
MUST_CHECK char *spec_set(struct dispatch_spec *s, const char *name,
                          const char *value, size_t len);
/* True for a directive of the table that anybody may set. */
bool spec_knows(const char *name);

/* Appends it as the words of a request, hidden ones included. An argument
 * whose value holds LF or NUL is written as `name: BASE64`. */
void spec_write(const struct dispatch_spec *s, struct buf *out);
/* Fills an empty one from what spec_write() wrote; error as above, and s is
 * then to be freed. */
MUST_CHECK char *spec_read(struct dispatch_spec *s, const char *text,
                           size_t len);

/* Fills an empty one with a copy; error as above. */
MUST_CHECK char *spec_copy(const struct dispatch_spec *from,
                           struct dispatch_spec *to);

#endif

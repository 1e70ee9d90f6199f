/*
 * A job's request as its line, and the bytes that follow it.
 *
 * Must not know connections.
 */
#ifndef MUSTER_CLIENT_EXEC_WRITE_H
#define MUSTER_CLIENT_EXEC_WRITE_H

#include <stdbool.h>
#include <stddef.h>

#include "client/muster.h"
#include "lib/buf.h"
#include "lib/mem.h"

/* Standard input for the operation; borrowed. */
struct exec_input {
    const void *bytes;
    size_t len;
};

/* Appends it; input NULL: none but an argument stdin, which is sent as one when
 * it is long. False and *error if it cannot be said. */
MUST_CHECK bool exec_write(const char *op, const struct muster_attr *args,
                           size_t count, const struct exec_input *input,
                           struct buf *out, char **error);

#endif

/*
 * One item of the right `ops`: which operation may be executed, with which
 * arguments (muster-tokens(5)).
 *
 *   ping                                    a glob on operations
 *   service name=web-* state=restarted      these arguments, which must match,
 *                                           and no others
 *   service name=web-* graceful?=*          … which may be absent
 *   service name=web-* *                    … and any others
 *   !execute                                never; with arguments: never when
 *                                           all of those match
 *
 * An item of one word says nothing of arguments. A name that comes several
 * times matches if each value of it does. A value that holds a NUL or is longer
 * than OP_RIGHT_VALUE_MAX is matched by `*` alone.
 *
 * Pure.
 */
#ifndef MUSTER_LIB_AUTH_OP_RIGHT_H
#define MUSTER_LIB_AUTH_OP_RIGHT_H

#include <stdbool.h>

#include "lib/argument.h"
#include "lib/mem.h"

#define OP_RIGHT_WORDS     33   /* the operation and its arguments */
#define OP_RIGHT_VALUE_MAX 4096 /* bytes of a value that a glob looks at */

enum op_right { OP_RIGHT_NOT, OP_RIGHT_YES, OP_RIGHT_NEVER };

/* What is wrong with an item (free()), or NULL. */
MUST_CHECK char *op_right_wrong(const char *item);

/* What it says of the operation, whatever its arguments are: NEVER if there is
 * none that could help. */
enum op_right op_right_op(const char *item, const char *op);
/* What it says of the operation with these arguments. */
enum op_right op_right_run(const char *item, const char *op, argument_fn *at,
                           const void *list);

#endif

/*
 * How a plugin describes itself, `PLUGIN describe`: one line of words,
 *
 *   op NAME [args a,b?] [mutex 0|1] [leaves 0|1] [doc TEXT] [WORD VALUE]...
 *
 * where an argument with ? is optional. Other pairs become attributes of the
 * worker, named NAME.WORD.
 *
 * Pure: must not know files or processes.
 */
#ifndef MUSTER_WORKER_DESCRIBE_H
#define MUSTER_WORKER_DESCRIBE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/attrs.h"
#include "worker/op.h"

#define DESCRIBE_NAME_MAX  63   /* bytes of an operation's or argument's name */
#define DESCRIBE_ARGS_MAX  64   /* arguments */
#define DESCRIBE_ATTRS_MAX 8    /* further pairs */
#define DESCRIBE_VALUE_MAX 1024 /* bytes of the value of one, and of doc */
#define DESCRIBE_MAX       65536 /* bytes of all that it writes */

struct description {
    char *name;
    struct op_arg *args; /* owned, and their names */
    size_t arg_count;
    bool mutex;         /* one at a time */
    bool leaves;        /* what it leaves behind is not ended */
    char *doc;          /* for people; "" if it has none */
    struct attrs attrs; /* release.types common */
};

/* What an operation may be called: a letter or digit, then those and - and _.
 * So must be the name of a file that is a plugin. */
bool describe_name_is_valid(const char *name, size_t len);

/* text is all that a plugin wrote, spoilt; text[len] must be writable. name is
 * what it must be called. Why it cannot be, to free(), or NULL and *d. */
__attribute__((warn_unused_result)) char *
describe_parse(struct description *d, const char *name, char *text, size_t len);
void description_free(struct description *d);

#endif

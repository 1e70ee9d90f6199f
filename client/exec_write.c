#include "client/exec_write.h"

#include <string.h>

#include "client/manager.h"
#include "lib/argument.h"
#include "lib/attrs.h"

/* Bytes of standard input that stand in the line. */
#define INPUT_INLINE_MAX 4096

/* The argument that is too long for a line: it goes behind it. */
static const struct muster_attr *long_input(const struct muster_attr *args,
                                            size_t count)
{
    size_t i;

    for (i = 0; i < count; i++)
        if (strcmp(args[i].name, "stdin") == 0 &&
            strlen(args[i].value) > INPUT_INLINE_MAX)
            return &args[i];
    return NULL;
}

/* A pair of the request, or why it cannot be one. */
static const char *write_pair(struct buf *out, const struct muster_attr *a)
{
    const char *why = attr_value_wrong(a->name, strlen(a->name));

    if (!why && (a->name[0] == '.' || !*a->name))
        why = attr_value_wrong(a->value, strlen(a->value));
    if (!why)
        argument_write(out, a->name, a->value, strlen(a->value));
    return why;
}

static void write_end(struct buf *out, const struct exec_input *input)
{
    if (!input) {
        buf_add_char(out, '\n');
        return;
    }
    buf_add_fmt(out, " .body %zu\n", input->len);
    if (input->len)
        buf_add(out, input->bytes, input->len);
}

bool exec_write(const char *op, const struct muster_attr *args, size_t count,
                const struct exec_input *input, struct buf *out, char **error)
{
    const char *why = *op ? attr_value_wrong(op, strlen(op)) : "no operation";
    const struct muster_attr *behind = input ? NULL : long_input(args, count);
    struct exec_input in;
    size_t i;

    buf_add_words(out, op);
    for (i = 0; i < count && !why; i++)
        if (&args[i] != behind)
            why = write_pair(out, &args[i]);
    if (why) {
        manager_error(error, "%s: %s", i ? args[i - 1].name : op, why);
        return false;
    }
    if (behind) {
        in = (struct exec_input){.bytes = behind->value,
                                 .len = strlen(behind->value)};
        input = &in;
    }
    write_end(out, input);
    return true;
}

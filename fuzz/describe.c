/*
 * How a plugin describes itself: whatever it writes, what is taken of it are
 * names that can be, and nothing of what is refused stays.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "worker/describe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
    if (!good)
        abort();
}

static void look(const struct description *d)
{
    size_t i, k;

    must(strcmp(d->name, "full") == 0);
    must(d->doc && strlen(d->doc) <= DESCRIBE_VALUE_MAX);
    must(d->arg_count <= DESCRIBE_ARGS_MAX);
    for (i = 0; i < d->arg_count; i++) {
        const char *name = d->args[i].name;

        must(*name && !strpbrk(name, "=?, \n"));
        for (k = 0; k < i; k++)
            must(strcmp(d->args[k].name, name) != 0);
    }
    must(d->attrs.count <= DESCRIBE_ATTRS_MAX);
    for (i = 0; i < d->attrs.count; i++)
        must(strncmp(d->attrs.list[i].name, "full.", 5) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = xmemdup0((const char *)data, size), *why;
    struct description d;

    why = describe_parse(&d, "full", text, size);
    if (!why)
        look(&d);
    must(!why || (!d.name && !d.args && !d.attrs.count));
    description_free(&d);
    free(why);
    free(text);
    return 0;
}

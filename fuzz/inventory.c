/*
 * The hosts of an inventory: whatever a lister writes, it is hosts with names
 * and attributes that can be registered, each once, or nothing at all.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "worker/inventory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
    if (!good)
        abort();
}

static void look_at(const struct inventory *v)
{
    const struct inventory_host *h;
    size_t i;

    for (h = v->by_name; h; h = h->hh.next) {
        must(inventory_find(v, h->name) == h);
        must(h->name[0] && h->name[0] != '.' && h->name[0] != '-');
        must(!strpbrk(h->name, " \t\n'/!:,"));
        for (i = 0; i < h->attrs.count; i++) {
            const char *name = h->attrs.list[i].name,
                       *value = h->attrs.list[i].value;

            must(!inventory_attr_is_own(name));
            must(!attr_name_wrong(name, strlen(name)));
            must(!attr_value_wrong(value, strlen(value)));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = xmemdup0(data, size);
    struct inventory v;
    char *why = inventory_parse(&v, text, size);

    must(!why || !v.by_name);
    look_at(&v);
    inventory_free(&v);
    free(why);
    free(text);
    return 0;
}

/*
 * Filters of the Consul face: the first line is an expression, for rows of the
 * kind that its first byte says; what is behind it is a row of JSON. Any text
 * is one or is refused with a reason, and says the same of a row twice.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "plugins/registry/consul/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = xmemdup0((const char *)data, size), *row, *error;
    enum filter_kind kind = (enum filter_kind)(((size ? data[0] : 0) + 2) % 5);
    struct filter *f = NULL;
    json_t *json;

    row = strchr(text, '\n');
    if (row)
        *row++ = '\0';
    error = filter_compile(kind, *text ? text + 1 : text, &f);
    if (!error == !f)
        abort();
    json = row ? json_loads(row, 0, NULL) : json_object();
    if (f && json_is_object(json) &&
        filter_match(f, json) != filter_match(f, json) &&
        !filter_is_exhausted(f))
        abort();
    json_decref(json);
    filter_free(f);
    free(error);
    free(text);
    return 0;
}

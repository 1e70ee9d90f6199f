/*
 * The JSON body of a call: what is taken as JSON is JSON to another reader as
 * well, what is refused is none to it either, and whatever stands in it, it is
 * read or noted as wrong.
 */
#include "plugins/registry/consul/body.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/registry/consul/body_text.h"
#include "plugins/registry/consul/call.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What both need not agree on: keys with a NUL, numbers beyond what a double
 * holds, what is no UTF-8, halves of surrogate pairs, depth. */
static bool may_differ(const char *text)
{
    return strstr(text, "NUL") || strstr(text, "\\u0000") ||
           strstr(text, "overflow") || strstr(text, "too big") ||
           strstr(text, "depth") || strstr(text, "UTF-8") ||
           strstr(text, "Unicode") || strstr(text, "surrogate");
}

static void read_fields(struct call *c, const json_t *v, int depth)
{
    int64_t ns = 0, i = 0;
    uint64_t u = 0;
    bool yes = false;
    const json_t *item;
    size_t n;

    body_text(c, v, "a");
    body_uint(c, v, "b|a", &u);
    body_int(c, v, "b", &i);
    body_bool(c, v, "c|Name", &yes);
    body_duration(c, v, "a|TTL|b", &ns);
    item = body_list(c, v, "a");
    for (n = 0; n < json_array_size(item); n++)
        body_item(c, item, n, "a");
    item = body_map(c, v, "a|b|c");
    if (item && depth < 4)
        read_fields(c, item, depth + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t flags =
        JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DISABLE_EOF_CHECK;
    struct call c = {0};
    struct buf copy = BUF_INIT;
    char why[BODY_WRONG_MAX] = "";
    json_error_t error = {.text = ""};
    bool ok = body_text_scan((const char *)data, size, &copy, why);
    json_t *v;

    if (ok && (!buf_len(&copy) || *why))
        abort();
    if (!ok && (!*why || strlen(why) >= BODY_WRONG_MAX))
        abort();
    v = ok ? json_loadb(buf_data(&copy), buf_len(&copy),
                        JSON_DECODE_ANY | JSON_ALLOW_NUL, &error)
           : json_loadb((const char *)data, size, flags, &error);
    if (ok && !v && !may_differ(error.text))
        abort();
    /* it passes over a NUL between values */
    if (!ok && v && !may_differ(why) && !memchr(data, '\0', size))
        abort();
    if (ok && v)
        read_fields(&c, v, 0);
    json_decref(v);
    buf_free(&copy);
    buf_free(&c.wrong);
    return 0;
}

/*
 * Host patterns: any text is one or is refused, and matching ends. What stands
 * behind the first line is a host.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "plugins/dispatch/exed/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = xmemdup0((const char *)data, size), *host, *error;
    struct pattern *p = NULL;

    host = strchr(text, '\n');
    if (host)
        *host++ = '\0';
    else
        host = text + strlen(text);
    if (strlen(host) > 255)
        host[255] = '\0';
    error = pattern_parse(text, &p);
    if (!error == !p)
        abort();
    if (p && pattern_match(p, host) != pattern_match(p, host))
        abort();
    pattern_free(p);
    free(error);
    free(text);
    return 0;
}

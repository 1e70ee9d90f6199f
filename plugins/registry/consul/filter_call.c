#include <stdlib.h>

#include "plugins/registry/consul/call.h"

bool call_filter(struct call *c, enum filter_kind kind)
{
    const char *text = http_query(c->r, "filter");
    char *wrong;

    if (!text || !*text)
        return true;
    wrong = filter_compile(kind, text, &c->filter);
    if (!wrong)
        return true;
    call_error(c, 400, "%s", wrong);
    free(wrong);
    return false;
}

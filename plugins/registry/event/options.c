#include "plugins/registry/event/options.h"

#include <stddef.h>

#include "lib/directive.h"
#include "lib/request.h"

static const struct directive directives[] = {
    {".filter", DIRECTIVE_FLAG, 0, offsetof(struct event_options, filter)},
    {".detail", DIRECTIVE_FLAG, 0, offsetof(struct event_options, detail)},
    {".sync", DIRECTIVE_FLAG, 0, offsetof(struct event_options, sync)},
    {".hidden", DIRECTIVE_FLAG, 0, offsetof(struct event_options, hidden)},
    {".reason", DIRECTIVE_FLAG, 0, offsetof(struct event_options, reason)},
    {".since", DIRECTIVE_NUMBER, UINT64_MAX - 1,
     offsetof(struct event_options, since)},
};

bool event_line_is_ours(const struct word *w, int n)
{
    int i;

    for (i = 0; i < n; i += 2)
        if (word_is_directive(&w[i]))
            return true;
    return false;
}

char *event_options_read(struct selector *s, struct event_options *o,
                         const struct word *w, int n)
{
    char *error = request_read(s, directives, ARRAY_LEN(directives), o, w, n);

    if (!error && o->filter && o->detail)
        error = xstrdup(".filter and .detail exclude each other");
    if (!error && o->hidden && !o->detail)
        error = xstrdup(".hidden goes with .detail 1");
    if (!error && o->reason && !o->detail)
        error = xstrdup(".reason goes with .detail 1");
    if (!error && o->sync && !(o->detail && o->since != UINT64_MAX))
        error = xstrdup(".sync goes with .detail 1 and .since");
    return error;
}

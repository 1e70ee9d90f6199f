#include "worker/args.h"

#include <string.h>

static bool is_directive(const struct word *name)
{
    return name->len && name->text[0] == '.';
}

char *args_decode(const struct args *a)
{
    const char *wrong = NULL;

    for (int i = 0; i + 1 < a->count && !wrong; i += 2) {
        struct word *name = &a->words[i];

        wrong = argument_decode(name, &a->words[i + 1]);
        if (!wrong && memchr(name->text, '\0', name->len))
            wrong = "NUL in the name of an argument";
    }
    return wrong ? xstrdup(wrong) : NULL;
}

bool args_at(const void *list, size_t i, struct argument *out)
{
    const struct args *a = list;

    for (int at = 0; at + 1 < a->count; at += 2) {
        if (is_directive(&a->words[at]) || i-- > 0)
            continue;
        *out = (struct argument){.name = a->words[at].text,
                                 .value = a->words[at + 1].text,
                                 .len = a->words[at + 1].len};
        return true;
    }
    return false;
}

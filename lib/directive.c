#include "lib/directive.h"

/* Words of the protocol that other versions know: told apart from slips. */
static const char *const known_elsewhere[] = {".at", ".every", ".key", ".retry",
                                              ".priority"};

static char *directive_unknown(const struct word *name)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(known_elsewhere); i++)
        if (word_is(name, known_elsewhere[i]))
            return xasprintf("directive %s is not supported", name->text);
    if (word_is(name, ".token")) /* there the gate has taken it */
        return xstrdup(".token is for the first line of a connection");
    return xasprintf("unknown directive %.80s", name->text);
}

static char *read_flag(const struct word *name, const struct word *value,
                       bool *out)
{
    *out = word_is(value, "1");
    if (*out || word_is(value, "0"))
        return NULL;
    return xasprintf("%s takes 0 or 1", name->text);
}

char *directive_read(const struct directive *table, size_t count,
                     const struct word *name, const struct word *value,
                     void *out)
{
    const struct directive *d;
    unsigned long long n;
    char *at;

    for (d = table; d < table + count; d++)
        if (word_is(name, d->name))
            break;
    if (d == table + count)
        return directive_unknown(name);
    at = (char *)out + d->offset;
    switch (d->type) {
    case DIRECTIVE_FLAG: return read_flag(name, value, (bool *)(void *)at);
    case DIRECTIVE_TEXT: *(struct word *)(void *)at = *value; return NULL;
    case DIRECTIVE_NUMBER: break;
    }
    if (!word_to_u64(value, d->max, &n))
        return xasprintf("%s takes a whole number up to %llu", d->name, d->max);
    *(uint64_t *)(void *)at = n;
    return NULL;
}

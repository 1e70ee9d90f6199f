#include "lib/attrs.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

static struct attr *attrs_find(const struct attrs *a, const char *name)
{
    size_t i;

    for (i = 0; i < a->count; i++)
        if (!strcmp(a->list[i].name, name))
            return &a->list[i];
    return NULL;
}

void attrs_free(struct attrs *a)
{
    size_t i;

    for (i = 0; i < a->count; i++) {
        free(a->list[i].name);
        free(a->list[i].value);
    }
    free(a->list);
    *a = (struct attrs){0};
}

void attrs_set(struct attrs *a, const char *name, const char *value)
{
    struct attr *at = attrs_find(a, name);
    char *copy = xstrdup(value);

    if (at) {
        free(at->value);
        at->value = copy;
        return;
    }
    if (a->count == a->size) {
        a->size = a->size ? 2 * a->size : 8;
        a->list = xreallocarray(a->list, a->size, sizeof(*a->list));
    }
    at = &a->list[a->count++];
    at->name = xstrdup(name);
    at->value = copy;
}

void attrs_set_fmt(struct attrs *a, const char *name, const char *fmt, ...)
{
    char *text;
    va_list args;

    va_start(args, fmt);
    text = xvasprintf(fmt, args);
    va_end(args);
    attrs_set(a, name, text);
    free(text);
}

bool attrs_unset(struct attrs *a, const char *name)
{
    struct attr *at = attrs_find(a, name);
    size_t i;

    if (!at)
        return false;
    free(at->name);
    free(at->value);
    i = (size_t)(at - a->list);
    memmove(at, at + 1, (a->count - i - 1) * sizeof(*at));
    a->count--;
    return true;
}

const char *attrs_get(const struct attrs *a, const char *name)
{
    struct attr *at = attrs_find(a, name);

    return at ? at->value : NULL;
}

void attrs_copy(struct attrs *to, const struct attrs *from)
{
    size_t i;

    for (i = 0; i < from->count; i++)
        attrs_set(to, from->list[i].name, from->list[i].value);
}

bool attrs_equal(const struct attrs *a, const struct attrs *b)
{
    const char *value;
    size_t i;

    if (a->count != b->count)
        return false;
    for (i = 0; i < a->count; i++) {
        value = attrs_get(b, a->list[i].name);
        if (!value || strcmp(value, a->list[i].value) != 0)
            return false;
    }
    return true;
}

void attrs_write(const struct attrs *a, struct buf *out)
{
    size_t i;

    for (i = 0; i < a->count; i++)
        buf_add_pair(out, a->list[i].name, a->list[i].value);
}

static bool has_byte(const char *text, size_t len, char c)
{
    return memchr(text, c, len) != NULL;
}

const char *attr_name_wrong(const char *name, size_t len)
{
    static const bool operators[256] = {
        ['!'] = true, ['?'] = true, ['~'] = true,
        ['='] = true, ['<'] = true, ['>'] = true};
    size_t i;

    if (!len)
        return "an attribute name is empty";
    if (*name == '.')
        return "an attribute name begins with a dot";
    for (i = 0; i < len; i++)
        if (name[i] == '\0' || name[i] == '\n')
            return "an attribute name holds a NUL or a line end";
    if (operators[(unsigned char)name[len - 1]])
        return "an attribute name ends in one of ! ? ~ = < >";
    return NULL;
}

const char *attr_value_wrong(const char *value, size_t len)
{
    if (has_byte(value, len, '\0') || has_byte(value, len, '\n'))
        return "a value holds a NUL or a line end";
    return NULL;
}

const char *service_name_wrong(const char *name, size_t len)
{
    static const char *const reserved[] = {"",      "new",   "find",
                                           "event", "index", "error:"};
    static const bool bad[256] = {
        [0 ... ' '] = true, ['/'] = true, [0x7f] = true};
    size_t i;

    for (i = 0; i < len; i++)
        if (bad[(unsigned char)name[i]])
            return "bad character in service name";
    for (i = 0; i < ARRAY_LEN(reserved) && len <= strlen("error:"); i++)
        if (strlen(reserved[i]) == len && !memcmp(reserved[i], name, len))
            return "bad service name";
    return NULL;
}

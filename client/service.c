#include "client/service.h"

#include <string.h>

#include "lib/mem.h"

/* Above so many attributes another order counts as a difference: comparing
 * them without an order takes the square of their number. */
#define SERVICE_UNORDERED_MAX 256

const char *muster_service_get(const struct muster_service *s, const char *attr)
{
    size_t i;

    for (i = 0; i < s->attr_count; i++)
        if (strcmp(s->attrs[i].name, attr) == 0)
            return s->attrs[i].value;
    return NULL;
}

static size_t service_size(const struct muster_service *s)
{
    size_t i, size = sizeof(*s) + s->attr_count * sizeof(*s->attrs);

    size += strlen(s->name) + 1;
    for (i = 0; i < s->attr_count; i++)
        size += strlen(s->attrs[i].name) + strlen(s->attrs[i].value) + 2;
    return size;
}

static const char *put_text(char **to, const char *text)
{
    const char *here = *to;
    size_t size = strlen(text) + 1;

    memcpy(*to, text, size);
    *to += size;
    return here;
}

struct muster_service *service_copy(const struct muster_service *s)
{
    struct muster_service *copy = xmalloc(service_size(s));
    struct muster_attr *attrs = (struct muster_attr *)(copy + 1);
    char *text = (char *)(attrs + s->attr_count);
    size_t i;

    copy->name = put_text(&text, s->name);
    copy->attrs = attrs;
    copy->attr_count = s->attr_count;
    for (i = 0; i < s->attr_count; i++) {
        attrs[i].name = put_text(&text, s->attrs[i].name);
        attrs[i].value = put_text(&text, s->attrs[i].value);
    }
    return copy;
}

static bool attr_same(const struct muster_attr *a, const struct muster_attr *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->value, b->value) == 0;
}

bool service_equal(const struct muster_service *a,
                   const struct muster_service *b)
{
    const char *value;
    size_t i = 0;

    if (a->attr_count != b->attr_count)
        return false;
    while (i < a->attr_count && attr_same(&a->attrs[i], &b->attrs[i]))
        i++;
    if (i < a->attr_count && a->attr_count > SERVICE_UNORDERED_MAX)
        return false;
    for (; i < a->attr_count; i++) {
        value = muster_service_get(b, a->attrs[i].name);
        if (!value || strcmp(value, a->attrs[i].value))
            return false;
    }
    return true;
}

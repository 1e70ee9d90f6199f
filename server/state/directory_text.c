#include <stdlib.h>
#include <string.h>

#include "server/state/directory_impl.h"

static const char *const status_texts[] = {[DIR_PASSING] = "passing",
                                           [DIR_WARNING] = "warning",
                                           [DIR_CRITICAL] = "critical"};

const char *dir_status_text(enum dir_status s)
{
    return status_texts[s];
}

bool dir_status_parse(const char *text, enum dir_status *s)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(status_texts); i++)
        if (!strcmp(text, status_texts[i])) {
            *s = (enum dir_status)i;
            return true;
        }
    return false;
}

static unsigned char fold(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

int dir_compare(const char *a, const char *b)
{
    for (; fold(*a) == fold(*b); a++, b++)
        if (!*a)
            return 0;
    return fold(*a) < fold(*b) ? -1 : 1;
}

const char *dir_fold_text(char **to, const char *text)
{
    char *at = *to;
    const char *copy = at;

    do
        *at++ = (char)fold(*text);
    while (*text++);
    *to = at;
    return copy;
}

void dir_fold(struct buf *out, const char *text)
{
    size_t len = strlen(text);
    char *to = buf_reserve(out, len + 1);

    (void)dir_fold_text(&to, text);
    out->end += len;
}

const char *dir_key(struct directory *d, size_t *len, const char *a,
                    const char *b, const char *c)
{
    const char *parts[] = {a, b, c};
    size_t i;

    buf_reset(&d->key, DIR_TEXT_MAX);
    for (i = 0; i < ARRAY_LEN(parts) && parts[i]; i++) {
        dir_fold(&d->key, parts[i]);
        d->key.end++; /* the NUL that it has put behind it */
    }
    *len = buf_len(&d->key);
    return buf_data(&d->key);
}

bool dir_same_pairs(const struct dir_pairs *a, const struct dir_pairs *b)
{
    unsigned i;

    if (a->count != b->count)
        return false;
    for (i = 0; i < a->count; i++)
        if (strcmp(a->list[i].name, b->list[i].name) != 0 ||
            strcmp(a->list[i].value, b->list[i].value) != 0)
            return false;
    return true;
}

bool dir_same_texts(const struct dir_texts *a, const struct dir_texts *b)
{
    unsigned i;

    if (a->count != b->count)
        return false;
    for (i = 0; i < a->count; i++)
        if (strcmp(a->list[i], b->list[i]) != 0)
            return false;
    return true;
}

size_t dir_pairs_size(const struct dir_pairs *p)
{
    size_t size = 0;
    unsigned i;

    for (i = 0; i < p->count; i++)
        size += strlen(p->list[i].name) + strlen(p->list[i].value) + 2;
    return size;
}

const char *dir_copy_text(char **to, const char *text)
{
    size_t size = strlen(text) + 1;
    const char *copy = memcpy(*to, text, size);

    *to += size;
    return copy;
}

struct dir_pairs dir_copy_pairs(const struct dir_pairs *p,
                                struct dir_pair *list, char **text)
{
    unsigned i;

    for (i = 0; i < p->count; i++) {
        list[i].name = dir_copy_text(text, p->list[i].name);
        list[i].value = dir_copy_text(text, p->list[i].value);
    }
    return (struct dir_pairs){.list = list, .count = p->count};
}

const char *dir_pair_get(const struct dir_pairs *p, const char *name)
{
    unsigned i;

    for (i = 0; i < p->count; i++)
        if (!strcmp(p->list[i].name, name))
            return p->list[i].value;
    return NULL;
}

bool dir_has_tag(const struct dir_instance *i, const char *tag)
{
    unsigned t;

    for (t = 0; t < i->tags.count; t++)
        if (!dir_compare(i->tags.list[t], tag))
            return true;
    return false;
}

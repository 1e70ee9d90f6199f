#include "worker/secrets.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool name_is_good(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)name[i]) && name[i] != '_')
            return false;
    return len && !isdigit((unsigned char)*name);
}

static char *add_name(struct secrets *s, char *name)
{
    if (!name_is_good(name, strlen(name)))
        return xasprintf(".secret takes names of letters, digits and _, not "
                         "%.60s",
                         name);
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->list[i].name, name) == 0)
            return NULL;
    if (s->count == SECRETS_MAX)
        return xasprintf("at most %d secrets", SECRETS_MAX);
    s->list[s->count++] = (struct secret){.name = name};
    return NULL;
}

/* a,b: its commas become ends. */
static char *add_names(struct secrets *s, struct word *list)
{
    char *name = list->text, *comma, *wrong = NULL;

    if (memchr(name, '\0', list->len))
        return xstrdup(".secret: NUL in a name");
    for (; name && !wrong; name = comma) {
        comma = strchr(name, ',');
        if (comma)
            *comma++ = '\0';
        wrong = add_name(s, name);
    }
    return wrong;
}

static struct secret *find(struct secrets *s, const struct word *name)
{
    for (size_t i = 0; i < s->count; i++)
        if (word_is(name, s->list[i].name))
            return &s->list[i];
    return NULL;
}

bool secrets_has(const struct secrets *s, const struct word *name)
{
    for (size_t i = 0; i < s->count; i++)
        if (word_is(name, s->list[i].name))
            return true;
    return false;
}

static char *add_value(struct secrets *s, const struct args *a, int i)
{
    const struct word *value = &a->words[i + 1];
    struct secret *secret = find(s, &a->words[i]);

    if (!secret)
        return NULL;
    if (secret->value)
        return xasprintf("secret %s twice", secret->name);
    if (memchr(value->text, '\0', value->len))
        return xasprintf("NUL in secret %s", secret->name);
    if (value->len < MASK_MIN)
        return xasprintf("secret %s: fewer than %d bytes cannot be masked",
                         secret->name, MASK_MIN);
    secret->value = value;
    return NULL;
}

char *secrets_take(struct secrets *s, const struct args *a)
{
    char *wrong = NULL;

    *s = (struct secrets){.count = 0};
    for (int i = 0; i + 1 < a->count && !wrong; i += 2)
        if (word_is(&a->words[i], ".secret"))
            wrong = add_names(s, &a->words[i + 1]);
    for (int i = 0; i + 1 < a->count && !wrong && s->count; i += 2)
        wrong = add_value(s, a, i);
    for (size_t i = 0; i < s->count && !wrong; i++)
        if (!s->list[i].value)
            wrong = xasprintf("secret %s has no value", s->list[i].name);
    return wrong;
}

char *secret_setting(const struct secret *s)
{
    return xasprintf(SECRET_ENV "%s=%s", s->name, s->value->text);
}

void secret_setting_free(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

void secrets_wipe(const struct secrets *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->list[i].value)
            explicit_bzero(s->list[i].value->text, s->list[i].value->len);
}

struct mask *secrets_mask(const struct secrets *s)
{
    struct mask *m = s->count ? mask_new() : NULL;

    for (size_t i = 0; i < s->count; i++)
        (void)!mask_add(m, s->list[i].value->text, s->list[i].value->len);
    return m;
}

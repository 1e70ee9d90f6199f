#include "dispatcher/secrets.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mask.h"

static bool name_is_good(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)name[i]) && name[i] != '_')
            return false;
    return len && !isdigit((unsigned char)*name);
}

const char *secrets_set(struct dispatch_spec *s, const char *names)
{
    for (size_t len; *names; names += len + (names[len] == ',')) {
        len = strcspn(names, ",");
        if (!name_is_good(names, len) || s->n_secrets == SECRETS_MAX)
            return "names of arguments (letters, digits and _), at most 32";
        s->secrets =
            xreallocarray(s->secrets, s->n_secrets + 1, sizeof(*s->secrets));
        s->secrets[s->n_secrets++] = xmemdup0(names, len);
    }
    return s->n_secrets ? NULL : "names of arguments";
}

void secrets_write(const struct dispatch_spec *s, struct buf *value)
{
    for (size_t i = 0; i < s->n_secrets; i++) {
        if (i)
            buf_add_char(value, ',');
        buf_add_str(value, s->secrets[i]);
    }
}

bool spec_is_secret(const struct dispatch_spec *s, const char *name)
{
    for (size_t i = 0; i < s->n_secrets; i++)
        if (strcmp(s->secrets[i], name) == 0)
            return true;
    return false;
}

static char *secret_wrong(const struct dispatch_spec *s, const char *name)
{
    const struct dispatch_arg *value = NULL;

    for (size_t i = 0; i < s->n_args; i++) {
        if (strcmp(s->args[i].name, name) != 0)
            continue;
        if (value)
            return xasprintf("secret %s twice", name);
        value = &s->args[i];
    }
    if (!value)
        return xasprintf("secret %s has no value", name);
    if (memchr(value->value, '\0', value->len))
        return xasprintf("NUL in secret %s", name);
    if (value->len < MASK_MIN)
        return xasprintf("secret %s: fewer than %d bytes cannot be masked "
                         "(those of a job that has ended are not kept)",
                         name, MASK_MIN);
    return NULL;
}

char *secrets_wrong(const struct dispatch_spec *s)
{
    char *wrong = NULL;

    for (size_t i = 0; i < s->n_secrets && !wrong; i++)
        wrong = secret_wrong(s, s->secrets[i]);
    return wrong;
}

void secrets_forget(struct dispatch_spec *s)
{
    for (size_t i = 0; i < s->n_args && s->n_secrets; i++) {
        struct dispatch_arg *a = &s->args[i];

        if (!spec_is_secret(s, a->name))
            continue;
        explicit_bzero(a->value, a->len);
        a->len = 0;
    }
}

void secrets_free(struct dispatch_spec *s)
{
    secrets_forget(s);
    for (size_t i = 0; i < s->n_secrets; i++)
        free(s->secrets[i]);
    free(s->secrets);
    s->secrets = NULL;
    s->n_secrets = 0;
}

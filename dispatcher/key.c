#include "dispatcher/key.h"

#include <string.h>

#include "dispatcher/core.h"
#include "lib/mem.h"

static bool same(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_args(const struct dispatch_spec *a,
                      const struct dispatch_spec *b)
{
    if (a->n_args != b->n_args)
        return false;
    for (size_t i = 0; i < a->n_args; i++) {
        const struct dispatch_arg *x = &a->args[i], *y = &b->args[i];

        if (strcmp(x->name, y->name) != 0 || x->len != y->len ||
            memcmp(x->value, y->value, x->len) != 0)
            return false;
    }
    return true;
}

static bool same_hosts(const struct dispatch_spec *a,
                       const struct dispatch_spec *b)
{
    if (a->n_hosts != b->n_hosts)
        return false;
    for (size_t i = 0; i < a->n_hosts; i++) {
        if (strcmp(a->hosts[i], b->hosts[i]) != 0)
            return false;
    }
    return true;
}

/* What is to be done where: whoever uses a key again for something else has
 * made a mistake that must not look like a success. */
static bool same_request(const struct dispatch_spec *a,
                         const struct dispatch_spec *b)
{
    if (!same(a->op, b->op) || !same(a->every, b->every) ||
        !same(a->plan, b->plan) || !same_args(a, b))
        return false;
    /* the target of one by a plan is the plan's */
    return b->plan || (same(a->on, b->on) && same_hosts(a, b));
}

struct job *key_find(struct dispatch *d, const struct dispatch_spec *spec,
                     char **error)
{
    struct job *j = NULL;

    *error = NULL;
    if (!spec->key)
        return NULL;
    while ((j = jobstore_next(d->store, j))) {
        if (!j->spec.key || strcmp(j->spec.key, spec->key) != 0 ||
            !same(j->spec.by, spec->by))
            continue;
        if (!same_request(&j->spec, spec))
            *error = xasprintf(DISPATCH_KEY_TAKEN
                               "%.60s stands for another request: job %s",
                               spec->key, j->jid);
        return *error ? NULL : j;
    }
    return NULL;
}

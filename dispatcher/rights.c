#include "dispatcher/rights.h"

#include <stdlib.h>
#include <string.h>

static char *refuse_op(const struct principal *p, const char *op)
{
    char *what = xasprintf("execute %.60s", op), *error;

    error = principal_refusal(p, what);
    free(what);
    return error;
}

/* It may, but not with these arguments, which are not told: a secret may be
 * among them. */
static char *refuse_args(const struct principal *p, const char *op)
{
    char *what = xasprintf("execute %.60s with these arguments", op), *error;

    error = principal_refusal(p, what);
    free(what);
    return error;
}

static bool spec_arg(const void *list, size_t i, struct argument *out)
{
    const struct dispatch_spec *spec = list;

    if (i >= spec->n_args)
        return false;
    *out = (struct argument){.name = spec->args[i].name,
                             .value = spec->args[i].value,
                             .len = spec->args[i].len};
    return true;
}

char *rights_run(const struct principal *p, struct dispatch_spec *spec)
{
    if (p->all)
        return NULL;
    if (!principal_may_op(p, spec->op))
        return refuse_op(p, spec->op);
    if (!principal_may_run(p, spec->op, spec_arg, spec))
        return refuse_args(p, spec->op);
    spec->by = xstrdup(p->name);
    /* counted, not changed */
    spec->who = principal_ref((struct principal *)(uintptr_t)p);
    if (p->exec.kind == SCOPE_ALL)
        return NULL;
    spec->narrowed = true;
    return selector_add_all(&spec->only, &p->exec.selector);
}

char *rights_jobs(const struct principal *p)
{
    if (p->all || p->admin || p->exec.kind != SCOPE_NONE)
        return NULL;
    return principal_refusal(p, "see or end jobs");
}

char *rights_all(const struct principal *p)
{
    return p->all || p->admin
               ? NULL
               : principal_refusal(p, "pause or drain what is everybody's");
}

bool rights_own(const struct principal *p, const char *by)
{
    return p->admin || strcmp(by ? by : "", p->name) == 0;
}

bool rights_own_job(const struct principal *p, const struct dispatch *d,
                    const char *jid)
{
    const char *by = dispatch_job_by(d, jid);

    return by && rights_own(p, by);
}

#include "plugins/dispatch/exec_rights.h"

#include <stdlib.h>
#include <string.h>

static char *refuse_op(const struct principal *p, const char *op)
{
    char *what = xasprintf("execute %.60s", op), *error;

    error = principal_refusal(p, what);
    free(what);
    return error;
}

static char *check_run(const struct principal *p, struct dispatch_spec *spec)
{
    if (!principal_may_op(p, spec->op))
        return refuse_op(p, spec->op);
    spec->by = xstrdup(p->name);
    if (p->exec.kind == SCOPE_ALL)
        return NULL;
    spec->narrowed = true;
    return selector_add_all(&spec->only, &p->exec.selector);
}

char *exec_rights_check(const struct principal *p, struct exec_request *q)
{
    if (p->all)
        return NULL;
    if (q->verb == EXEC_RUN)
        return check_run(p, &q->spec);
    if (p->admin || p->exec.kind != SCOPE_NONE)
        return NULL;
    return principal_refusal(p, "see or end jobs");
}

bool exec_rights_own(const struct principal *p, const char *by)
{
    return p->admin || strcmp(by ? by : "", p->name) == 0;
}

#include "dispatcher/standing.h"

#include <stdlib.h>

#include "dispatcher/core.h"
#include "dispatcher/rights.h"
#include "lib/auth/auth.h"
#include "lib/log.h"

static void revoked(struct principal_holder *h, const char *why)
{
    struct job *j = container_of(h, struct job, holder);

    log_id_info(j->jid, "token %s: %s", h->principal->name, why);
    principal_release(h);
}

void standing_hold(struct dispatch *d, struct job *j)
{
    struct principal *p = j->spec.who;

    if (!p && j->spec.by && d->auth) /* the store has its name only */
        p = auth_by_name(d->auth, j->spec.by);
    if (!p || p->revoked)
        return;
    j->holder.revoked = revoked;
    principal_hold(p, &j->holder);
}

void standing_drop(struct job *j)
{
    principal_release(&j->holder);
}

static char *tell(const char *by, char *error)
{
    char *told =
        error ? xasprintf("the token %s, which asked for it: %s", by, error)
              : NULL;

    free(error);
    return told;
}

/* Rights as they are now, in the place of those of before. */
static char *renew(struct principal *p, struct dispatch_spec *spec)
{
    char *by = spec->by, *error;

    selector_free(&spec->only);
    principal_unref(spec->who);
    spec->narrowed = false;
    spec->by = NULL;
    spec->who = NULL;
    error = tell(by, rights_run(p, spec));
    if (spec->by)
        free(by);
    else
        spec->by = by;
    return error;
}

char *standing_renew(struct dispatch *d, const struct job *j,
                     struct dispatch_spec *spec)
{
    struct principal *p = j->holder.principal;

    if (!spec->by)
        return NULL;
    if ((!p || p->revoked) && d->auth)
        p = auth_by_name(d->auth, spec->by);
    if (p && !p->revoked)
        return renew(p, spec);
    return xasprintf("the token %s, which asked for it, was revoked, has "
                     "expired or is not known here",
                     spec->by);
}

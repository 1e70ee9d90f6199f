#include "plugins/dispatch/exed/audit.h"

#include <stdlib.h>
#include <string.h>

#include "lib/audit.h"
#include "lib/auth/principal.h"
#include "lib/buf.h"
#include "lib/mem.h"

struct exed_audit {
    char *op, *on;    /* owned */
    char *who, *from; /* the same; who NULL: anonymous */
};

static void from_request(struct audit_event *e, const struct http_request *r)
{
    const struct principal *p = http_principal(r);

    e->face = "http";
    e->who = p->anonymous ? NULL : p->name;
    e->from = http_peer(r);
}

struct exed_audit *exed_audit_job(const struct http_request *r,
                                  const struct dispatch_spec *spec)
{
    struct audit_event e = {0};
    struct exed_audit *a;
    struct buf on = BUF_INIT;
    size_t i;

    if (!audit_is_on())
        return NULL;
    a = xcalloc(1, sizeof(*a));
    a->op = xstrdup(spec->op);
    from_request(&e, r);
    a->who = e.who ? xstrdup(e.who) : NULL;
    a->from = xstrdup(e.from);
    if (spec->on)
        buf_add_str(&on, spec->on);
    for (i = 0; i < spec->n_hosts; i++) {
        buf_add_str(&on, i ? "," : "");
        buf_add_str(&on, spec->hosts[i]);
    }
    a->on = xstrdup(buf_str(&on));
    buf_free(&on);
    return a;
}

void exed_audit_told(struct exed_audit *a, const char *jid, const char *error)
{
    struct audit_event e = {.face = "http",
                            .action = "submit",
                            .outcome = error ? AUDIT_REFUSED : AUDIT_OK,
                            .reason = error};

    if (!a)
        return;
    e.who = a->who;
    e.from = a->from;
    e.what = jid;
    e.what_len = jid ? strlen(jid) : 0;
    e.op = a->op;
    e.on = a->on;
    audit_write(&e);
    exed_audit_free(a);
}

void exed_audit_free(struct exed_audit *a)
{
    if (!a)
        return;
    free(a->who);
    free(a->from);
    free(a->op);
    free(a->on);
    free(a);
}

void exed_audit_done(const struct http_request *r, const char *action,
                     const char *jid)
{
    struct audit_event e = {.action = action};

    if (!audit_is_on())
        return;
    from_request(&e, r);
    e.what = jid;
    e.what_len = strlen(jid);
    audit_write(&e);
}

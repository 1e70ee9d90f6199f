#include "plugins/dispatch/exec_audit.h"

#include <stdlib.h>
#include <string.h>

#include "lib/audit.h"
#include "lib/buf.h"
#include "lib/mem.h"

struct exec_audit_job {
    char *op, *on; /* owned */
};

static const char *const actions[] = {
    [EXEC_RUN] = "submit",      [EXEC_JOBS] = "jobs",
    [EXEC_JOB] = "job",         [EXEC_FOLLOW] = "follow",
    [EXEC_CANCEL] = "cancel",   [EXEC_DELETE] = "delete",
    [EXEC_WHY] = "why",         [EXEC_PLAN] = "plan",
    [EXEC_EXPLAIN] = "explain", [EXEC_PAUSE] = "pause",
    [EXEC_RESUME] = "resume",   [EXEC_RERUN] = "rerun",
    [EXEC_DRAIN] = "drain",     [EXEC_UNDRAIN] = "undrain",
};

const char *exec_audit_begin(const struct exec_request *q)
{
    static const unsigned changing = 1u << EXEC_RUN | 1u << EXEC_CANCEL |
                                     1u << EXEC_DELETE | 1u << EXEC_PAUSE |
                                     1u << EXEC_RESUME | 1u << EXEC_RERUN |
                                     1u << EXEC_DRAIN | 1u << EXEC_UNDRAIN;
    const char *what = exec_request_has_spec(q) ? q->spec.op
                       : q->jid                 ? q->jid
                                                : q->host;
    bool changes = changing & 1u << q->verb;

    if (!audit_is_on())
        return NULL;
    audit_about(actions[q->verb], what, what ? strlen(what) : 0);
    return changes ? audit_refusal() : NULL;
}

void exec_audit_end(void)
{
    audit_about(NULL, NULL, 0);
}

/* Hosts as .hosts has them. */
static char *joined(char **hosts, size_t n)
{
    struct buf out = BUF_INIT;
    char *text;
    size_t i;

    for (i = 0; i < n; i++) {
        if (i)
            buf_add_char(&out, ',');
        buf_add_str(&out, hosts[i]);
    }
    text = xstrdup(buf_str(&out));
    buf_free(&out);
    return text;
}

struct exec_audit_job *exec_audit_job_new(const struct exec_request *q)
{
    const struct dispatch_spec *spec = &q->spec;
    struct exec_audit_job *j;

    if (!audit_is_on())
        return NULL;
    j = xcalloc(1, sizeof(*j));
    j->op = xstrdup(spec->op);
    j->on = spec->on ? xstrdup(spec->on) : joined(spec->hosts, spec->n_hosts);
    return j;
}

void exec_audit_job_told(struct exec_audit_job *j, const struct conn *c,
                         const char *jid, const char *error)
{
    struct audit_event e = {.face = "exec",
                            .action = "submit",
                            .outcome = error ? AUDIT_REFUSED : AUDIT_OK,
                            .reason = error};

    if (!j)
        return;
    audit_from_conn(&e, c);
    e.what = jid;
    e.what_len = jid ? strlen(jid) : 0;
    e.op = j->op;
    e.on = j->on;
    audit_write(&e);
    exec_audit_job_free(j);
}

void exec_audit_job_free(struct exec_audit_job *j)
{
    if (!j)
        return;
    free(j->op);
    free(j->on);
    free(j);
}

void exec_audit_done(const struct conn *c, const char *action, const char *what)
{
    struct audit_event e = {.face = "exec", .action = action};

    if (!audit_is_on())
        return;
    audit_from_conn(&e, c);
    e.what = what;
    e.what_len = strlen(what);
    audit_write(&e);
}

#include "plugins/dispatch/exec_control.h"

#include <stdlib.h>

#include "lib/mem.h"
#include "plugins/dispatch/exec_audit.h"

static void pause_or_resume(struct exec_session *s, const char *jid, bool pause)
{
    char *error = dispatch_pause(s->dispatch, jid, pause);

    if (!error)
        exec_audit_done(s->conn, pause ? "pause" : "resume", jid ? jid : "all");
    exec_answer_verdict(s, error);
}

void exec_do_pause(struct exec_session *s, struct exec_request *q)
{
    pause_or_resume(s, q->jid, true);
}

void exec_do_resume(struct exec_session *s, struct exec_request *q)
{
    pause_or_resume(s, q->jid, false);
}

static void exec_answered(void *arg, const char *error)
{
    struct exec_session *s = arg;

    s->ask = NULL;
    if (!error)
        exec_audit_done(s->conn, s->asked, s->host);
    exec_answer_verdict(s, error ? xstrdup(error) : NULL);
}

void exec_do_drain(struct exec_session *s, struct exec_request *q)
{
    char *error;

    s->asked = q->reason ? "drain" : "undrain";
    free(s->host);
    s->host = xstrdup(q->host);
    s->ask = dispatch_drain(s->dispatch, q->host, q->reason, q->ms,
                            exec_answered, s, &error);
    if (!s->ask)
        exec_answer_verdict(s, error);
}

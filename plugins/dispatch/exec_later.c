#include "plugins/dispatch/exec_later.h"

#include <stdlib.h>
#include <string.h>

#include "dispatcher/rights.h"
#include "lib/mem.h"

struct exec_later {
    struct exec_session *session;
    struct dispatch_fetch *fetch;
    struct exec_request request; /* its texts are in ... */
    char *texts[5];              /* ... owned */
    exec_later_fn *fn;
};

void exec_later_free(struct exec_later *l)
{
    if (!l)
        return;
    dispatch_fetch_free(l->fetch);
    for (size_t i = 0; i < ARRAY_LEN(l->texts); i++)
        free(l->texts[i]);
    exec_request_free(&l->request);
    free(l);
}

static void later_now(void *arg)
{
    struct exec_later *l = arg;

    l->session->later = NULL; /* it may have to wait for something else */
    l->fn(l->session, &l->request);
    exec_later_free(l);
}

bool exec_later_kept(struct exec_session *s, exec_later_fn *fn)
{
    struct exec_later *l = xcalloc(1, sizeof(*l));

    l->session = s;
    l->fn = fn;
    l->fetch = dispatch_kept(s->dispatch, later_now, l);
    if (!l->fetch) {
        free(l);
        return false;
    }
    s->later = l;
    return true;
}

/* What it needs: a job by id, or the records of all of them. */
static bool later_needs(const struct exec_request *q, const char **jid)
{
    bool run = q->verb == EXEC_RUN || q->verb == EXEC_PLAN;

    if (run)
        *jid = q->spec.key ? NULL : q->spec.after;
    else
        *jid = q->jid;
    return *jid || q->verb == EXEC_JOBS || (run && q->spec.key);
}

static void keep_text(struct exec_later *l, size_t i, const char **text)
{
    if (*text)
        *text = l->texts[i] = xstrdup(*text);
}

bool exec_later(struct exec_session *s, struct exec_request *q,
                exec_later_fn *fn)
{
    char *refused = rights_jobs(conn_principal(s->conn));
    struct exec_later *l;
    const char *jid;

    free(refused); /* then nothing is read for it */
    if (refused || !later_needs(q, &jid))
        return false;
    l = xcalloc(1, sizeof(*l));
    l->session = s;
    l->fn = fn;
    l->fetch = dispatch_fetch(s->dispatch, jid, later_now, l);
    if (!l->fetch) {
        free(l);
        return false;
    }
    l->request = *q;
    memset(q, 0, sizeof(*q));
    keep_text(l, 0, &l->request.jid);
    keep_text(l, 1, &l->request.host);
    keep_text(l, 2, &l->request.on);
    keep_text(l, 3, &l->request.reason);
    keep_text(l, 4, &l->request.where);
    s->later = l;
    return true;
}

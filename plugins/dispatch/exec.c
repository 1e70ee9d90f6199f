#include "plugins/dispatch/exec.h"

#include <stdlib.h>
#include <string.h>

#include "dispatcher/dispatcher.h"
#include "dispatcher/rights.h"
#include "lib/argument.h"
#include "lib/body.h"
#include "lib/conn.h"
#include "lib/mem.h"
#include "plugins/dispatch/exec_audit.h"
#include "plugins/dispatch/exec_control.h"
#include "plugins/dispatch/exec_later.h"
#include "plugins/dispatch/exec_lines.h"
#include "plugins/dispatch/exec_request.h"
#include "plugins/dispatch/exec_session.h"

/* -- answers --------------------------------------------------------------- */

static void answer_end(struct exec_session *s)
{
    dispatch_reader_free(s->reader);
    s->reader = NULL;
    exec_audit_job_free(s->submitting);
    s->submitting = NULL;
    if (!s->keep || dispatch_closing(s->dispatch)) {
        conn_flush(s->conn);
        conn_close(s->conn, "answered");
        return;
    }
    buf_add_str(conn_out(s->conn), ".end\n");
    conn_flush(s->conn);
    if (!s->in_line)
        conn_resume(s->conn);
}

static void answer_error(struct exec_session *s, const char *text)
{
    conn_error(s->conn, "%s", text);
    answer_end(s);
}

static void answer_ok(struct exec_session *s, struct exec_request *q)
{
    (void)q;
    buf_add_str(conn_out(s->conn), "ok\n");
    answer_end(s);
}

void exec_answer_verdict(struct exec_session *s, char *error)
{
    if (error) {
        answer_error(s, error);
        free(error);
        return;
    }
    if (!exec_later_kept(s, answer_ok))
        answer_ok(s, NULL);
}

static void exec_submitted(struct exec_session *s,
                           const struct dispatch_event *ev)
{
    bool ok = ev->kind != DISPATCH_ERROR;

    exec_audit_job_told(s->submitting, s->conn, ok ? ev->jid : NULL,
                        ok ? NULL : ev->text);
    s->submitting = NULL;
}

/* Tells what has happened, as long as the client takes it. */
static void exec_pump(void *arg)
{
    struct exec_session *s = arg;
    struct dispatch_event ev;

    while (s->reader && !conn_is_closing(s->conn)) {
        if (conn_is_full(s->conn))
            break;
        switch (dispatch_read(s->reader, &ev)) {
        case DISPATCH_WAIT: conn_flush(s->conn); return;
        case DISPATCH_END: answer_end(s); return;
        case DISPATCH_GOT: break;
        }
        if (ev.kind == DISPATCH_SUBMIT || ev.kind == DISPATCH_HELD ||
            ev.kind == DISPATCH_ERROR)
            exec_submitted(s, &ev);
        exec_lines_event(conn_out(s->conn), &ev,
                         dispatch_line_max(s->dispatch));
        if ((ev.kind == DISPATCH_SUBMIT || ev.kind == DISPATCH_HELD) &&
            s->detach) {
            answer_end(s);
            return;
        }
    }
    conn_flush(s->conn);
}

/* -- requests -------------------------------------------------------------- */

/* The peer's address, whose jobs take turns with those of others. */
static char *peer_address(const struct conn *c)
{
    const char *peer = conn_peer(c), *colon = strrchr(peer, ':');

    return colon ? xstrndup(peer, (size_t)(colon - peer)) : xstrdup(peer);
}

static void exec_submit(struct exec_session *s, struct exec_request *q)
{
    char *error = NULL;

    q->spec.from = peer_address(s->conn);
    s->detach = q->detach;
    s->submitting = exec_audit_job_new(q);
    s->reader = dispatch_submit(s->dispatch, &q->spec, exec_pump, s, &error);
    if (s->reader)
        exec_pump(s);
    else
        exec_answer_verdict(s, error);
}

static void do_run(struct exec_session *s, struct exec_request *q)
{
    if (!q->spec.has_wait && !dispatch_knows_op(s->dispatch, q->spec.op) &&
        !q->spec.on && !q->spec.n_hosts) {
        exec_answer_verdict(
            s, xasprintf("unknown request or operation %s", q->spec.op));
        return;
    }
    exec_submit(s, q);
}

/* What it asks for now may be less than when the job was submitted. */
static void do_rerun(struct exec_session *s, struct exec_request *q)
{
    char *error = dispatch_again(s->dispatch, q->jid, q->where, &q->spec);

    if (error) {
        exec_answer_verdict(s, error);
        return;
    }
    error = rights_run(conn_principal(s->conn), &q->spec);
    if (!error) {
        exec_submit(s, q);
        return;
    }
    conn_refuse(s->conn, REFUSED_RIGHT, "%s", error);
    answer_end(s);
    free(error);
}

static void write_listed(void *arg, const char *jid, const struct attrs *pairs)
{
    struct exec_session *s = arg;

    if (rights_own(conn_principal(s->conn), attrs_get(pairs, "by")) &&
        selector_match(s->selector, jid, exec_lines_lookup, pairs))
        exec_lines_record(conn_out(s->conn), NULL, jid, pairs);
}

static void do_jobs(struct exec_session *s, struct exec_request *q)
{
    s->selector = &q->selector;
    dispatch_jobs(s->dispatch, write_listed, s);
    s->selector = NULL;
    answer_end(s);
}

static void write_job(void *arg, const char *jid, const struct attrs *pairs)
{
    struct exec_session *s = arg;

    exec_lines_record(conn_out(s->conn), NULL, jid, pairs);
}

static void write_host(void *arg, const char *host, const struct attrs *pairs)
{
    struct exec_session *s = arg;

    exec_lines_record(conn_out(s->conn), "host", host, pairs);
}

static void do_job(struct exec_session *s, struct exec_request *q)
{
    if (dispatch_job(s->dispatch, q->jid, write_job, write_host, s))
        answer_end(s);
    else
        exec_answer_verdict(s, xasprintf("no job %s", q->jid));
}

static void do_follow(struct exec_session *s, struct exec_request *q)
{
    s->detach = false;
    s->reader = dispatch_follow(s->dispatch, q->jid, exec_pump, s);
    if (s->reader)
        exec_pump(s);
    else
        exec_answer_verdict(s, xasprintf("no job %s", q->jid));
}

static void do_cancel(struct exec_session *s, struct exec_request *q)
{
    char *error = dispatch_cancel(s->dispatch, q->jid);

    if (!error)
        exec_audit_done(s->conn, "cancel", q->jid);
    exec_answer_verdict(s, error);
}

static void do_delete(struct exec_session *s, struct exec_request *q)
{
    char *error = dispatch_delete(s->dispatch, q->jid);

    if (!error)
        exec_audit_done(s->conn, "delete", q->jid);
    exec_answer_verdict(s, error);
}

static void write_life(void *arg, const struct dispatch_life *l)
{
    struct exec_session *s = arg;

    exec_lines_life(conn_out(s->conn), l);
}

static void do_why(struct exec_session *s, struct exec_request *q)
{
    char *error = dispatch_why(s->dispatch, q->jid, q->host, write_life, s);

    if (error)
        exec_answer_verdict(s, error);
    else
        answer_end(s);
}

static void do_plan(struct exec_session *s, struct exec_request *q)
{
    char *error = NULL;
    const struct dispatch_plan *p =
        dispatch_plan(s->dispatch, &q->spec, &error);

    if (p) {
        exec_lines_plan(conn_out(s->conn), p);
        answer_end(s);
    } else {
        exec_answer_verdict(s, error);
    }
}

static void write_term(void *arg, const struct dispatch_term *t)
{
    exec_lines_term(arg, t);
}

/* What it comes to stands before the terms. */
static void do_explain(struct exec_session *s, struct exec_request *q)
{
    struct dispatch_explained all;
    struct buf terms = BUF_INIT;
    char *error = dispatch_explain(s->dispatch, q->host, q->on,
                                   &conn_principal(s->conn)->exec, write_term,
                                   &terms, &all);

    if (error) {
        exec_answer_verdict(s, error);
    } else {
        exec_lines_explained(conn_out(s->conn), q->host, &all);
        buf_add(conn_out(s->conn), buf_data(&terms), buf_len(&terms));
        answer_end(s);
    }
    buf_free(&terms);
}

static void (*const doers[])(struct exec_session *, struct exec_request *) = {
    [EXEC_RUN] = do_run,
    [EXEC_JOBS] = do_jobs,
    [EXEC_JOB] = do_job,
    [EXEC_FOLLOW] = do_follow,
    [EXEC_CANCEL] = do_cancel,
    [EXEC_DELETE] = do_delete,
    [EXEC_WHY] = do_why,
    [EXEC_PLAN] = do_plan,
    [EXEC_EXPLAIN] = do_explain,
    [EXEC_PAUSE] = exec_do_pause,
    [EXEC_RESUME] = exec_do_resume,
    [EXEC_RERUN] = do_rerun,
    [EXEC_DRAIN] = exec_do_drain,
    [EXEC_UNDRAIN] = exec_do_drain,
};

static bool is_own(const struct exec_session *s, const char *jid)
{
    const struct principal *p = conn_principal(s->conn);

    return p->admin || rights_own_job(p, s->dispatch, jid);
}

static char *may(const struct exec_session *s, struct exec_request *q)
{
    const struct principal *p = conn_principal(s->conn);

    if (exec_request_has_spec(q))
        return rights_run(p, &q->spec);
    return exec_request_is_of_all(q) ? rights_all(p) : rights_jobs(p);
}

/* Who asks may, as far as the request itself tells. */
static void exec_allowed(struct exec_session *s, struct exec_request *q)
{
    if (q->jid && !is_own(s, q->jid))
        exec_answer_verdict(s, xasprintf("no job %s", q->jid));
    else
        doers[q->verb](s, q);
}

static void exec_do(struct exec_session *s, struct exec_request *q)
{
    const char *refusal = exec_audit_begin(q);
    char *error = may(s, q);

    s->keep |= q->keep;
    if (error) {
        conn_refuse(s->conn, REFUSED_RIGHT, "%s", error);
        answer_end(s);
    } else if (refusal) {
        answer_error(s, refusal);
    } else {
        exec_allowed(s, q);
    }
    free(error);
    exec_audit_end();
}

/* A body that stands where it is none: what comes behind the line must not be
 * taken for requests. */
static void beware_of_body(struct exec_session *s, const struct word *words,
                           int n)
{
    for (int i = 0; i < n; i++)
        if (body_is_name(words[i].text))
            s->keep = false;
}

/* body NULL: none came. */
static void exec_request(struct exec_session *s, struct word *words, int n,
                         struct buf *body)
{
    struct exec_request q;
    char *wrong = exec_request_parse(&q, words, n);

    if (!wrong && body)
        wrong = exec_request_body(&q, buf_str(body), buf_len(body));
    if (wrong && !body)
        beware_of_body(s, words, n);
    if (wrong)
        answer_error(s, wrong);
    else if (!exec_later(s, &q, exec_do))
        exec_do(s, &q);
    free(wrong);
    exec_request_free(&q);
}

/* -- the connection -------------------------------------------------------- */

static enum conn_verdict exec_take(struct exec_session *s, char *line,
                                   size_t len, struct buf *body)
{
    struct word words[EXEC_WORDS_MAX];
    bool secret = argument_line_is_secret(line, len);
    int n = words_split(line, len, words, EXEC_WORDS_MAX);

    s->in_line = true;
    if (n < 0)
        answer_error(s, words_error_text(n));
    else
        exec_request(s, words, n, body);
    if (secret)
        explicit_bzero(line, len);
    s->in_line = false;
    return s->reader || s->ask || s->later ? CONN_WAIT : CONN_NEXT;
}

/* The line, and the bytes behind it, are there. */
static enum conn_verdict exec_whole(struct exec_session *s)
{
    struct body b = s->body;
    enum conn_verdict verdict;

    s->body = (struct body){.left = 0};
    verdict = exec_take(s, buf_data(&b.line), buf_len(&b.line), &b.bytes);
    body_free(&b);
    return verdict;
}

/* Nothing of a stranger's is kept, not even for a moment. */
static void exec_body_check(struct exec_session *s)
{
    char *error = rights_jobs(conn_principal(s->conn));

    if (error) {
        conn_refuse(s->conn, REFUSED_RIGHT, "%s", error);
        conn_close(s->conn, "a body without a right");
    }
    free(error);
}

static enum conn_verdict exec_line(struct conn *c, void *arg, char *line,
                                   size_t len)
{
    struct exec_session *s = arg;
    const char *why = NULL;

    switch (body_begin(&s->body, c, line, len, dispatch_body_max(s->dispatch),
                       &why)) {
    case BODY_NONE: return exec_take(s, line, len, NULL);
    case BODY_WHOLE: return exec_whole(s);
    case BODY_COMES: exec_body_check(s); break;
    case BODY_TOO_LONG:
    case BODY_WRONG:
        conn_refuse(c, REFUSED_BODY, "%s", why);
        conn_close(c, "%s", why);
        break;
    }
    return CONN_NEXT;
}

static enum conn_verdict exec_bytes(struct conn *c, void *arg,
                                    const char *bytes, size_t len)
{
    struct exec_session *s = arg;

    (void)c;
    return body_add(&s->body, bytes, len) ? exec_whole(s) : CONN_NEXT;
}

/* What it asked is still answered: nc -N. */
static void exec_eof(struct conn *c, void *arg)
{
    struct exec_session *s = arg;

    if (!s->reader && !s->ask && !s->later)
        conn_close(c, "the client has no more requests");
}

static void exec_drain(struct conn *c, void *arg)
{
    (void)c;
    exec_pump(arg);
}

static void exec_closed(struct conn *c, void *arg, const char *reason)
{
    struct exec_session *s = arg;

    (void)c;
    (void)reason;
    dispatch_reader_free(s->reader);
    dispatch_ask_forget(s->ask);
    exec_later_free(s->later);
    exec_audit_job_free(s->submitting);
    body_free(&s->body);
    free(s->host);
    free(s);
}

static void *exec_open(struct conn *c, void *ctx)
{
    struct exec_session *s = xcalloc(1, sizeof(*s));

    s->conn = c;
    s->dispatch = ctx;
    return s;
}

const struct listen_face *exec_face(void)
{
    static const struct listen_face face = {
        .name = "exec",
        .handler = {.line = exec_line,
                    .bytes = exec_bytes,
                    .eof = exec_eof,
                    .drain = exec_drain,
                    .closed = exec_closed},
        .open = exec_open,
    };

    return &face;
}

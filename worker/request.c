#include "worker/request.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/attrs.h"
#include "lib/audit.h"
#include "lib/auth/principal.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "worker/fronts.h"
#include "worker/args.h"

#define DRAIN_MAX (3650ULL * 86400) /* seconds */

static void reply(struct peer *p, const char *word, const char *text)
{
    struct buf *b = conn_out(p->conn);

    buf_add_words(b, word);
    if (text)
        buf_add_words(b, text);
    buf_add_char(b, '\n');
    conn_flush(p->conn);
}

/* -- hello ----------------------------------------------------------------- */

static void hello_answer(struct peer *p)
{
    struct peers *ps = p->peers;
    struct op_rules rules = peer_rules(p);
    struct buf *b = conn_out(p->conn);
    struct buf ops = BUF_INIT;

    buf_add_words(b, "hello");
    buf_add_words(b, p->front ? p->front : ps->host);
    buf_add_words(b, ps->instance);
    buf_add_fmt(b, " slots %u ops ", ps->jobs->limits.slots);
    op_list(&rules, &ops);
    buf_add(b, ops.data, buf_len(&ops));
    buf_add_char(b, '\n');
    buf_free(&ops);
    conn_flush(p->conn);
}

static void tell_hello(const struct peer *p)
{
    struct audit_event e = {.face = "worker",
                            .action = "hello",
                            .what = p->name,
                            .what_len = strlen(p->name)};

    if (!audit_is_on())
        return;
    audit_from_conn(&e, p->conn);
    audit_write(&e);
}

/* A dispatcher's name is in front of its jobs: nobody else takes it, and with
 * it what they say. */
static bool name_is_anothers(const struct peer *p, const struct word *name)
{
    const struct principal *who = conn_principal(p->conn);
    const struct peer *other;
    const struct job *j;

    for (other = p->peers->list; other; other = other->next)
        if (word_is(name, other->name) &&
            strcmp(conn_principal(other->conn)->name, who->name) != 0)
            return true;
    for (j = p->peers->jobs->by_jid; j; j = j->hh.next)
        if (j->by[0] && j->instance_len == name->len &&
            memcmp(j->jid, name->text, name->len) == 0 &&
            strcmp(j->by, who->name) != 0)
            return true;
    return false;
}

/* False, and refused, unless who says hello may execute anywhere: what the
 * registry knows of this worker, and so whether it is one of some, a dispatcher
 * can tell and the worker cannot. */
static bool may_greet(struct peer *p, const struct word *name)
{
    const struct principal *who = conn_principal(p->conn);
    char *text = NULL;

    if (who->exec.kind == SCOPE_NONE)
        text = principal_refusal(who, "execute");
    else if (who->exec.kind != SCOPE_ALL)
        text = xstrdup("no right to execute here: what is for some workers "
                       "goes by a dispatcher");
    else if (name_is_anothers(p, name))
        text = xstrdup("that name is another token's");
    if (!text)
        return true;
    conn_refuse(p->conn, REFUSED_RIGHT, "%s", text);
    conn_close(p->conn, "it may not execute");
    free(text);
    return false;
}

/* Whom it means: this host, or one that is reached through this worker. False
 * after complaining. */
static bool take_host(struct peer *p, const struct word *words, int count)
{
    const struct peers *ps = p->peers;

    if (count == 2)
        return true;
    if (count != 4 || !word_is(&words[2], ".host")) {
        conn_error(p->conn, "usage: hello NAME [.host HOST]");
        return false;
    }
    if (word_is(&words[3], ps->host))
        return true;
    if (!fronts_has(ps->rules.fronts, words[3].text)) {
        conn_error(p->conn, "this worker is %s and has no host %s behind it",
                   ps->host, words[3].text);
        return false;
    }
    free(p->front);
    p->front = xstrdup(words[3].text);
    return true;
}

static void do_hello(struct peer *p, struct word *words, int count)
{
    struct word *name = &words[1];
    size_t len;

    if (p->name[0]) {
        conn_error(p->conn, "hello again");
        return;
    }
    if (!take_host(p, words, count))
        return;
    for (len = 0; len < name->len && jid_instance_char(name->text[len]); len++)
        ;
    if (!len || len < name->len || len > JID_INSTANCE_MAX) {
        conn_error(p->conn, "a dispatcher's name is 1 to %d letters and digits",
                   JID_INSTANCE_MAX);
        return;
    }
    if (!may_greet(p, name))
        return;
    peer_greeted(p, name->text, len);
    tell_hello(p);
    hello_answer(p);
}

/* -- requests about jobs --------------------------------------------------- */

/* Whether jid is well-formed and one of this dispatcher's; complains if not. */
static bool jid_is_ours(struct peer *p, const struct word *jid)
{
    size_t len;

    if (!jid_is_valid(jid->text, jid->len, &len)) {
        conn_error(p->conn, "a job is INSTANCE-N, not %s", jid->text);
        return false;
    }
    if (len == strlen(p->name) && memcmp(jid->text, p->name, len) == 0)
        return true;
    conn_error(p->conn, "job %s is another dispatcher's", jid->text);
    return false;
}

static struct job *known_job(struct peer *p, const struct word *jid)
{
    struct job *j;

    if (!jid_is_ours(p, jid))
        return NULL;
    j = job_find(p->peers->jobs, jid->text);
    if (!j)
        conn_error(p->conn, "unknown job %s", jid->text);
    return j;
}

/* Written to the audit log: a job that is begun, or why it is not. */
static void tell_run(struct peer *p, const char *jid, const char *op,
                     const char *why)
{
    struct audit_event e = {.face = "worker",
                            .action = "run",
                            .what = jid,
                            .what_len = strlen(jid),
                            .op = op,
                            .outcome = why ? AUDIT_REFUSED : AUDIT_OK,
                            .reason = why};

    if (!audit_is_on())
        return;
    audit_from_conn(&e, p->conn);
    audit_write(&e);
}

static void refuse(struct peer *p, const char *jid, const char *why)
{
    struct buf *b = conn_out(p->conn);

    log_id_info(jid, "refused: %s", why);
    buf_add_words(b, "refuse");
    buf_add_words(b, jid);
    buf_add_words(b, why);
    buf_add_char(b, '\n');
    conn_flush(p->conn);
}

/* All that is kept of what a job has said, and its end in any case. */
static void send_known(struct peer *p, struct job *j)
{
    uint64_t from = j->state == JOB_KEPT ? 0 : j->journal.acked;

    if (!peer_send_from(p, j, from))
        log_id_error(j->jid, "no line %" PRIu64, from);
}

/* Why who asks may not, or what is wrong with the arguments (free()), or NULL.
 * They are taken out of base64. */
static char *run_wrong(const struct principal *who, struct word *words,
                       int count)
{
    struct args args = {.words = words + 3, .count = count - 3};
    char *wrong = args_decode(&args);

    if (wrong)
        return wrong;
    if (!principal_may_op(who, words[2].text))
        return xstrdup("the dispatcher's token does not allow this operation");
    if (!principal_may_run(who, words[2].text, args_at, &args))
        return xstrdup("the dispatcher's token does not allow this operation "
                       "with these arguments");
    return NULL;
}

/* While its id is on its way to the disk nothing is said: peer_begun() will. */
static void request_begun(struct peer *p, struct job *j)
{
    if (j->state == JOB_BEGINNING)
        return;
    reply(p, "ack", j->jid);
    send_known(p, j);
}

void request_answer(struct peer *p, struct job *j, const char *why)
{
    if (why)
        refuse(p, j->jid, why);
    else
        request_begun(p, j);
}

static void do_run(struct peer *p, struct word *words, int count)
{
    struct peers *ps = p->peers;
    struct op_rules rules = peer_rules(p);
    const struct principal *who = conn_principal(p->conn);
    const char *jid = words[1].text;
    struct job *j;
    char *why = NULL;

    if (!jid_is_ours(p, &words[1]))
        return;
    j = job_find(ps->jobs, jid);
    if (j) {
        request_begun(p, j);
        return;
    }
    if (ps->draining)
        why = xstrdup("draining");
    else if (audit_refusal())
        why = xstrdup(audit_refusal());
    else
        why = run_wrong(who, words, count);
    ps->jobs->by = who->name;
    if (!why)
        j = op_run(ps->jobs, &rules, jid, words + 2, count - 2, &why);
    tell_run(p, jid, words[2].text, j ? NULL : why);
    if (j) {
        snprintf(j->by, sizeof(j->by), "%s", who->name);
        request_begun(p, j);
    } else {
        refuse(p, jid, why);
    }
    free(why);
}

static void do_cancel(struct peer *p, struct word *words, int count)
{
    struct job *j = known_job(p, &words[1]);

    (void)count;
    if (j)
        job_end(j, "cancelled");
}

static void do_list(struct peer *p, struct word *words, int count)
{
    struct buf *b = conn_out(p->conn);
    size_t len = strlen(p->name);
    struct job *j;

    (void)words;
    (void)count;
    for (j = p->peers->jobs->by_jid; j; j = j->hh.next)
        if (j->state != JOB_KEPT && j->instance_len == len &&
            memcmp(j->jid, p->name, len) == 0)
            buf_add_fmt(b, "have %s %" PRIu64 " %s\n", j->jid, job_last(j),
                        j->state == JOB_EXITED ? "exited" : "running");
    buf_add_str(b, ".end\n");
    conn_flush(p->conn);
}

/* The number of a line of job *j; complains if there is none. */
static bool take_number(struct peer *p, const struct word *word, uint64_t *seq)
{
    unsigned long long n;

    if (!word_to_u64(word, UINT64_MAX, &n)) {
        conn_error(p->conn, "a line has a number, not %s", word->text);
        return false;
    }
    *seq = n;
    return true;
}

static void do_resume(struct peer *p, struct word *words, int count)
{
    struct job *j = known_job(p, &words[1]);
    uint64_t seq;

    (void)count;
    if (j && take_number(p, &words[2], &seq) && !peer_send_from(p, j, seq))
        conn_error(p->conn, "job %s has no line %" PRIu64, j->jid, seq);
}

static void do_got(struct peer *p, struct word *words, int count)
{
    struct job *j = known_job(p, &words[1]);
    uint64_t seq;

    (void)count;
    if (j && take_number(p, &words[2], &seq) && !job_ack(j, seq))
        conn_error(p->conn, "job %s has no line %" PRIu64, j->jid, seq);
}

/* -- draining -------------------------------------------------------------- */

static void drain_answer(struct peer *p, const char *reason, uint64_t seconds)
{
    char *wrong =
        p->front
            ? xasprintf("%s is reached through %s: that one can be drained",
                        p->front, p->peers->host)
            : p->peers->drain(p->peers->arg, reason, seconds);
    struct buf *b = conn_out(p->conn);

    buf_add_words(b, "drain");
    buf_add_words(b, wrong ? "failed" : "ok");
    if (wrong)
        buf_add_words(b, wrong);
    buf_add_char(b, '\n');
    conn_flush(p->conn);
    free(wrong);
}

static void do_drain(struct peer *p, struct word *words, int count)
{
    const char *wrong = attr_value_wrong(words[1].text, words[1].len);
    unsigned long long seconds = 0;

    if (wrong)
        conn_error(p->conn, "drain: %s", wrong);
    else if (count > 2 && !word_to_u64(&words[2], DRAIN_MAX, &seconds))
        conn_error(p->conn, "drain takes a number of seconds, not %s",
                   words[2].text);
    else
        drain_answer(p, words[1].text, seconds);
}

static void do_undrain(struct peer *p, struct word *words, int count)
{
    (void)words;
    (void)count;
    drain_answer(p, NULL, 0);
}

/* -- the table of requests ------------------------------------------------- */

static const struct request {
    const char *word;
    int min, max; /* words, itself too */
    const char *usage;
    void (*handle)(struct peer *p, struct word *words, int count);
} requests[] = {
    {"hello", 2, REQUEST_WORDS_MAX, "hello NAME [.host HOST]", do_hello},
    {"run", 3, REQUEST_WORDS_MAX,
     "run JID OP [arg value]... [.directive value]...", do_run},
    {"cancel", 2, 2, "cancel JID", do_cancel},
    {"list", 1, 1, "list", do_list},
    {"resume", 3, 3, "resume JID SEQ", do_resume},
    {"got", 3, 3, "got JID SEQ", do_got},
    {"drain", 2, 3, "drain REASON [SECONDS]", do_drain},
    {"undrain", 1, 1, "undrain", do_undrain},
};

static const struct request *request_find(const struct word *word)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(requests); i++)
        if (word_is(word, requests[i].word))
            return &requests[i];
    return NULL;
}

/* The body is an argument like others. The room for it was kept. */
static int add_body(struct word *words, int count, struct buf *body)
{
    static char name[] = "stdin";

    (void)buf_str(body);
    words[count++] = (struct word){.text = name, .len = strlen(name)};
    words[count++] =
        (struct word){.text = buf_data(body), .len = (unsigned)buf_len(body)};
    return count;
}

void request_handle(struct peer *p, struct word *words, int count,
                    struct body *body)
{
    const struct request *r = request_find(&words[0]);
    const struct word *what = count > 1 ? &words[1] : NULL;

    if (r)
        audit_about(r->word, what ? what->text : NULL, what ? what->len : 0);
    if (!r)
        conn_error(p->conn, "unknown request %s", words[0].text);
    else if (!p->name[0] && r->handle != do_hello)
        conn_error(p->conn, "say hello first");
    else if (count < r->min || count > r->max)
        conn_error(p->conn, "usage: %s", r->usage);
    else if (body && (r->handle != do_run || count > REQUEST_WORDS_MAX - 2))
        conn_error(p->conn, "%s takes no body", r->word);
    else if (body && body->dropped)
        refuse(p, words[1].text, "the body is too long (limits.body)");
    else
        r->handle(p, words,
                  body ? add_body(words, count, &body->bytes) : count);
    audit_about(NULL, NULL, 0);
}

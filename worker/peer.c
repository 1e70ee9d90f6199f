#include "worker/peer.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/argument.h"
#include "lib/log.h"
#include "worker/request.h"

#define QUANTUM 16384 /* bytes of one job before the next has its turn */

/* -- sending --------------------------------------------------------------- */

static void ready_add(struct peer *p, struct job *j)
{
    DL_APPEND2(p->ready, j, ready_prev, ready_next);
    j->in_turn = true;
}

static void ready_remove(struct peer *p, struct job *j)
{
    DL_DELETE2(p->ready, j, ready_prev, ready_next);
    j->in_turn = false;
}

/* Jobs take turns, so that a loud one does not hold up the others. */
static void peer_pump(void *arg)
{
    struct peer *p = arg;
    struct job *j;

    while ((j = p->ready) && !conn_is_full(p->conn)) {
        ready_remove(p, j);
        journal_take(&j->journal, conn_out(p->conn), QUANTUM);
        if (journal_has_more(&j->journal))
            ready_add(p, j);
    }
    conn_flush(p->conn);
}

void peer_news(struct job *j)
{
    struct peer *p = j->peer;
    bool more = journal_has_more(&j->journal);

    if (!p || more == j->in_turn)
        return;
    if (!more) {
        ready_remove(p, j);
        return;
    }
    ready_add(p, j);
    if (!conn_is_full(p->conn))
        loop_settle(conn_loop(p->conn), &p->pump);
}

struct op_rules peer_rules(const struct peer *p)
{
    struct op_rules rules = p->peers->rules;

    rules.front = p->front;
    return rules;
}

static void add_ops(struct peer *p)
{
    struct op_rules rules = peer_rules(p);
    struct buf ops = BUF_INIT;

    op_list(&rules, &ops);
    buf_add_pair(conn_out(p->conn), "ops", buf_str(&ops));
    buf_free(&ops);
    p->ops_owed = false;
}

static void tell_load(struct peer *p)
{
    p->load_owed = conn_is_full(p->conn);
    if (p->load_owed)
        return;
    buf_add_fmt(conn_out(p->conn), "load slots-free %u load %s",
                peers_slots_free(p->peers), p->peers->load);
    if (p->ops_owed)
        add_ops(p);
    buf_add_char(conn_out(p->conn), '\n');
    conn_flush(p->conn);
}

static void on_drain(struct conn *c, void *arg)
{
    struct peer *p = arg;

    (void)c;
    if (p->load_owed)
        tell_load(p);
    peer_pump(p);
}

static void detach(struct job *j)
{
    if (j->in_turn)
        ready_remove(j->peer, j);
    job_attach(j, NULL);
}

/* Sends the job's lines behind seq, here and nowhere else. */
static void attach(struct peer *p, struct job *j)
{
    if (j->peer && j->peer != p)
        detach(j);
    if (!j->peer)
        job_attach(j, p);
    peer_news(j);
}

bool peer_send_from(struct peer *p, struct job *j, uint64_t seq)
{
    if (j->state == JOB_KEPT) {
        if (seq > j->journal.last)
            return false;
        if (seq < j->journal.last) {
            buf_add_str(conn_out(p->conn), j->last_line);
            buf_add_char(conn_out(p->conn), '\n');
            conn_flush(p->conn);
        }
        return true;
    }
    if (j->in_turn)
        ready_remove(j->peer, j);
    if (!job_seek(j, seq)) {
        peer_news(j);
        return false;
    }
    attach(p, j);
    job_feed(j);
    return true;
}

void peer_begun(struct job *j, const char *why)
{
    struct peers *ps = j->jobs->asked_by;
    struct peer *p;

    DL_FOREACH (ps->list, p)
        if (strlen(p->name) == j->instance_len &&
            memcmp(p->name, j->jid, j->instance_len) == 0)
            request_answer(p, j, why);
}

/* A dispatcher that comes back may be quicker than the end of its old link. */
static void replace_older(struct peer *p)
{
    struct peer *old;

    DL_FOREACH (p->peers->list, old)
        if (old != p && strcmp(old->name, p->name) == 0) {
            old->name[0] = '\0';
            conn_abort(old->conn, "the dispatcher has a newer link");
        }
}

void peer_greeted(struct peer *p, const char *name, size_t len)
{
    memcpy(p->name, name, len);
    replace_older(p);
    log_id_info(conn_id(p->conn), "dispatcher %s at %s", p->name,
                conn_peer(p->conn));
}

/* -- its life -------------------------------------------------------------- */

/* body NULL: there is none. */
static void take_request(struct peer *p, char *line, size_t len,
                         struct body *body)
{
    static struct word words[REQUEST_WORDS_MAX];
    bool secret = argument_line_is_secret(line, len);
    int count = words_split(line, len, words, REQUEST_WORDS_MAX);

    if (count < 0)
        conn_error(p->conn, "%s", words_error_text(count));
    else if (count > 0)
        request_handle(p, words, count, body);
    if (secret)
        explicit_bzero(line, len);
}

/* The line, and the bytes behind it, are there. */
static void take_whole(struct peer *p)
{
    struct body b = p->body;

    p->body = (struct body){.left = 0};
    take_request(p, buf_data(&b.line), buf_len(&b.line), &b);
    body_free(&b);
}

static void refuse_body(struct peer *p, const char *why)
{
    conn_refuse(p->conn, REFUSED_BODY, "%s", why);
    conn_close(p->conn, "%s", why);
}

static enum conn_verdict on_line(struct conn *c, void *arg, char *line,
                                 size_t len)
{
    struct peer *p = arg;
    const char *why = NULL;

    switch (body_begin(&p->body, c, line, len,
                       p->name[0] ? p->peers->body_max : 0, &why)) {
    case BODY_NONE: take_request(p, line, len, NULL); break;
    case BODY_WHOLE: take_whole(p); break;
    case BODY_COMES: break;
    case BODY_TOO_LONG: break;
    case BODY_WRONG: refuse_body(p, why); break;
    }
    /* a stranger that does not begin with hello is not a dispatcher */
    if (!p->name[0])
        conn_close(c, "no hello");
    return CONN_NEXT;
}

static enum conn_verdict on_bytes(struct conn *c, void *arg, const char *bytes,
                                  size_t len)
{
    struct peer *p = arg;

    (void)c;
    if (body_add(&p->body, bytes, len))
        take_whole(p);
    return CONN_NEXT;
}

static enum conn_verdict on_too_long(struct conn *c, void *arg)
{
    struct peer *p = arg;

    conn_error(c, "line too long");
    if (!p->name[0])
        conn_close(c, "no hello");
    return CONN_NEXT;
}

static void peer_free(struct peer *p)
{
    struct job *j;

    for (j = p->peers->jobs->by_jid; j; j = j->hh.next)
        if (j->peer == p)
            detach(j);
    loop_unsettle(p->peers->jobs->loop, &p->pump);
    DL_DELETE(p->peers->list, p);
    body_free(&p->body);
    free(p->front);
    free(p);
}

void peers_free(struct peers *ps)
{
    while (ps->list)
        peer_free(ps->list);
}

static void on_closed(struct conn *c, void *arg, const char *reason)
{
    struct peer *p = arg;

    if (p->name[0])
        log_id_info(conn_id(c), "dispatcher %s is gone: %s", p->name, reason);
    peer_free(p);
}

static void *on_open(struct conn *c, void *ctx)
{
    struct peer *p = xcalloc(1, sizeof(*p));

    p->peers = ctx;
    p->conn = c;
    p->pump = (struct loop_task){.fn = peer_pump, .arg = p};
    DL_APPEND(p->peers->list, p);
    return p;
}

const struct listen_face peer_face = {
    .name = "worker",
    .handler = {.line = on_line,
                .bytes = on_bytes,
                .too_long = on_too_long,
                .drain = on_drain,
                .closed = on_closed},
    .open = on_open,
};

unsigned peers_slots_free(const struct peers *ps)
{
    const struct jobs *js = ps->jobs;

    if (ps->draining || js->active >= js->limits.slots)
        return 0;
    return js->limits.slots - js->active;
}

void peers_tell_load(struct peers *ps)
{
    struct peer *p;

    DL_FOREACH (ps->list, p)
        if (p->name[0])
            tell_load(p);
}

void peers_tell_ops(struct peers *ps)
{
    struct peer *p;

    DL_FOREACH (ps->list, p)
        p->ops_owed = true;
    peers_tell_load(ps);
}

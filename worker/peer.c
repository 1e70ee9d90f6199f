#include "worker/peer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/log.h"
#include "lib/words.h"

#define WORDS_MAX 1024  /* words of one request */
#define QUANTUM   16384 /* bytes of one job before the next has its turn */

struct peer {
    struct peers *peers;
    struct conn *conn;
    char name[JID_INSTANCE_MAX + 1]; /* of the dispatcher; "": no hello yet */
    struct job *ready;               /* those with lines to send, in turn */
    struct loop_task pump;
    bool load_owed; /* it was too slow for the last load line */
    struct peer *prev, *next;
};

/* -- sending --------------------------------------------------------------- */

static void ready_add(struct peer *p, struct job *j)
{
    DL_APPEND2(p->ready, j, ready_prev, ready_next);
    j->ready = true;
}

static void ready_remove(struct peer *p, struct job *j)
{
    DL_DELETE2(p->ready, j, ready_prev, ready_next);
    j->ready = false;
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

    if (!p || more == j->ready)
        return;
    if (!more) {
        ready_remove(p, j);
        return;
    }
    ready_add(p, j);
    if (!conn_is_full(p->conn))
        loop_settle(conn_loop(p->conn), &p->pump);
}

static void tell_load(struct peer *p)
{
    p->load_owed = conn_is_full(p->conn);
    if (p->load_owed)
        return;
    buf_add_fmt(conn_out(p->conn), "load slots-free %u load %s\n",
                peers_slots_free(p->peers), p->peers->load);
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
    if (j->ready)
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

static void hello_answer(struct peer *p)
{
    struct peers *ps = p->peers;
    struct buf *b = conn_out(p->conn);
    struct buf ops = BUF_INIT;

    buf_add_words(b, "hello");
    buf_add_words(b, ps->host);
    buf_add_words(b, ps->instance);
    buf_add_fmt(b, " slots %u ops ", ps->jobs->limits.slots);
    op_list(&ps->rules, &ops);
    buf_add(b, ops.data, buf_len(&ops));
    buf_add_char(b, '\n');
    buf_free(&ops);
    conn_flush(p->conn);
}

static void do_hello(struct peer *p, struct word *words, int count)
{
    struct word *name = &words[1];
    size_t len;

    if (count > 2) {
        if (words[2].text[0] == '.')
            conn_error(p->conn, "directive %s is not supported", words[2].text);
        else
            conn_error(p->conn, "usage: hello NAME");
        return;
    }
    if (p->name[0]) {
        conn_error(p->conn, "hello again");
        return;
    }
    for (len = 0; len < name->len && jid_instance_char(name->text[len]); len++)
        ;
    if (!len || len < name->len || len > JID_INSTANCE_MAX) {
        conn_error(p->conn, "a dispatcher's name is 1 to %d letters and digits",
                   JID_INSTANCE_MAX);
        return;
    }
    memcpy(p->name, name->text, len);
    replace_older(p);
    log_id_info(conn_id(p->conn), "dispatcher %s at %s", p->name,
                conn_peer(p->conn));
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

/* What is kept of it behind seq; of a forgotten one its last line. */
static bool send_from(struct peer *p, struct job *j, uint64_t seq)
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
    if (j->ready)
        ready_remove(j->peer, j);
    if (!journal_seek(&j->journal, seq))
        return false;
    attach(p, j);
    return true;
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

static void do_run(struct peer *p, struct word *words, int count)
{
    struct peers *ps = p->peers;
    const char *jid = words[1].text;
    struct job *j;
    char *why = NULL;

    if (!jid_is_ours(p, &words[1]))
        return;
    j = job_find(ps->jobs, jid);
    if (j) {
        reply(p, "ack", jid);
        (void)send_from(p, j, j->state == JOB_KEPT ? 0 : j->journal.acked);
        return;
    }
    if (ps->draining)
        refuse(p, jid, "draining");
    else if ((j = op_run(ps->jobs, &ps->rules, jid, words + 2, count - 2,
                         &why))) {
        reply(p, "ack", jid);
        attach(p, j);
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
            buf_add_fmt(b, "have %s %" PRIu64 " %s\n", j->jid, j->journal.last,
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
    if (j && take_number(p, &words[2], &seq) && !send_from(p, j, seq))
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

/* -- the table of requests ------------------------------------------------- */

static const struct request {
    const char *word;
    int min, max; /* words, itself too */
    const char *usage;
    void (*handle)(struct peer *p, struct word *words, int count);
} requests[] = {
    {"hello", 2, WORDS_MAX, "hello NAME", do_hello},
    {"run", 3, WORDS_MAX, "run JID OP [arg value]... [.directive value]...",
     do_run},
    {"cancel", 2, 2, "cancel JID", do_cancel},
    {"list", 1, 1, "list", do_list},
    {"resume", 3, 3, "resume JID SEQ", do_resume},
    {"got", 3, 3, "got JID SEQ", do_got},
};

static const struct request *request_find(const struct word *word)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(requests); i++)
        if (word_is(word, requests[i].word))
            return &requests[i];
    return NULL;
}

static void peer_request(struct peer *p, struct word *words, int count)
{
    const struct request *r = request_find(&words[0]);

    if (!r)
        conn_error(p->conn, "unknown request %s", words[0].text);
    else if (!p->name[0] && r->handle != do_hello)
        conn_error(p->conn, "say hello first");
    else if (count < r->min || count > r->max)
        conn_error(p->conn, "usage: %s", r->usage);
    else
        r->handle(p, words, count);
}

static enum conn_verdict on_line(struct conn *c, void *arg, char *line,
                                 size_t len)
{
    static struct word words[WORDS_MAX];
    struct peer *p = arg;
    int count = words_split(line, len, words, WORDS_MAX);

    if (count < 0)
        conn_error(c, "%s", words_error_text(count));
    else if (count > 0)
        peer_request(p, words, count);
    /* a stranger that does not begin with hello is not a dispatcher */
    if (!p->name[0])
        conn_close(c, "no hello");
    return CONN_NEXT;
}

/* -- its life -------------------------------------------------------------- */

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

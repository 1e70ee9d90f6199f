#include "plugins/registry/dns/tcp.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "server/places.h"

struct dns_tcp {
    struct conn *conn;
    struct dns_answerer *answerer;
    uint64_t began_ms; /* the message at hand; 0: nothing of it is there */
    size_t want;       /* bytes of it, or of its length */
    bool has_length;
    struct buf in;
    struct places_waiter waiter;
    bool waits; /* the question at hand does, for the view of the places */
};

static void expect(struct dns_tcp *t, bool has_length, size_t bytes)
{
    t->has_length = has_length;
    t->want = bytes;
    buf_reset(&t->in, DNS_TCP_QUESTION);
    conn_take_bytes(t->conn, bytes);
}

static void take_length(struct dns_tcp *t)
{
    const uint8_t *two = (const uint8_t *)buf_data(&t->in);
    size_t len = (size_t)two[0] << 8 | two[1];

    if (!len || len > DNS_TCP_QUESTION) {
        conn_refused(t->conn, REFUSED_REQUEST,
                     "a question of %zu bytes: at most %d", len,
                     DNS_TCP_QUESTION);
        conn_close(t->conn, "a question is too long");
        return;
    }
    expect(t, true, len);
}

static void take_question(struct dns_tcp *t)
{
    struct buf *out = conn_out(t->conn);
    const uint8_t *answer;
    char length[2];
    size_t len;

    answer = t->answerer->answer(t->answerer, t->conn,
                                 (const uint8_t *)buf_data(&t->in),
                                 buf_len(&t->in), &len);
    if (!answer) {
        conn_close(t->conn, "what came is no question");
        return;
    }
    length[0] = (char)(len >> 8);
    length[1] = (char)len;
    buf_add(out, length, sizeof(length));
    buf_add(out, answer, len);
    conn_flush(t->conn);
    t->began_ms = 0;
    expect(t, false, sizeof(length));
}

static void ready(struct places_waiter *w)
{
    struct dns_tcp *t = container_of(w, struct dns_tcp, waiter);

    t->waits = false;
    take_question(t);
    conn_resume(t->conn);
}

static enum conn_verdict take_question_later(struct dns_tcp *t)
{
    if (places_are_ready(t->answerer->places)) {
        take_question(t);
        return CONN_NEXT;
    }
    t->waits = true;
    places_wait(t->answerer->places, &t->waiter);
    return CONN_WAIT;
}

/* Idle time counts from one piece to the next, and pieces may be small. */
static bool takes_too_long(struct dns_tcp *t)
{
    uint64_t now = loop_now(conn_loop(t->conn));

    if (!t->began_ms)
        t->began_ms = now ? now : 1;
    return now - t->began_ms > DNS_TCP_WHOLE_MS;
}

static enum conn_verdict tcp_bytes(struct conn *c, void *arg, const char *bytes,
                                   size_t len)
{
    struct dns_tcp *t = arg;

    if (takes_too_long(t)) {
        conn_close(c, "a question takes too long to come");
        return CONN_NEXT;
    }
    buf_add(&t->in, bytes, len);
    if (buf_len(&t->in) < t->want)
        return CONN_NEXT;
    if (t->has_length)
        return take_question_later(t);
    take_length(t);
    return CONN_NEXT;
}

/* Not called: there are no lines. */
static enum conn_verdict tcp_line(struct conn *c, void *arg, char *line,
                                  size_t len)
{
    (void)arg;
    (void)line;
    (void)len;
    conn_close(c, "a line on a port of messages");
    return CONN_NEXT;
}

static void tcp_timeout(struct conn *c, void *arg)
{
    (void)arg;
    conn_close(c, "no question for too long");
}

/* There are no words for it in this protocol. */
static void tcp_refused(struct conn *c, void *arg, enum refusal why,
                        const char *text)
{
    (void)c;
    (void)arg;
    (void)why;
    (void)text;
}

static void tcp_closed(struct conn *c, void *arg, const char *reason)
{
    struct dns_tcp *t = arg;

    (void)c;
    (void)reason;
    if (t->waits)
        places_wait_end(t->answerer->places, &t->waiter);
    buf_free(&t->in);
    free(t);
}

const struct conn_handler *dns_tcp_handler(void)
{
    static const struct conn_handler handler = {.line = tcp_line,
                                                .bytes = tcp_bytes,
                                                .timeout = tcp_timeout,
                                                .refused = tcp_refused,
                                                .closed = tcp_closed};

    return &handler;
}

void *dns_tcp_open(struct conn *c, struct dns_answerer *a)
{
    struct dns_tcp *t = xcalloc(1, sizeof(*t));

    t->conn = c;
    t->answerer = a;
    t->waiter.ready = ready;
    conn_set_gate(c, NULL, NULL); /* nobody can show a token */
    conn_set_idle(c, a->idle_ms);
    conn_set_first(c, a->idle_ms);
    expect(t, false, 2);
    return t;
}

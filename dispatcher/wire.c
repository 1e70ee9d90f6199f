#include "dispatcher/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dispatcher/secrets.h"
#include "lib/argument.h"
#include "lib/buf.h"
#include "lib/conn.h"
#include "lib/dial.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "dispatcher/front.h"
#include "dispatcher/wire_words.h"
#include "dispatcher/random.h"

#define WIRE_PAUSE_MIN  50   /* ms of the first pause before dialling again */
#define WIRE_PAUSE_MAX  5000 /* it doubles up to this */
#define WIRE_QUEUED_MAX (64UL << 20) /* unread by a worker: it is dead */
#define WIRE_INLINE_MAX 4096         /* bytes of standard input in a line */
#define WIRE_RUN_MORE   512 /* bytes of a line beside what was asked for */
#define WIRE_LINES_TURN 256
#define WIRE_STEADY_MS  5000 /* up for so long: the pause starts small again */

enum wire_state { WIRE_DOWN, WIRE_DIALLING, WIRE_GREETING, WIRE_UP };

struct wire {
    struct loop *loop;
    struct addr addr;
    struct wire_options options;
    char *name, *id; /* owned: those of the options */
    char *host, *as; /* owned, of a host behind a worker: its name, and ours
                      * there; else NULL */
    const struct wire_handler *handler;
    void *arg;
    enum wire_state state;
    struct dial *dial;
    struct conn *conn;
    struct loop_timer *redial, *watch;
    uint64_t pause_ms;
    uint64_t up_ms; /* since when it is up */
    bool heard;     /* a line since the last look */
    bool asked;     /* silent, and asked for its list */
};

static void wire_dial(void *arg);

/* -- coming and going ------------------------------------------------------ */

/* Full jitter: anything up to a bound that doubles. */
static void wire_again(struct wire *k)
{
    uint64_t bound = k->pause_ms;

    k->state = WIRE_DOWN;
    k->pause_ms = bound * 2 > WIRE_PAUSE_MAX ? WIRE_PAUSE_MAX : bound * 2;
    loop_timer_set(k->redial, random_u32() % (bound + 1));
}

static void wire_lost(struct wire *k, const char *why)
{
    bool was_up = k->state == WIRE_UP;

    loop_timer_off(k->watch);
    k->conn = NULL;
    if (was_up && loop_now(k->loop) - k->up_ms >= WIRE_STEADY_MS)
        k->pause_ms = WIRE_PAUSE_MIN;
    log_id_at(was_up ? MLOG_INFO : MLOG_DEBUG, k->id, "link %s: %s",
              was_up ? "broken" : "failed", why);
    wire_again(k);
    if (was_up)
        k->handler->down(k->arg, why);
}

static void wire_closed(struct conn *c, void *arg, const char *reason)
{
    (void)c;
    wire_lost(arg, reason);
}

/* A worker that has gone silent is asked once, and given up at the second
 * look; before it is up it has the whole time for greeting. */
static void wire_watch(void *arg)
{
    struct wire *k = arg;
    bool quiet = !k->heard;

    if (k->state == WIRE_GREETING) {
        conn_abort(k->conn, "it did not greet");
        return;
    }
    if (conn_queued(k->conn) > WIRE_QUEUED_MAX) {
        conn_abort(k->conn, "it does not read");
        return;
    }
    if (quiet && k->asked) {
        conn_abort(k->conn, "it does not answer");
        return;
    }
    if (quiet)
        wire_list(k);
    k->asked = quiet;
    k->heard = false;
    loop_timer_set(k->watch, k->options.silence_ms);
}

static enum conn_verdict wire_line(struct conn *c, void *arg, char *line,
                                   size_t len);

static const struct conn_handler wire_conn = {
    .line = wire_line,
    .closed = wire_closed,
};

static void wire_dialled(void *arg, int fd, struct tls_session *tls,
                         const char *error)
{
    struct wire *k = arg;
    struct conn_limits limits = {.line = k->options.line_max,
                                 .lines_a_turn = WIRE_LINES_TURN};
    char id[64];

    k->dial = NULL;
    if (fd < 0) {
        log_id_debug(k->id, "dialling: %s", error);
        wire_again(k);
        return;
    }
    snprintf(id, sizeof(id), "worker %s", k->id);
    k->conn = conn_new(k->loop, fd, id, &limits, &wire_conn, k);
    if (tls)
        conn_start_tls(k->conn, tls, NULL);
    k->state = WIRE_GREETING;
    k->heard = k->asked = false;
    buf_add_words(conn_out(k->conn), "hello");
    buf_add_words(conn_out(k->conn), k->as ? k->as : k->name);
    if (k->host)
        buf_add_pair(conn_out(k->conn), ".host", k->host);
    if (k->options.token && *k->options.token)
        buf_add_pair(conn_out(k->conn), ".token", k->options.token);
    buf_add_char(conn_out(k->conn), '\n');
    conn_flush(k->conn);
    loop_timer_set(k->watch, k->options.connect_ms);
}

static void wire_dial(void *arg)
{
    struct wire *k = arg;

    k->state = WIRE_DIALLING;
    k->dial = dial_start(k->loop, &k->addr, k->options.tls,
                         k->options.connect_ms, wire_dialled, k);
}

struct wire *wire_new(struct loop *l, const struct addr *addr,
                      const struct wire_options *o,
                      const struct wire_handler *handler, void *arg)
{
    struct wire *k = xcalloc(1, sizeof(*k));

    k->loop = l;
    k->addr = *addr;
    k->options = *o;
    k->name = xstrdup(o->name);
    k->id = xstrdup(o->id);
    if (o->host) {
        k->host = xstrdup(o->host);
        k->as = front_name(o->name, o->host);
    }
    k->handler = handler;
    k->arg = arg;
    k->redial = loop_timer_new(l, wire_dial, k);
    k->watch = loop_timer_new(l, wire_watch, k);
    k->pause_ms = WIRE_PAUSE_MIN;
    wire_dial(k);
    return k;
}

void wire_free(struct wire *k)
{
    if (!k)
        return;
    if (k->dial)
        dial_cancel(k->dial);
    if (k->conn) {
        conn_disown(k->conn);
        conn_close(k->conn, "the worker is not needed any more");
    }
    loop_timer_free(k->redial);
    loop_timer_free(k->watch);
    free(k->name);
    free(k->id);
    free(k->host);
    free(k->as);
    free(k);
}

bool wire_is_up(const struct wire *k)
{
    return k->state == WIRE_UP && !conn_is_closing(k->conn);
}

void wire_hurry(struct wire *k)
{
    if (k->state != WIRE_DOWN)
        return;
    k->pause_ms = WIRE_PAUSE_MIN;
    loop_timer_off(k->redial);
    wire_dial(k);
}

/* -- what it says ---------------------------------------------------------- */

static const char *wire_hello(struct wire *k, struct word *w, int n)
{
    struct wire_hello hello;
    const char *wrong = wire_parse_hello(w, n, &hello);

    if (wrong)
        return wrong;
    k->state = WIRE_UP;
    k->up_ms = loop_now(k->loop);
    loop_timer_set(k->watch, k->options.silence_ms);
    wrong = k->handler->up(k->arg, hello.host, hello.instance, hello.slots,
                           hello.ops);
    if (wrong)
        k->state = WIRE_GREETING;
    return wrong;
}

static const char *wire_said(struct wire *k, char *line, size_t len)
{
    struct word words[WIRE_WORDS_MAX];
    int n = words_split(line, len, words, WIRE_WORDS_MAX);

    if (n < 0)
        return words_error_text(n);
    if (n == 0)
        return NULL;
    if (k->state == WIRE_GREETING)
        return wire_hello(k, words, n);
    if (k->as && n > 1)
        front_read(&words[1], k->as, k->name);
    return wire_dispatch_words(k->handler, k->arg, words, n);
}

static enum conn_verdict wire_line(struct conn *c, void *arg, char *line,
                                   size_t len)
{
    struct wire *k = arg;
    const char *wrong;

    k->heard = true;
    wrong = wire_said(k, line, len);
    if (wrong) {
        log_id_warn(k->id, "the worker at %s said: %s", conn_peer(c), wrong);
        conn_abort(c, "%s", wrong);
    }
    return CONN_NEXT;
}

/* -- what it is told ------------------------------------------------------- */

/* A line begun; NULL if there is nobody to tell. */
static struct buf *wire_begin(struct wire *k, const char *verb, const char *jid)
{
    struct buf *out;

    if (!k || !wire_is_up(k))
        return NULL;
    out = conn_out(k->conn);
    buf_add_words(out, verb);
    if (jid && k->as)
        front_write(out, k->as, jid);
    else if (jid)
        buf_add_words(out, jid);
    return out;
}

static void wire_end(struct wire *k, struct buf *out)
{
    buf_add_char(out, '\n');
    conn_flush(k->conn);
}

static void add_duration(struct buf *out, const char *name, uint64_t ms)
{
    char text[32];

    if (!ms)
        return;
    if (ms % 1000)
        snprintf(text, sizeof(text), "%llu.%03llu",
                 (unsigned long long)ms / 1000, (unsigned long long)ms % 1000);
    else
        snprintf(text, sizeof(text), "%llu", (unsigned long long)ms / 1000);
    buf_add_pair(out, name, text);
}

/* A number that only grows, for those that must not act after a later one. */
static void add_fence(struct buf *out, uint64_t fence)
{
    if (!fence)
        return;
    buf_add_words(out, ".fence");
    buf_add_char(out, ' ');
    buf_add_u64(out, fence);
}

/* What goes behind the line: standard input that is long, or that a line
 * cannot carry as it is. NULL: nothing does. */
static const struct dispatch_arg *run_body(const struct dispatch_spec *spec)
{
    const struct dispatch_arg *body = NULL;

    for (size_t i = 0; i < spec->n_args; i++) {
        const struct dispatch_arg *a = &spec->args[i];

        if (strcmp(a->name, "stdin") != 0)
            continue;
        if (body || spec_is_secret(spec, a->name))
            return NULL;
        body = a;
    }
    if (body && body->len <= WIRE_INLINE_MAX &&
        !argument_is_binary(body->value, body->len))
        return NULL;
    return body;
}

static void add_request(struct buf *out, const struct dispatch_spec *spec,
                        const struct dispatch_arg *body)
{
    struct buf names = BUF_INIT;

    buf_add_words(out, spec->op);
    for (size_t i = 0; i < spec->n_args; i++)
        if (&spec->args[i] != body)
            argument_write(out, spec->args[i].name, spec->args[i].value,
                           spec->args[i].len);
    add_duration(out, ".timeout", spec->timeout_ms);
    add_duration(out, ".idle", spec->idle_ms);
    if (spec->n_secrets) {
        secrets_write(spec, &names);
        buf_add_pair(out, ".secret", buf_str(&names));
    }
    buf_free(&names);
}

bool wire_run_fits(const struct dispatch_spec *spec, size_t max)
{
    size_t bound = WIRE_RUN_MORE;
    struct buf line = BUF_INIT;
    bool fits;

    for (size_t i = 0; i < spec->n_args; i++)
        bound += strlen(spec->args[i].name) + 2 * spec->args[i].len + 8;
    if (bound <= max)
        return true;
    add_request(&line, spec, run_body(spec));
    fits = buf_len(&line) + WIRE_RUN_MORE <= max;
    explicit_bzero(buf_data(&line), buf_len(&line));
    buf_free(&line);
    return fits;
}

void wire_run(struct wire *k, const char *id, const struct dispatch_spec *spec,
              uint64_t fence)
{
    const struct dispatch_arg *body = run_body(spec);
    struct buf *out = wire_begin(k, "run", id);

    if (!out)
        return;
    add_request(out, spec, body);
    add_fence(out, fence);
    if (body) {
        buf_add_words(out, ".body");
        buf_add_char(out, ' ');
        buf_add_u64(out, body->len);
        buf_add_char(out, '\n');
        buf_add(out, body->value, body->len);
        conn_flush(k->conn);
    } else {
        wire_end(k, out);
    }
}

void wire_cancel(struct wire *k, const char *jid)
{
    struct buf *out = wire_begin(k, "cancel", jid);

    if (out)
        wire_end(k, out);
}

void wire_list(struct wire *k)
{
    struct buf *out = wire_begin(k, "list", NULL);

    if (out)
        wire_end(k, out);
}

static void wire_numbered(struct wire *k, const char *verb, const char *jid,
                          uint64_t seq)
{
    struct buf *out = wire_begin(k, verb, jid);

    if (!out)
        return;
    buf_add_char(out, ' ');
    buf_add_u64(out, seq);
    wire_end(k, out);
}

void wire_resume(struct wire *k, const char *jid, uint64_t seq)
{
    wire_numbered(k, "resume", jid, seq);
}

void wire_got(struct wire *k, const char *jid, uint64_t seq)
{
    wire_numbered(k, "got", jid, seq);
}

void wire_drain(struct wire *k, const char *reason, uint64_t ms)
{
    struct buf *out = wire_begin(k, reason ? "drain" : "undrain", NULL);

    if (!out)
        return;
    if (reason)
        buf_add_words(out, reason);
    if (reason && ms)
        buf_add_fmt(out, " %llu", (unsigned long long)((ms + 999) / 1000));
    wire_end(k, out);
}

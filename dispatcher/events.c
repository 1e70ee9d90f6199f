#include "dispatcher/events.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

struct event_cursor {
    struct eventlog *log;
    struct event *at;   /* the next to be read; NULL: all is read */
    uint64_t *expected; /* per host and stream: offset of the next byte */
    event_ready_fn *ready;
    void *arg;
    bool idle; /* EVENT_NONE was said: ready is owed */
    int trim;  /* the host whose output was read last, or -1 */
    LIST_ENTRY(event_cursor) link;
};

static bool event_is_output(const struct event *e)
{
    return e->kind == EVENT_OUT || e->kind == EVENT_PART;
}

/* What it costs to keep: many short lines must not slip through the bound. */
static size_t event_cost(const struct event *e)
{
    return sizeof(*e) + e->len + 1;
}

/* Bytes of the program's output: a line had its LF. */
static uint64_t event_bytes(const struct event *e)
{
    return (uint64_t)e->len + (e->kind == EVENT_OUT);
}

void eventlog_init(struct eventlog *log, const struct eventlog_bounds *b)
{
    memset(log, 0, sizeof(*log));
    TAILQ_INIT(&log->events);
    LIST_INIT(&log->cursors);
    log->bounds = *b;
}

void eventlog_set_hosts(struct eventlog *log, unsigned n)
{
    log->hosts = xcalloc(n, sizeof(*log->hosts));
    log->n_hosts = n;
}

static void log_count(struct eventlog *log, size_t more, size_t less)
{
    log->bytes += more - less;
    if (log->total)
        *log->total += more - less;
}

void eventlog_free(struct eventlog *log)
{
    struct event *e;

    log_count(log, 0, log->bytes);
    while ((e = TAILQ_FIRST(&log->events))) {
        TAILQ_REMOVE(&log->events, e, link);
        free(e);
    }
    free(log->hosts);
    log->hosts = NULL;
    log->n_hosts = 0;
}

/* -- keeping head and tail ------------------------------------------------- */

static bool event_is_unread(const struct eventlog *log, const struct event *e)
{
    const struct event_cursor *p = log->pacer;

    return p && p->at && e->seq >= p->at->seq;
}

/* The pacer has read it, or it will never do so. */
static void event_count_read(struct eventlog *log, const struct event *e)
{
    log->hosts[e->index].unread -= event_cost(e);
    log->backlog -= event_cost(e);
}

/* Takes the oldest of a host's tail out of the log. */
static void tail_drop(struct eventlog *log, struct eventlog_host *h)
{
    struct event *e = h->first;
    struct event_cursor *c;

    h->first = e->next_of_host;
    if (!h->first)
        h->last = NULL;
    if (event_is_unread(log, e))
        event_count_read(log, e);
    LIST_FOREACH (c, &log->cursors, link) {
        if (c->at == e)
            c->at = TAILQ_NEXT(e, link);
    }
    h->tail -= event_cost(e);
    log_count(log, 0, event_cost(e));
    TAILQ_REMOVE(&log->events, e, link);
    free(e);
}

/* What a pacer has not read stays, unless its source does not mind credit. */
static bool tail_may_drop(const struct eventlog *log,
                          const struct eventlog_host *h)
{
    size_t far = log->bounds.host + 4 * log->bounds.window;

    return !event_is_unread(log, h->first) || h->unread > far;
}

static void tail_trim(struct eventlog *log, struct eventlog_host *h)
{
    size_t most = log->bounds.host - log->bounds.host / 2;

    while (h->tail > most && h->first && tail_may_drop(log, h))
        tail_drop(log, h);
}

void eventlog_squeeze(struct eventlog *log, unsigned index)
{
    struct eventlog_host *h = &log->hosts[index];

    h->cutting = true;
    while (h->first && tail_may_drop(log, h))
        tail_drop(log, h);
}

static void host_keep(struct eventlog *log, struct event *e)
{
    struct eventlog_host *h = &log->hosts[e->index];
    size_t cost = event_cost(e);

    log_count(log, cost, 0);
    if (!h->cutting && h->head + cost <= log->bounds.host / 2) {
        h->head += cost;
        return;
    }
    h->cutting = true;
    h->tail += cost;
    if (h->last)
        h->last->next_of_host = e;
    else
        h->first = e;
    h->last = e;
    tail_trim(log, h);
}

/* -- appending ------------------------------------------------------------- */

static struct event *event_new(enum event_kind kind, unsigned index,
                               const char *host, const char *text, size_t len)
{
    struct event *e = xmalloc(sizeof(*e) + len + 1);

    memset(e, 0, sizeof(*e));
    e->kind = (uint8_t)kind;
    e->index = index;
    e->host = host;
    e->len = (uint32_t)len;
    if (len)
        memcpy(e->text, text, len);
    e->text[len] = '\0';
    return e;
}

/* Cursors that had read all read on from here. */
static void event_append(struct eventlog *log, struct event *e)
{
    struct event_cursor *c;

    e->seq = ++log->next_seq;
    e->ms = log->now_ms;
    TAILQ_INSERT_TAIL(&log->events, e, link);
    LIST_FOREACH (c, &log->cursors, link) {
        if (!c->at)
            c->at = e;
    }
}

static void cursors_wake(struct eventlog *log)
{
    struct event_cursor *c;

    LIST_FOREACH (c, &log->cursors, link) {
        if (!c->idle)
            continue;
        c->idle = false;
        c->ready(c->arg);
    }
}

void eventlog_add(struct eventlog *log, enum event_kind kind, unsigned index,
                  const char *host, const char *text, size_t len)
{
    event_append(log, event_new(kind, index, host, text, len));
    cursors_wake(log);
}

void eventlog_add_output(struct eventlog *log, bool whole, unsigned index,
                         const char *host, unsigned stream, const char *text,
                         size_t len)
{
    struct event *e =
        event_new(whole ? EVENT_OUT : EVENT_PART, index, host, text, len);
    struct eventlog_host *h = &log->hosts[index];

    e->stream = (uint8_t)stream;
    e->offset = h->offset[stream];
    h->offset[stream] += event_bytes(e);
    event_append(log, e);
    if (log->pacer) {
        h->unread += event_cost(e);
        log->backlog += event_cost(e);
    }
    host_keep(log, e);
    cursors_wake(log);
}

void eventlog_restore(struct eventlog *log, const struct event_past *past)
{
    struct event *e =
        event_new(past->kind, past->index, past->host, past->text, past->len);
    int64_t now_ms = log->now_ms;

    log->next_seq = past->seq - 1;
    log->now_ms = past->ms;
    e->stream = (uint8_t)past->stream;
    e->offset = past->offset;
    event_append(log, e);
    log->now_ms = now_ms;
    if (event_is_output(e)) {
        log->hosts[e->index].offset[e->stream] = e->offset + event_bytes(e);
        host_keep(log, e);
    }
    cursors_wake(log);
}

void eventlog_cut_head(struct eventlog *log, unsigned index)
{
    log->hosts[index].cutting = true;
}

void eventlog_set_offset(struct eventlog *log, unsigned index, unsigned stream,
                         uint64_t offset)
{
    log->hosts[index].offset[stream] = offset;
}

void eventlog_drop_before(struct eventlog *log, uint64_t seq)
{
    struct event *e;

    while ((e = TAILQ_FIRST(&log->events)) && e->seq < seq) {
        if (event_is_output(e)) {
            log->hosts[e->index].head -= event_cost(e);
            log_count(log, 0, event_cost(e));
        }
        TAILQ_REMOVE(&log->events, e, link);
        free(e);
    }
}

void eventlog_wake(struct eventlog *log)
{
    struct event_cursor *c;

    LIST_FOREACH (c, &log->cursors, link) {
        c->ready(c->arg);
    }
}

void eventlog_clear(struct eventlog *log)
{
    struct event_cursor *c;
    struct event *e;

    LIST_FOREACH (c, &log->cursors, link) {
        c->at = NULL;
    }
    while ((e = TAILQ_FIRST(&log->events))) {
        TAILQ_REMOVE(&log->events, e, link);
        free(e);
    }
    log->next_seq = 0;
}

void eventlog_close(struct eventlog *log)
{
    log->closed = true;
    cursors_wake(log);
}

bool eventlog_is_full(const struct eventlog *log, unsigned index)
{
    size_t unread = log->hosts[index].unread;

    return unread >= log->bounds.window ||
           (unread && log->backlog >= log->bounds.backlog);
}

bool eventlog_has_room(const struct eventlog *log, unsigned index)
{
    size_t unread = log->hosts[index].unread;

    return unread <= log->bounds.window / 2 &&
           (!unread || log->backlog < log->bounds.backlog);
}

/* -- reading --------------------------------------------------------------- */

struct event_cursor *event_cursor_new(struct eventlog *log, bool pacer,
                                      event_ready_fn *ready, void *arg)
{
    struct event_cursor *c = xcalloc(1, sizeof(*c));

    c->log = log;
    c->at = TAILQ_FIRST(&log->events);
    c->ready = ready;
    c->arg = arg;
    c->trim = -1;
    LIST_INSERT_HEAD(&log->cursors, c, link);
    if (pacer && !log->pacer)
        log->pacer = c;
    return c;
}

static void cursor_trim(struct event_cursor *c)
{
    if (c->trim >= 0 && c->log->pacer == c)
        tail_trim(c->log, &c->log->hosts[c->trim]);
    c->trim = -1;
}

/* Nobody waits for what a pacer has not read any more. */
void eventlog_unpace(struct eventlog *log)
{
    log->pacer = NULL;
    log->backlog = 0;
    for (unsigned i = 0; i < log->n_hosts; i++) {
        log->hosts[i].unread = 0;
        tail_trim(log, &log->hosts[i]);
    }
}

void event_cursor_free(struct event_cursor *c)
{
    LIST_REMOVE(c, link);
    if (c->log->pacer == c)
        eventlog_unpace(c->log);
    free(c->expected);
    free(c);
}

/* True if bytes before offset are missing; says how many in v. */
static bool cursor_is_cut(struct event_cursor *c, const struct event *e,
                          unsigned stream, uint64_t offset,
                          struct event_view *v)
{
    uint64_t *expected;

    if (!c->expected)
        c->expected = xcalloc((size_t)c->log->n_hosts * EVENT_STREAMS,
                              sizeof(*c->expected));
    expected = &c->expected[e->index * EVENT_STREAMS + stream];
    if (offset <= *expected)
        return false;
    *v = (struct event_view){.kind = EVENT_CUT,
                             .host = e->host,
                             .index = e->index,
                             .stream = stream,
                             .seq = e->seq,
                             .ms = e->ms,
                             .offset = *expected,
                             .bytes = offset - *expected};
    *expected = offset;
    return true;
}

/* What is missing before e. */
static bool cursor_gap(struct event_cursor *c, const struct event *e,
                       struct event_view *v)
{
    const struct eventlog_host *h;

    if (event_is_output(e))
        return cursor_is_cut(c, e, e->stream, e->offset, v);
    if (e->kind != EVENT_EXIT)
        return false;
    h = &c->log->hosts[e->index];
    for (unsigned s = 0; s < EVENT_STREAMS; s++) {
        if (cursor_is_cut(c, e, s, h->offset[s], v))
            return true;
    }
    return false;
}

static void cursor_pass(struct event_cursor *c, struct event *e)
{
    struct eventlog *log = c->log;

    c->at = TAILQ_NEXT(e, link);
    if (!event_is_output(e))
        return;
    c->expected[e->index * EVENT_STREAMS + e->stream] += event_bytes(e);
    if (log->pacer == c) {
        event_count_read(log, e);
        c->trim = (int)e->index;
    }
}

enum event_read event_cursor_next(struct event_cursor *c, struct event_view *v)
{
    struct event *e;

    cursor_trim(c);
    e = c->at;
    if (!e) {
        c->idle = !c->log->closed;
        return c->log->closed ? EVENT_END : EVENT_NONE;
    }
    if (cursor_gap(c, e, v))
        return EVENT_GOT;
    *v = (struct event_view){.kind = e->kind,
                             .host = e->host,
                             .index = e->index,
                             .stream = e->stream,
                             .seq = e->seq,
                             .ms = e->ms,
                             .offset = e->offset,
                             .text = e->text,
                             .len = e->len};
    cursor_pass(c, e);
    return EVENT_GOT;
}

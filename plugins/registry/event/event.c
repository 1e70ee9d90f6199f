#include "plugins/registry/event/event.h"

#include <stdlib.h>
#include <string.h>

#include "lib/auth/principal.h"
#include "lib/mem.h"
#include "plugins/registry/event/options.h"
#include "server/musterd.h"
#include "server/state/query.h"

#define EVENT_BUDGET 5000 /* of one reader in a turn: see query_run() */

enum reader_kind {
    READER_DEAF,    /* nothing: it may not watch, as far as is known */
    READER_PLAIN,   /* versions, of every change */
    READER_FILTER,  /* versions, of changes that touch its selection */
    READER_MISSED,  /* the same; what .since asked for is looked through */
    READER_LISTING, /* details: what is there already is being told */
    READER_DETAIL   /* details: what happens */
};

struct event_reader {
    struct musterd *m;
    struct conn *conn;
    enum reader_kind kind;
    struct watcher watcher; /* its place in the stream, and what it is of */
    struct query query;     /* READER_LISTING: what is there */
    uint64_t sync;    /* once this has been told, say so; UINT64_MAX: no */
    uint64_t touched; /* READER_MISSED: the last that did, or 0 ... */
    uint64_t until;   /* ... of those up to here */
    bool hidden;      /* details tell what the registry set, too */
    bool reason;      /* ... and why something left */
    struct loop_task go_on;
};

/* -- versions -------------------------------------------------------------- */

static void write_version(struct event_reader *r, uint64_t version)
{
    r->watcher.told = version;
    buf_add_fmt(conn_out(r->conn), "%08llu\n", (unsigned long long)version);
    conn_flush(r->conn);
}

/* Versions coalesce: while one is unread no other is added; when it has been
 * read the latest is told (drain). */
static void tell_version(struct event_reader *r)
{
    uint64_t version = watcher_touched(&r->m->watches, &r->watcher);

    if (version <= r->watcher.told)
        return;
    if (conn_queued(r->conn)) {
        conn_drain_when_empty(r->conn);
        return;
    }
    write_version(r, version);
}

/* -- details --------------------------------------------------------------- */

/* Of what left the selection always; of the rest only what is not plain. */
static const char *reason_word(const struct change *ch, enum watch_verdict v)
{
    if (ch->kind == CHANGE_GONE)
        return ch->reason == CHANGE_EXPIRED  ? "expired"
               : ch->reason == CHANGE_CLOSED ? "closed"
                                             : "removed";
    if (ch->reason == CHANGE_REPLACED)
        return "replaced";
    return v == WATCH_LEFT ? "changed" : NULL;
}

/* why: NULL, or what is behind .reason. */
static void tell_detail(struct event_reader *r, char sign, uint64_t revision,
                        const struct service *v, const struct record *record,
                        const char *why)
{
    struct buf *out = conn_out(r->conn);

    buf_add_char(out, sign);
    buf_add_char(out, ' ');
    buf_add_u64(out, revision);
    service_write(v, record, out);
    if (r->hidden)
        record_write_hidden(record, out);
    if (r->reason && why)
        buf_add_pair(out, ".reason", why);
    buf_add_char(out, '\n');
}

static void tell_mark(struct event_reader *r, char sign, uint64_t revision)
{
    struct buf *out = conn_out(r->conn);

    buf_add_char(out, sign);
    buf_add_char(out, ' ');
    buf_add_u64(out, revision);
    buf_add_char(out, '\n');
}

static void tell_change(struct event_reader *r, const struct change *ch,
                        enum watch_verdict v)
{
    static const char signs[] = {
        [WATCH_CAME] = '+', [WATCH_CHANGED] = '=', [WATCH_LEFT] = '-'};

    const struct record *shown = ch->after ? ch->after : ch->before;

    if (v == WATCH_LEFT && conn_principal(r->conn)->watch.kind != SCOPE_ALL)
        shown = ch->before; /* what it is now may be nothing for it */
    tell_detail(r, signs[v], ch->revision, ch->service, shown,
                reason_word(ch, v));
}

/* What was before r->sync has been told. */
static void tell_sync(struct event_reader *r)
{
    tell_mark(r, '=', r->sync);
    r->sync = UINT64_MAX;
}

static void tell_gap(struct event_reader *r)
{
    r->m->watches.gaps++;
    r->sync = UINT64_MAX;
    tell_mark(r, '!', r->watcher.told);
}

/* Walks along the stream as far as budget and output allow. */
static void reader_walk(struct event_reader *r)
{
    unsigned budget = musterd_share(r->m, EVENT_BUDGET);
    const struct change *ch;
    enum watch_verdict v;
    enum watch_next next;

    do {
        if (conn_is_full(r->conn))
            break;
        next = watcher_next(&r->m->watches, &r->watcher, &ch, &v, &budget);
        if (next == WATCH_GAP)
            tell_gap(r);
        if (next == WATCH_TOUCH && r->watcher.told > r->sync)
            tell_sync(r);
        if (next == WATCH_TOUCH)
            tell_change(r, ch, v);
        if (r->watcher.told >= r->sync)
            tell_sync(r);
    } while (next == WATCH_TOUCH || next == WATCH_GAP);
    conn_flush(r->conn);
    if (r->watcher.behind && !conn_is_full(r->conn))
        musterd_later(r->m, &r->go_on);
}

/* Looks through what happened since the revision that the reader named. */
static void reader_missed(struct event_reader *r)
{
    const struct changes *s = &r->m->catalog->changes;
    unsigned budget = musterd_share(r->m, EVENT_BUDGET);
    uint64_t *told = &r->watcher.told;
    enum watch_verdict v;

    if (!changes_knows(s, *told)) {
        r->kind = READER_FILTER;
        *told = s->head;
        tell_gap(r);
        conn_flush(r->conn);
        return;
    }
    while (*told < r->until && budget) {
        v = watch_verdict(r->watcher.watch, changes_at(s, *told + 1), &budget);
        if (v == WATCH_LATER)
            break;
        ++*told;
        if (v != WATCH_NONE)
            r->touched = *told;
    }
    if (*told < r->until) {
        musterd_later(r->m, &r->go_on);
        return;
    }
    r->kind = READER_FILTER;
    if (r->touched)
        write_version(r, r->touched);
    *told = r->until;
    tell_version(r);
}

static bool list_emit(void *arg, struct service *v)
{
    struct event_reader *r = arg;

    tell_detail(r, '+', v->changed, v, v->record, NULL);
    return !conn_is_full(r->conn);
}

/* Tells what is there; what happens meanwhile waits in the stream. */
static void reader_list(struct event_reader *r)
{
    unsigned budget = musterd_share(r->m, EVENT_BUDGET);

    if (conn_is_full(r->conn))
        return;
    if (query_run(&r->query, r->m->catalog, &budget, list_emit, r) ==
        QUERY_DONE) {
        r->kind = READER_DETAIL;
        reader_walk(r);
        return;
    }
    conn_flush(r->conn);
    if (!conn_is_full(r->conn))
        musterd_later(r->m, &r->go_on);
}

static void reader_tell(struct event_reader *r)
{
    if (conn_is_closing(r->conn))
        return;
    switch (r->kind) {
    case READER_PLAIN:
    case READER_FILTER: tell_version(r); break;
    case READER_MISSED: reader_missed(r); break;
    case READER_LISTING: reader_list(r); break;
    case READER_DETAIL: reader_walk(r); break;
    case READER_DEAF: break;
    }
}

static void reader_wake(struct watcher *w)
{
    reader_tell(container_of(w, struct event_reader, watcher));
}

static void reader_go_on(void *arg)
{
    struct event_reader *r = arg;

    musterd_turn_came(r->m);
    reader_tell(r);
}

/* -- becoming a filtered reader -------------------------------------------- */

/* The stream from `since` on: versions of what touched the selection. */
static void begin_filter(struct event_reader *r, bool missed)
{
    r->until = catalog_revision(r->m->catalog);
    r->touched = 0;
    r->kind = missed ? READER_MISSED : READER_FILTER;
    reader_tell(r);
}

static void begin_detail(struct event_reader *r, bool all, bool sync)
{
    const struct selector *s = &r->watcher.watch->selector;

    r->kind = all ? READER_LISTING : READER_DETAIL;
    r->sync = sync ? catalog_revision(r->m->catalog) : UINT64_MAX;
    r->query = (struct query){
        .terms = s->terms, .count = s->count, .left = UINT64_MAX};
    reader_tell(r);
}

/* What a selection takes that is there once for all of its readers. */
static size_t watch_bytes(const struct watch *w)
{
    return sizeof(*w) + WATCH_LOG * sizeof(*w->log) + strlen(w->key) +
           selector_size(&w->selector);
}

static void reader_unwatch(struct event_reader *r)
{
    const struct watch *w = r->watcher.watch;

    if (r->kind == READER_DEAF)
        return;
    if (w && w->readers == 1)
        r->m->watch_bytes -= watch_bytes(w);
    watcher_close(&r->m->watches, &r->watcher);
}

/* Takes the selector over. False, and it is deaf, if there is no room for one
 * more selection: what is told then, and that it is closed. */
static bool reader_watch(struct event_reader *r, struct selector *s,
                         bool details, uint64_t since)
{
    struct musterd *m = r->m;

    reader_unwatch(r);
    r->watcher.details = details;
    watcher_open(&m->watches, &r->watcher, s, since);
    if (r->watcher.watch->readers > 1)
        return true;
    m->watch_bytes += watch_bytes(r->watcher.watch);
    if (m->watch_bytes <= m->limits.watches)
        return true;
    reader_unwatch(r);
    r->kind = READER_DEAF;
    conn_refuse(r->conn, REFUSED_WATCHES,
                "the selections of all readers take too much memory: at most "
                "%zu bytes",
                m->limits.watches);
    conn_close(r->conn, "no room for its selection");
    return false;
}

/* What it is without a line of ours: told the versions of all changes, or of
 * those it may know. */
static void reader_plain(struct event_reader *r)
{
    const struct principal *p = conn_principal(r->conn);
    uint64_t now = catalog_revision(r->m->catalog);
    struct selector s = {0};

    reader_unwatch(r);
    r->kind = READER_DEAF;
    if (p->watch.kind == SCOPE_NONE)
        return;
    if (r->m->limits.readers &&
        r->m->watches.watchers >= r->m->limits.readers) {
        conn_refuse(r->conn, REFUSED_READERS,
                    "too many readers of events: at most %u",
                    r->m->limits.readers);
        conn_close(r->conn, "too many readers of events");
        return;
    }
    if (p->watch.kind == SCOPE_ALL)
        watcher_open(&r->m->watches, &r->watcher, NULL, now);
    else if (selector_add_all(&s, &p->watch.selector) ||
             !reader_watch(r, &s, false, now))
        return;
    r->kind = READER_PLAIN;
}

static void reader_begin(struct event_reader *r, struct selector *s,
                         const struct event_options *o)
{
    uint64_t now = catalog_revision(r->m->catalog), since = o->since;
    struct buf *out = conn_out(r->conn);

    if (since == UINT64_MAX || (o->detail && !since))
        since = now;
    if (!reader_watch(r, s, o->detail, since))
        return;
    r->hidden = o->hidden;
    r->reason = o->reason;
    buf_add_str(out, "READY ");
    buf_add_u64(out, now);
    buf_add_char(out, '\n');
    if (o->detail)
        begin_detail(r, o->since == 0, o->sync);
    else
        begin_filter(r, o->since != UINT64_MAX);
    conn_flush(r->conn);
}

static enum conn_verdict event_line(struct conn *c, void *arg, char *line,
                                    size_t len)
{
    struct event_reader *r = arg;
    const struct principal *p = conn_principal(c);
    struct event_options o = {.since = UINT64_MAX};
    struct selector s = {0};
    const char *wrong;
    enum refusal why = REFUSED_REQUEST;
    char *error;
    int n = musterd_split(r->m, line, len, &wrong);

    if (n <= 0 || !event_line_is_ours(r->m->words, n))
        return CONN_NEXT; /* a plain client may send what it likes */
    error = event_options_read(&s, &o, r->m->words, n);
    if (!error)
        error = musterd_refuse_selector(r->m, &s, &why);
    if (!error) {
        error = scope_narrow(p, &p->watch, "watch", &s);
        why = error ? REFUSED_RIGHT : why;
    }
    if (error) {
        conn_refuse(c, why, "%s", error);
        selector_free(&s);
        free(error);
        return CONN_NEXT;
    }
    reader_begin(r, &s, &o);
    return CONN_NEXT;
}

static enum conn_verdict event_too_long(struct conn *c, void *arg)
{
    (void)c;
    (void)arg;
    return CONN_NEXT;
}

/* -- life ------------------------------------------------------------------ */

static void event_eof(struct conn *c, void *arg)
{
    const struct event_reader *r = arg;

    /* who has asked and then closed its side (nc -N) is still told */
    if (r->kind <= READER_PLAIN)
        conn_close(c, "the peer closed the connection");
}

static void event_drain(struct conn *c, void *arg)
{
    (void)c;
    reader_tell(arg);
}

/* A reader may be quiet for as long as it likes, but one that is told nothing
 * shows who it is in time. */
static void event_timeout(struct conn *c, void *arg)
{
    const struct event_reader *r = arg;
    char *text = principal_refusal(conn_principal(c), "watch");

    if (r->kind == READER_DEAF) {
        conn_refuse(c, REFUSED_RIGHT, "%s", text);
        conn_close(c, "it may not watch");
    }
    free(text);
}

/* A token was shown, on the first line. */
static void event_principal(struct conn *c, void *arg)
{
    struct event_reader *r = arg;

    reader_plain(r);
    if (!conn_is_closing(c))
        event_timeout(c, r);
}

static void *event_open(struct conn *c, void *ctx)
{
    struct event_reader *r = xcalloc(1, sizeof(*r));

    r->m = ctx;
    r->conn = c;
    r->sync = UINT64_MAX;
    r->go_on = (struct loop_task){.fn = reader_go_on, .arg = r};
    r->watcher.wake = reader_wake;
    conn_set_output(c, r->m->limits.watch_queue);
    reader_plain(r);
    if (!conn_is_closing(c))
        buf_add_str(conn_out(c), "READY\n");
    conn_flush(c);
    return r;
}

static void event_closed(struct conn *c, void *arg, const char *reason)
{
    struct event_reader *r = arg;

    (void)c;
    (void)reason;
    musterd_not_later(r->m, &r->go_on);
    reader_unwatch(r);
    free(r);
}

const struct listen_face *event_face(void)
{
    static const struct listen_face face = {
        .name = "event",
        .open = event_open,
        .handler = {.line = event_line,
                    .too_long = event_too_long,
                    .eof = event_eof,
                    .drain = event_drain,
                    .timeout = event_timeout,
                    .principal = event_principal,
                    .closed = event_closed},
    };

    return &face;
}

#include "plugins/registry/find/find.h"

#include <stdlib.h>
#include <string.h>

#include "lib/directive.h"
#include "lib/mem.h"
#include "lib/selector.h"
#include "server/musterd.h"
#include "server/state/query.h"

#define FIND_BUDGET 10000 /* services examined in one turn of the loop */

struct find_options {
    bool keep, names, count;
    uint64_t limit, since; /* UINT64_MAX: not said */
    struct word after;     /* text NULL: not said */
};

static const struct directive directives[] = {
    {".keep", DIRECTIVE_FLAG, 0, offsetof(struct find_options, keep)},
    {".names", DIRECTIVE_FLAG, 0, offsetof(struct find_options, names)},
    {".count", DIRECTIVE_FLAG, 0, offsetof(struct find_options, count)},
    {".limit", DIRECTIVE_NUMBER, UINT64_MAX - 1,
     offsetof(struct find_options, limit)},
    {".since", DIRECTIVE_NUMBER, UINT64_MAX - 1,
     offsetof(struct find_options, since)},
    {".after", DIRECTIVE_TEXT, 0, offsetof(struct find_options, after)},
};

struct finder {
    struct musterd *m;
    struct conn *conn;
    struct selector selector;
    struct find_options options;
    struct query query;
    struct loop_task go_on; /* the next part of a long answer */
    uint64_t revision;      /* as of which the answer is */
    uint64_t told;          /* .since: changes up to here are told */
    uint64_t found;
    bool keep; /* .keep was said: it stays */
    bool answering;
};

/* -- writing --------------------------------------------------------------- */

static void write_service(struct finder *f, const struct service *v)
{
    struct buf *out = conn_out(f->conn);

    catalog_write_service(v, f->options.names ? NULL : v->record, out);
    buf_add_char(out, '\n');
}

static bool find_emit(void *arg, struct service *v)
{
    struct finder *f = arg;

    f->found++;
    if (f->options.count)
        return true;
    write_service(f, v);
    return !conn_is_full(f->conn);
}

static void find_end(struct finder *f)
{
    struct buf *out = conn_out(f->conn);

    f->answering = false;
    if (f->options.count) {
        buf_add_u64(out, f->found);
        buf_add_char(out, '\n');
    }
    if (f->keep) {
        buf_add_str(out, ".end ");
        buf_add_u64(out, f->revision);
        buf_add_char(out, '\n');
    } else {
        conn_close(f->conn, "answered");
    }
    conn_flush(f->conn);
    selector_free(&f->selector);
}

/* -- answering ------------------------------------------------------------- */

static bool selected(const struct finder *f, const struct service *v,
                     const struct record *r)
{
    return query_matches(f->selector.terms, f->selector.count, v, r);
}

/*
 * One change after .since: a service is told at its last change, and that it
 * is gone where it left the selection for good.
 */
static void find_tell_change(struct finder *f, const struct change *ch)
{
    struct buf *out = conn_out(f->conn);
    struct service *v = ch->service, *now;

    if (v->registered && selected(f, v, v->record)) {
        if (v->changed == ch->revision) {
            f->found++;
            if (!f->options.count)
                write_service(f, v);
        }
        return;
    }
    if (!selected(f, v, ch->before) || selected(f, v, ch->after))
        return;
    now = catalog_find(f->m->catalog, v->name, v->name_len);
    if ((now && selected(f, now, now->record)) || f->options.count)
        return; /* another one of that name follows */
    buf_add_str(out, ".gone");
    buf_add_word(out, v->name, v->name_len);
    buf_add_char(out, '\n');
}

static enum query_state find_since(struct finder *f)
{
    const struct changes *s = &f->m->catalog->changes;
    unsigned budget = FIND_BUDGET;

    if (!changes_knows(s, f->told)) {
        /* the ring has moved on under a long answer: from the beginning */
        buf_add_str(conn_out(f->conn), ".all\n");
        f->options.since = UINT64_MAX;
        f->revision = s->head;
        return QUERY_MORE;
    }
    while (f->told < f->revision) {
        if (!budget-- || conn_is_full(f->conn))
            return QUERY_MORE;
        find_tell_change(f, changes_at(s, ++f->told));
    }
    return QUERY_DONE;
}

/* The next part of the answer. Returns true when it is complete. */
static bool find_part(struct finder *f)
{
    enum query_state state;

    if (f->options.since != UINT64_MAX)
        state = find_since(f);
    else
        state = query_run(&f->query, f->m->catalog, FIND_BUDGET, find_emit, f);
    if (state == QUERY_DONE) {
        find_end(f);
        return true;
    }
    conn_flush(f->conn);
    if (!conn_is_full(f->conn))
        loop_later(f->m->loop, &f->go_on);
    return false;
}

static void find_go_on(void *arg)
{
    struct finder *f = arg;

    if (f->answering && !conn_is_closing(f->conn) && find_part(f))
        conn_resume(f->conn);
}

/* -- asking ---------------------------------------------------------------- */

/* The place of a service that is or was there, for paging on. */
static bool find_place(const struct catalog *c, const struct word *name,
                       uint64_t *seq)
{
    const struct service *v = catalog_find(c, name->text, name->len);
    const struct changes *s = &c->changes;
    uint64_t i;

    for (i = 0; !v && i < s->count; i++) {
        const struct change *ch = changes_at(s, s->head - i);

        if (ch->kind == CHANGE_GONE && word_is(name, ch->service->name))
            v = ch->service;
    }
    if (v)
        *seq = v->seq;
    return v != NULL;
}

static char *find_read_pairs(struct finder *f, const struct word *w, int n)
{
    char *error = NULL;
    int i;

    if (n % 2)
        return xstrdup("odd attribute/value pairs");
    for (i = 0; i < n && !error; i += 2) {
        if (word_is_directive(&w[i]) && !word_is(&w[i], ".name"))
            error = directive_read(directives, ARRAY_LEN(directives), &w[i],
                                   &w[i + 1], &f->options);
        else
            error = selector_add_pair(&f->selector, &w[i], &w[i + 1]);
    }
    return error;
}

static char *find_check(struct finder *f)
{
    struct find_options *o = &f->options;

    f->query = (struct query){.terms = f->selector.terms,
                              .count = f->selector.count,
                              .left = o->limit};
    if (o->since != UINT64_MAX && (o->after.text || o->limit != UINT64_MAX))
        return xstrdup(".since goes with neither .limit nor .after");
    if (o->after.text && !find_place(f->m->catalog, &o->after, &f->query.after))
        return xasprintf("no such service: %.80s", o->after.text);
    return NULL;
}

static void find_begin(struct finder *f)
{
    const struct changes *s = &f->m->catalog->changes;

    f->revision = s->head;
    f->found = 0;
    f->answering = true;
    f->told = f->options.since;
    if (f->told != UINT64_MAX && !changes_knows(s, f->told)) {
        buf_add_str(conn_out(f->conn), ".all\n");
        f->options.since = UINT64_MAX;
    }
}

static enum conn_verdict find_line(struct conn *c, void *arg, char *line,
                                   size_t len)
{
    struct finder *f = arg;
    const char *wrong;
    char *error;
    int n = musterd_split(f->m, line, len, &wrong);

    f->options = (struct find_options){
        .keep = f->keep, .limit = UINT64_MAX, .since = UINT64_MAX};
    error = n < 0 ? xstrdup(wrong) : find_read_pairs(f, f->m->words, n);
    if (!error)
        error = find_check(f);
    if (error) {
        conn_error(c, "%s", error);
        free(error);
        selector_free(&f->selector);
        if (!f->keep)
            conn_close(c, "its query was refused");
        return CONN_NEXT;
    }
    f->keep = f->options.keep;
    find_begin(f);
    return find_part(f) ? CONN_NEXT : CONN_WAIT;
}

static enum conn_verdict find_too_long(struct conn *c, void *arg)
{
    struct finder *f = arg;

    conn_error(c, "line too long");
    if (!f->keep)
        conn_close(c, "its query was too long");
    return CONN_NEXT;
}

static void find_drain(struct conn *c, void *arg)
{
    (void)c;
    find_go_on(arg);
}

/* -- life ------------------------------------------------------------------ */

static void *find_open(struct conn *c, void *ctx)
{
    struct finder *f = xcalloc(1, sizeof(*f));

    f->m = ctx;
    f->conn = c;
    f->go_on = (struct loop_task){.fn = find_go_on, .arg = f};
    return f;
}

static void find_closed(struct conn *c, void *arg, const char *reason)
{
    struct finder *f = arg;

    (void)c;
    (void)reason;
    loop_unsettle(f->m->loop, &f->go_on);
    selector_free(&f->selector);
    free(f);
}

const struct listen_face *find_face(void)
{
    static const struct listen_face face = {
        .name = "find",
        .open = find_open,
        .handler = {.line = find_line,
                    .too_long = find_too_long,
                    .drain = find_drain,
                    .closed = find_closed},
    };

    return &face;
}

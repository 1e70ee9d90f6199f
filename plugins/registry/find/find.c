#include "plugins/registry/find/find.h"

#include <stdlib.h>
#include <string.h>

#include "lib/request.h"
#include "lib/mem.h"
#include "plugins/registry/find/finder.h"

static const struct directive directives[] = {
    {".keep", DIRECTIVE_FLAG, 0, offsetof(struct find_options, keep)},
    {".names", DIRECTIVE_FLAG, 0, offsetof(struct find_options, names)},
    {".count", DIRECTIVE_FLAG, 0, offsetof(struct find_options, count)},
    {".meta", DIRECTIVE_FLAG, 0, offsetof(struct find_options, meta)},
    {".limit", DIRECTIVE_NUMBER, UINT64_MAX - 1,
     offsetof(struct find_options, limit)},
    {".since", DIRECTIVE_NUMBER, UINT64_MAX - 1,
     offsetof(struct find_options, since)},
    {".after", DIRECTIVE_TEXT, 0, offsetof(struct find_options, after)},
};

/* -- asking ---------------------------------------------------------------- */

/* The place of a service that is or was there, for paging on. */
static bool find_place(struct finder *f, const struct word *name, uint64_t *seq)
{
    const struct catalog *c = f->m->catalog;
    const struct service *v = catalog_find(c, name->text, name->len);
    const struct changes *s = &c->changes;
    uint64_t i;

    for (i = 0; !v && i < s->count; i++) {
        const struct change *ch = changes_at(s, s->head - i);

        if (ch->kind == CHANGE_GONE && word_is(name, ch->service->name))
            v = ch->service;
    }
    query_spend(&f->budget, i / 4);
    if (v)
        *seq = v->seq;
    return v != NULL;
}

static char *find_check(struct finder *f)
{
    struct find_options *o = &f->options;

    f->query = (struct query){.terms = f->selector.terms,
                              .count = f->selector.count,
                              .left = o->limit};
    if (o->since != UINT64_MAX && (o->after.text || o->limit != UINT64_MAX))
        return xstrdup(".since goes with neither .limit nor .after");
    if (o->meta && o->count)
        return xstrdup(".meta does not go with .count");
    if (o->after.text && !find_place(f, &o->after, &f->query.after))
        return xasprintf("no such service: %.80s", o->after.text);
    return NULL;
}

/* The line waits until the long answer before it is done. */
static void find_put_off(struct finder *f, const struct word *w, int n)
{
    int i;

    for (i = 0; i < n; i++)
        buf_add_word(&f->put_off, w[i].text, w[i].len);
    buf_add_char(&f->put_off, '\n');
}

static void find_refuse(struct finder *f, enum refusal why, const char *error)
{
    conn_refuse(f->conn, why, "%s", error);
    selector_free(&f->selector);
    if (!f->keep)
        conn_close(f->conn, "its query was refused");
}

static bool find_words(struct finder *f, const struct word *w, int n)
{
    enum refusal why = REFUSED_REQUEST;
    char *error;

    f->options = (struct find_options){
        .keep = f->keep, .limit = UINT64_MAX, .since = UINT64_MAX};
    error = request_read(&f->selector, directives, ARRAY_LEN(directives),
                         &f->options, w, n);
    if (!error)
        error = musterd_refuse_selector(f->m, &f->selector, &why);
    if (!error)
        error = find_check(f);
    if (error) {
        find_refuse(f, why, error);
        free(error);
        return true;
    }
    f->keep = f->options.keep;
    answer_begin(f);
    return answer_part(f);
}

static enum conn_verdict find_line(struct conn *c, void *arg, char *line,
                                   size_t len)
{
    struct finder *f = arg;
    struct word *w = f->m->words;
    const char *wrong;
    int n = musterd_split(f->m, line, len, &wrong);

    (void)c;
    if (quick_take(f, w, n)) {
        if (f->quick_count == QUERY_BATCH)
            quick_answer_all(f);
    } else {
        quick_answer_all(f);
        if (n < 0)
            find_refuse(f, REFUSED_REQUEST, wrong);
        else if (f->answering)
            find_put_off(f, w, n);
        else
            find_words(f, w, n);
    }
    return f->answering ? CONN_WAIT : CONN_NEXT;
}

static enum conn_verdict find_batch_end(struct conn *c, void *arg)
{
    struct finder *f = arg;

    (void)c;
    quick_answer_all(f);
    f->budget = musterd_share(f->m, FIND_BUDGET);
    return f->answering ? CONN_WAIT : CONN_NEXT;
}

/* Takes up the lines that were put off, as long as their answers are short. */
static void find_take_up(struct finder *f)
{
    struct buf lines = f->put_off;
    char *line, *lf;

    f->put_off = (struct buf)BUF_INIT;
    while (buf_len(&lines)) {
        line = buf_data(&lines);
        lf = memchr(line, '\n', buf_len(&lines));
        *lf = '\0';
        if (f->answering) {
            buf_add(&f->put_off, line, (size_t)(lf - line));
            buf_add_char(&f->put_off, '\n');
        } else {
            find_line(f->conn, f, line, (size_t)(lf - line));
        }
        buf_consume(&lines, (size_t)(lf - line) + 1);
    }
    quick_answer_all(f);
    buf_free(&lines);
}

static void find_go_on(void *arg)
{
    struct finder *f = arg;

    f->budget = musterd_share(f->m, FIND_BUDGET);
    if (!f->answering || conn_is_closing(f->conn) || !answer_part(f))
        return;
    find_take_up(f);
    if (!f->answering)
        conn_resume(f->conn);
}

static void find_next_turn(void *arg)
{
    struct finder *f = arg;

    musterd_turn_came(f->m);
    find_go_on(f);
}

static enum conn_verdict find_too_long(struct conn *c, void *arg)
{
    struct finder *f = arg;

    (void)c;
    quick_answer_all(f);
    find_refuse(f, REFUSED_LINE, refusal_text(REFUSED_LINE));
    return f->answering ? CONN_WAIT : CONN_NEXT;
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
    f->budget = musterd_share(f->m, FIND_BUDGET);
    f->go_on = (struct loop_task){.fn = find_next_turn, .arg = f};
    return f;
}

static void find_closed(struct conn *c, void *arg, const char *reason)
{
    struct finder *f = arg;

    (void)c;
    (void)reason;
    musterd_not_later(f->m, &f->go_on);
    selector_free(&f->selector);
    quick_free(f);
    free(f);
}

const struct listen_face *find_face(void)
{
    static const struct listen_face face = {
        .name = "find",
        .open = find_open,
        .handler = {.line = find_line,
                    .too_long = find_too_long,
                    .batch_end = find_batch_end,
                    .drain = find_drain,
                    .closed = find_closed},
    };

    return &face;
}

#include "plugins/registry/find/find.h"

#include <stdlib.h>
#include <string.h>

#include "lib/request.h"
#include "lib/mem.h"
#include "plugins/registry/find/finder.h"

#define PUT_OFF_REFUSAL '\1'

static const struct directive directives[] = {
    {".keep", DIRECTIVE_FLAG, 0, offsetof(struct find_options, keep)},
    {".names", DIRECTIVE_FLAG, 0, offsetof(struct find_options, names)},
    {".count", DIRECTIVE_FLAG, 0, offsetof(struct find_options, count)},
    {".meta", DIRECTIVE_FLAG, 0, offsetof(struct find_options, meta)},
    {".hidden", DIRECTIVE_FLAG, 0, offsetof(struct find_options, hidden)},
    {".pinned", DIRECTIVE_FLAG, 0, offsetof(struct find_options, pinned)},
    {".whoami", DIRECTIVE_FLAG, 0, offsetof(struct find_options, whoami)},
    {".limit", DIRECTIVE_NUMBER, UINT64_MAX - 1,
     offsetof(struct find_options, limit)},
    {".since", DIRECTIVE_NUMBER, UINT64_MAX - 1,
     offsetof(struct find_options, since)},
    {".after", DIRECTIVE_TEXT, 0, offsetof(struct find_options, after)},
};

/* -- asking ---------------------------------------------------------------- */

static bool find_sees(const struct finder *f, const struct service *v,
                      const struct record *r)
{
    const struct principal *p = conn_principal(f->conn);

    return p->all || scope_has(&p->find, v->name, record_lookup, r);
}

/* Looks for one that was there. It may take long, and so only one look is had
 * in a turn of the loop, whoever asks: MORE. */
static enum selector_result
place_of_gone(struct finder *f, const struct word *name, uint64_t *seq)
{
    const struct changes *s = &f->m->catalog->changes;
    const struct change *ch;
    uint64_t i;

    if (!musterd_may_look(f->m))
        return SELECTOR_MORE;
    f->budget = 0;
    for (i = 0; i < s->count; i++) {
        ch = changes_at(s, s->head - i);
        if (ch->kind != CHANGE_GONE || !word_is(name, ch->service->name) ||
            !find_sees(f, ch->service, ch->before))
            continue;
        *seq = ch->service->seq;
        return SELECTOR_YES;
    }
    return SELECTOR_NO;
}

/* The place of a service that is or was there, for paging on. */
static char *find_place(struct finder *f, const struct word *name,
                        uint64_t *seq)
{
    const struct service *v =
        catalog_find(f->m->catalog, name->text, name->len);
    enum selector_result found = SELECTOR_YES;

    if (v && find_sees(f, v, v->record))
        *seq = v->seq;
    else
        found = place_of_gone(f, name, seq);
    f->tired = found == SELECTOR_MORE;
    return found == SELECTOR_NO
               ? xasprintf("no such service: %.80s", name->text)
               : NULL;
}

/* What who asks may not see is as if it were not there. */
static char *find_narrow(struct finder *f, enum refusal *why)
{
    const struct principal *p = conn_principal(f->conn);
    char *error;

    if (p->all || f->options.whoami)
        return NULL;
    error = scope_narrow(p, &p->find, "find", &f->selector);
    if (error)
        *why = REFUSED_RIGHT;
    return error;
}

static char *find_check(struct finder *f)
{
    struct find_options *o = &f->options;

    f->query = (struct query){.terms = f->selector.terms,
                              .count = f->selector.count,
                              .left = o->limit};
    if ((o->names || o->count) && (o->hidden || o->pinned))
        return xstrdup(".hidden and .pinned go with neither .names nor "
                       ".count");
    if (o->since != UINT64_MAX && (o->after.text || o->limit != UINT64_MAX))
        return xstrdup(".since goes with neither .limit nor .after");
    if (o->meta && o->count)
        return xstrdup(".meta does not go with .count");
    return o->after.text ? find_place(f, &o->after, &f->query.after) : NULL;
}

/* The line waits: until the long answer before it is done, or for a turn in
 * which there is a budget for it. */
static void find_put_off(struct finder *f, const struct word *w, int n)
{
    int i;

    for (i = 0; i < n; i++)
        buf_add_word(&f->put_off, w[i].text, w[i].len);
    buf_add_char(&f->put_off, '\n');
}

/* The same of one that is refused, as a word that nobody can say unquoted. */
static void find_put_off_refusal(struct finder *f, enum refusal why,
                                 const char *error)
{
    buf_add_char(&f->put_off, PUT_OFF_REFUSAL);
    buf_add_char(&f->put_off, (char)('A' + why));
    buf_add_str(&f->put_off, error);
    buf_add_char(&f->put_off, '\n');
}

static void find_refuse(struct finder *f, enum refusal why, const char *error)
{
    if (f->answering || f->tired) {
        find_put_off_refusal(f, why, error);
        return;
    }
    conn_refuse(f->conn, why, "%s", error);
    selector_free(&f->selector);
    if (!f->keep)
        conn_close(f->conn, "its query was refused");
}

/* Whether the next line must wait. */
static enum conn_verdict find_verdict(struct finder *f)
{
    if (f->answering)
        return CONN_WAIT;
    if (!f->budget)
        f->tired = true;
    if (!f->tired)
        return CONN_NEXT;
    musterd_later(f->m, &f->go_on);
    return CONN_WAIT;
}

static void find_words(struct finder *f, const struct word *w, int n)
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
        error = find_narrow(f, &why);
    if (!error)
        error = find_check(f);
    if (error) {
        find_refuse(f, why, error);
        free(error);
        return;
    }
    if (f->tired) {
        selector_free(&f->selector);
        find_put_off(f, w, n);
        return;
    }
    f->keep = f->options.keep;
    if (f->options.whoami) {
        answer_whoami(f);
        return;
    }
    answer_begin(f);
    answer_part(f);
}

static enum conn_verdict find_line(struct conn *c, void *arg, char *line,
                                   size_t len)
{
    struct finder *f = arg;
    struct word *w = f->m->words;
    const char *wrong;
    int n = musterd_split(f->m, line, len, &wrong);

    (void)c;
    query_spend(&f->budget, len / 64);
    if (quick_take(f, w, n)) {
        if (f->quick_count == QUERY_BATCH)
            quick_answer_all(f);
    } else {
        quick_answer_all(f);
        if (n < 0)
            find_refuse(f, REFUSED_REQUEST, wrong);
        else if (f->answering || f->tired)
            find_put_off(f, w, n);
        else
            find_words(f, w, n);
    }
    return find_verdict(f);
}

static enum conn_verdict find_batch_end(struct conn *c, void *arg)
{
    struct finder *f = arg;

    (void)c;
    quick_answer_all(f);
    if (f->answering || f->tired)
        return CONN_WAIT;
    f->budget = musterd_share(f->m, FIND_BUDGET);
    return CONN_NEXT;
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
        if (f->answering || f->tired) {
            buf_add(&f->put_off, line, (size_t)(lf - line));
            buf_add_char(&f->put_off, '\n');
        } else if (*line == PUT_OFF_REFUSAL) {
            quick_answer_all(f);
            find_refuse(f, (enum refusal)(line[1] - 'A'), line + 2);
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
    if (conn_is_closing(f->conn) || (f->answering && !answer_part(f)))
        return;
    f->tired = false;
    find_take_up(f);
    if (find_verdict(f) == CONN_NEXT)
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
    return find_verdict(f);
}

static void find_drain(struct conn *c, void *arg)
{
    const struct finder *f = arg;

    (void)c;
    if (f->answering)
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

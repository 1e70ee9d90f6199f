#include <stdlib.h>

#include "lib/mem.h"
#include "plugins/registry/find/finder.h"

#define QUICK_TERMS 4 /* most terms of such a query */

/* Its terms point into the line, which is valid until the batch ends. */
struct quick {
    struct query query;
    struct selector_term terms[QUICK_TERMS];
};

/* Whose query is not narrowed. */
static bool sees_all(const struct finder *f)
{
    return conn_principal(f->conn)->find.kind == SCOPE_ALL;
}

bool quick_take(struct finder *f, const struct word *w, int n)
{
    struct quick *q;
    int i;

    if (!f->keep || !sees_all(f) || n % 2 || !n || n > 2 * QUICK_TERMS)
        return false;
    if (!f->quick)
        f->quick = xcalloc(QUERY_BATCH, sizeof(*f->quick));
    q = &f->quick[f->quick_count];
    for (i = 0; i < n; i += 2)
        if (!selector_borrow_pair(&q->terms[i / 2], &w[i], &w[i + 1]))
            return false;
    q->query = (struct query){
        .terms = q->terms, .count = (unsigned)n / 2, .left = UINT64_MAX};
    f->quick_count++;
    return true;
}

static bool quick_emit(void *arg, struct service *v)
{
    struct finder *f = arg;

    answer_service(f, v);
    return !conn_is_full(f->conn);
}

/* It turned out to be long: it owns its terms from now on, and is answered as
 * any other query, from where it stands. */
static void quick_settle_down(struct finder *f, const struct quick *q)
{
    struct word attr, value;
    unsigned i;

    for (i = 0; i < q->query.count; i++) {
        attr = (struct word){.text = q->terms[i].attr,
                             .len = q->terms[i].attr_len};
        value = (struct word){.text = q->terms[i].value,
                              .len = q->terms[i].value_len};
        free(selector_add_pair(&f->selector, &attr, &value));
    }
    f->query = q->query;
    f->query.terms = f->selector.terms;
    f->answering = true;
}

static void quick_put_off(struct finder *f, const struct quick *q)
{
    unsigned i;

    for (i = 0; i < q->query.count; i++) {
        buf_add_word(&f->put_off, q->terms[i].attr, q->terms[i].attr_len);
        buf_add_word(&f->put_off, q->terms[i].value, q->terms[i].value_len);
    }
    buf_add_char(&f->put_off, '\n');
}

static void quick_answer(struct finder *f, struct quick *q)
{
    if (query_run(&q->query, f->m->catalog, &f->budget, quick_emit, f) ==
        QUERY_DONE) {
        answer_end(f);
        return;
    }
    quick_settle_down(f, q);
    answer_pause(f);
}

void quick_answer_all(struct finder *f)
{
    const struct query *queries[QUERY_BATCH];
    unsigned i, n = f->quick_count;

    if (!n)
        return; /* a long answer may be under way: it keeps what it has */
    f->quick_count = 0;
    for (i = 0; i < n; i++)
        queries[i] = &f->quick[i].query;
    if (n > 1)
        query_warm(f->m->catalog, queries, n);
    f->revision = catalog_revision(f->m->catalog);
    f->options = (struct find_options){
        .keep = true, .limit = UINT64_MAX, .since = UINT64_MAX};
    for (i = 0; i < n; i++) {
        if (f->answering)
            quick_put_off(f, &f->quick[i]);
        else
            quick_answer(f, &f->quick[i]);
    }
    conn_flush(f->conn);
}

void quick_free(struct finder *f)
{
    free(f->quick);
    buf_free(&f->put_off);
}

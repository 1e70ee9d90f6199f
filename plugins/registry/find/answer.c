#include "lib/auth/rights.h"
#include "plugins/registry/find/finder.h"

/* -- writing --------------------------------------------------------------- */

void answer_service(struct finder *f, const struct service *v)
{
    struct buf *out = conn_out(f->conn);

    service_write(v, f->options.names ? NULL : v->record, out);
    if (f->options.meta)
        meta_write(f, v, out);
    if (f->options.hidden)
        record_write_hidden(v->record, out);
    if (f->options.pinned)
        catalog_write_pinned(v->record, out);
    buf_add_char(out, '\n');
}

static bool find_emit(void *arg, struct service *v)
{
    struct finder *f = arg;

    f->found++;
    if (f->options.count)
        return true;
    answer_service(f, v);
    return !conn_is_full(f->conn);
}

void answer_end(struct finder *f)
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

static enum selector_result selected(struct finder *f, const struct service *v,
                                     const struct record *r)
{
    return query_matches(f->selector.terms, f->selector.count, v, r,
                         &f->budget);
}

static void tell_gone(struct finder *f, const struct service *v)
{
    struct buf *out = conn_out(f->conn);

    if (f->options.count)
        return;
    buf_add_str(out, ".gone");
    buf_add_word(out, v->name, v->name_len);
    buf_add_char(out, '\n');
}

/* Whether v left the selection with that change, and none of its name is in it
 * now (that one follows). */
static enum selector_result left_for_good(struct finder *f,
                                          const struct change *ch)
{
    struct service *v = ch->service, *now;
    enum selector_result r = selected(f, v, ch->before);

    if (r != SELECTOR_YES)
        return r;
    r = selected(f, v, ch->after);
    now = catalog_find(f->m->catalog, v->name, v->name_len);
    if (r == SELECTOR_NO && now)
        r = selected(f, now, now->record);
    if (r == SELECTOR_MORE)
        return r;
    return r == SELECTOR_NO ? SELECTOR_YES : SELECTOR_NO;
}

/*
 * One change after .since: a service is told at its last change, and that it
 * is gone where it left the selection for good. False if the budget ends within
 * it: then it comes again.
 */
static bool find_tell_change(struct finder *f, const struct change *ch)
{
    struct service *v = ch->service;
    enum selector_result r = SELECTOR_NO;

    if (ch->kind == CHANGE_OTHER)
        return true;
    if (v->registered)
        r = selected(f, v, v->record);
    if (r == SELECTOR_YES && v->changed == ch->revision) {
        f->found++;
        if (!f->options.count)
            answer_service(f, v);
    }
    if (r != SELECTOR_NO)
        return r == SELECTOR_YES;
    r = left_for_good(f, ch);
    if (r == SELECTOR_YES)
        tell_gone(f, v);
    return r != SELECTOR_MORE;
}

static enum query_state find_since(struct finder *f)
{
    const struct changes *s = &f->m->catalog->changes;

    if (!changes_knows(s, f->told)) {
        /* the ring has moved on under a long answer: from the beginning */
        buf_add_str(conn_out(f->conn), ".all\n");
        f->options.since = UINT64_MAX;
        f->revision = s->head;
        return QUERY_MORE;
    }
    while (f->told < f->revision) {
        if (!f->budget || conn_is_full(f->conn))
            return QUERY_MORE;
        if (!find_tell_change(f, changes_at(s, f->told + 1)))
            return QUERY_MORE;
        f->told++;
    }
    return QUERY_DONE;
}

void answer_whoami(struct finder *f)
{
    const struct principal *p = conn_principal(f->conn);
    struct buf *out = conn_out(f->conn);

    f->revision = catalog_revision(f->m->catalog);
    buf_add_words(out, p->name);
    rights_write(p, false, out);
    buf_add_char(out, '\n');
    answer_end(f);
}

void answer_pause(struct finder *f)
{
    conn_flush(f->conn);
    if (!conn_is_full(f->conn))
        musterd_later(f->m, &f->go_on);
}

void answer_begin(struct finder *f)
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

bool answer_part(struct finder *f)
{
    enum query_state state;

    if (f->options.since != UINT64_MAX)
        state = find_since(f);
    else
        state = query_run(&f->query, f->m->catalog, &f->budget, find_emit, f);
    if (state == QUERY_DONE) {
        answer_end(f);
        return true;
    }
    answer_pause(f);
    return false;
}

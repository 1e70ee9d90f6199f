#include "plugins/registry/consul/listing.h"

#include <stdlib.h>
#include <string.h>

#include "plugins/registry/consul/boolean.h"
#include "plugins/registry/consul/listing_impl.h"
#include "server/musterd.h"

#define PIECE_ROWS 1000 /* looked at, shown or not */

/* What each kind of rows is, and what it heeds. */
static const struct {
    enum dir_kind kind;
    enum filter_kind filter;
    bool filters, near, tags, metas, object;
} kinds[] = {
    [LIST_NODES] = {DIR_NODES, FILTER_NODE, true, true, false, true, false},
    [LIST_SERVICES] = {DIR_SERVICES, FILTER_NODE, false, false, false, true,
                       true},
    [LIST_INSTANCES] = {DIR_SERVICE, FILTER_INSTANCE, true, true, true, true,
                        false},
    [LIST_OF_NODE] = {DIR_NODE, FILTER_SERVICE, true, false, false, false,
                      true},
    [LIST_ENTRIES] = {DIR_HEALTH, FILTER_ENTRY, true, true, true, true, false},
    [LIST_CHECKS] = {DIR_SERVICE_CHECKS, FILTER_CHECK, true, true, false, true,
                     false},
    [LIST_NODE_CHECKS] = {DIR_NODE_CHECKS, FILTER_CHECK, true, false, false,
                          false, false},
    [LIST_STATE] = {DIR_STATE, FILTER_CHECK, true, true, false, true, false},
    [LIST_NOTHING] = {DIR_SERVICE, FILTER_NODE, false, false, false, false,
                      false},
};

/* -- rows ------------------------------------------------------------------ */

/* Of two services with one id the first is shown. */
static void write_by_id(struct listing *l, const struct dir_instance *i)
{
    struct call *c = l->call;
    struct filter_mark mark;

    if (buf_len(&l->last) && !strcmp(buf_str(&l->last), i->id))
        return;
    buf_reset(&l->last, 4096);
    buf_add_str(&l->last, i->id);
    filter_mark(&mark, &c->out);
    jw_key_text(&c->out, i->id, strlen(i->id));
    filter_value(&mark, &c->out);
    row_service(c, i);
    filter_keep(c->filter, &c->out, &mark);
}

static void write_checks(struct listing *l, const struct dir_instance *i)
{
    const struct dir_check *check = NULL;
    struct call *c = l->call;
    struct filter_mark mark;

    while ((check = dir_own_next_check(i, check))) {
        filter_mark(&mark, &c->out);
        row_check(c, check);
        filter_keep(c->filter, &c->out, &mark);
    }
}

static void write_row(struct listing *l, const struct listing_row *row)
{
    struct call *c = l->call;
    struct filter_mark mark;

    filter_mark(&mark, &c->out);
    switch (l->rows) {
    case LIST_NODES: row_node(c, row->node); break;
    case LIST_SERVICES: return; /* listing_write_names() */
    case LIST_INSTANCES: row_instance(c, row->instance); break;
    case LIST_OF_NODE: write_by_id(l, row->instance); return;
    case LIST_ENTRIES: row_entry(c, row->instance); break;
    case LIST_CHECKS: write_checks(l, row->instance); return;
    case LIST_NODE_CHECKS:
    case LIST_STATE: row_check(c, row->check); break;
    case LIST_NOTHING: return;
    }
    filter_keep(c->filter, &c->out, &mark);
}

/* Whether there is more; *n rows are looked at, at most. */
static bool piece(struct listing *l, unsigned n)
{
    struct listing_row row;

    if (l->sorts && !l->sorted && !listing_sort(l, &n))
        return true;
    if (l->inside && !listing_go_on_names(l, &n))
        return true;
    while (n && buf_len(&l->call->out.buf) < LISTING_PIECE_BYTES) {
        n--;
        if (!(l->sorted ? listing_next_sorted(l, &row) : listing_next(l, &row)))
            return false;
        if (l->rows == LIST_SERVICES && !listing_write_names(l, row.name, &n))
            return true;
        if (l->sorted || listing_shows(l, &row))
            write_row(l, &row);
    }
    return true;
}

static void close_list(struct listing *l)
{
    jw_close(&l->call->out);
    if (l->rows == LIST_OF_NODE)
        jw_close(&l->call->out);
}

static bool more(struct call *c)
{
    struct listing *l = c->data;

    if (piece(l, musterd_share(c->m, PIECE_ROWS)))
        return true;
    close_list(l);
    return false;
}

/* False: what is asked for is not there. */
static bool open_list(struct listing *l)
{
    struct jw *w = &l->call->out;
    const struct dir_node *n;

    if (l->rows == LIST_OF_NODE) {
        n = directory_node(l->call->m->directory, l->scope.name);
        if (!n || !row_may_node(l->call, n))
            return false;
        jw_open_object(w);
        jw_key(w, "Node");
        row_node(l->call, n);
        jw_key(w, "Services");
    }
    if (kinds[l->rows].object)
        jw_open_object(w);
    else
        jw_open_array(w);
    return true;
}

static void answer(struct call *c)
{
    struct listing *l = c->data;

    listing_rewind(l);
    if (!open_list(l)) {
        jw_null(&c->out);
        call_json(c, 200);
        return;
    }
    l->sorts = c->near && *c->near && kinds[l->rows].near;
    if (piece(l, musterd_share(c->m, PIECE_ROWS))) {
        call_stream(c, more);
        return;
    }
    close_list(l);
    call_json(c, 200);
}

/* -- reads that may block -------------------------------------------------- */

static uint64_t list_index(struct call *c)
{
    const struct listing *l = c->data;

    return directory_index(c->m->directory, &l->scope);
}

static void changed(struct dir_waiter *w, uint64_t revision)
{
    (void)revision;
    call_wake(container_of(w, struct listing, waiter)->call);
}

static void list_wait(struct call *c)
{
    struct listing *l = c->data;

    l->waiter.changed = changed;
    directory_wait(c->m->directory, &l->waiter, &l->scope);
}

static void list_wait_end(struct call *c)
{
    struct listing *l = c->data;

    directory_wait_end(c->m->directory, &l->waiter);
}

static const struct call_read reading = {.index = list_index,
                                         .answer = answer,
                                         .wait = list_wait,
                                         .wait_end = list_wait_end};

/* -- what is asked for ----------------------------------------------------- */

static void take_meta(struct listing *l, const char *text)
{
    struct dir_pair *p;
    char *colon;

    if (l->meta_count == LISTING_PARAMS_MAX)
        return;
    p = &l->metas[l->meta_count++];
    p->name = xstrdup(text);
    colon = strchr(p->name, ':');
    p->value = "";
    if (colon) {
        *colon = '\0';
        p->value = colon + 1;
    }
}

static void take_params(struct listing *l)
{
    const struct http_query *q = http_query_all(l->call->r);
    unsigned i;

    for (i = 0; i < q->count; i++) {
        const char *name = q->items[i].name, *value = q->items[i].value;

        if (kinds[l->rows].tags && !strcmp(name, "tag") &&
            l->tag_count < LISTING_PARAMS_MAX)
            l->tags[l->tag_count++] = value;
        else if (kinds[l->rows].metas && !strcmp(name, "node-meta"))
            take_meta(l, value);
    }
}

/* Without a value it is true; false: it has one that is no boolean. */
static bool take_passing(struct listing *l)
{
    const char *value = http_query(l->call->r, "passing");

    if (!value || l->rows != LIST_ENTRIES)
        return true;
    l->passing = !*value;
    return l->passing || boolean_parse(value, &l->passing);
}

static void listing_free(void *data)
{
    struct listing *l = data;
    unsigned i;

    for (i = 0; i < l->meta_count; i++)
        free((char *)l->metas[i].name);
    buf_free(&l->node);
    buf_free(&l->key);
    buf_free(&l->last);
    row_keys_reset(&l->order);
    listing_forget_names(l);
    free(l);
}

enum http_verdict listing_answer(struct call *c, enum listing_rows rows,
                                 const char *name)
{
    struct listing *l = xcalloc(1, sizeof(*l));

    l->call = c;
    l->rows = rows;
    l->scope = (struct dir_scope){.kind = kinds[rows].kind, .name = name};
    c->data = l;
    c->free_data = listing_free;
    take_params(l);
    if (rows == LIST_SERVICES && l->meta_count)
        l->scope.kind = DIR_INSTANCES; /* names by what nodes say */
    if (!take_passing(l))
        return call_error(c, 400, "Invalid value for ?passing");
    if (kinds[rows].filters && !call_filter(c, kinds[rows].filter))
        return HTTP_DONE;
    return call_read(c, &reading);
}

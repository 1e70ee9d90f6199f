/*
 * /v1/kv: keys are read here, and written in kv_write.c.
 *
 * One key is answered at once and whole. Of many, what fits a piece is; more
 * goes out in pieces, while others have their turns in between. Up to HELD_MAX
 * pairs are those that there were when the answer began, as its index says; of
 * more, each piece is what is committed when it is written: a change of what is
 * listed after the answer began moves the index beyond that of the answer, and
 * so whoever waits with that index is woken.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "plugins/registry/consul/call.h"
#include "plugins/registry/consul/families.h"
#include "plugins/registry/consul/kv_write.h"
#include "plugins/registry/consul/pair.h"
#include "server/musterd.h"
#include "server/state/kv.h"

#define PIECE_BYTES 65536
#define PIECE_KEYS  1000 /* at most, and so many that are not shown */
#define HELD_MAX    4096

enum kv_form { KV_ONE, KV_RAW, KV_LIST, KV_NAMES };

/* A read. */
struct kv_get {
    enum kv_form form;
    struct kv_scope scope; /* its key is the request's */
    const char *separator; /* the request's */
    size_t separator_len;
    struct kv_waiter waiter;
    struct call *call;
    /* where it stands: */
    bool begun;
    struct kv_entry *last;  /* counted: KV_LIST: that was looked at last */
    struct buf name;        /* KV_NAMES: the same */
    struct kv_entry **held; /* KV_LIST: all of them, counted; NULL: too many */
    size_t n_held, at;      /* the next of them to be written */
};

static struct kv *kv_of(const struct call *c)
{
    return c->m->kv;
}

/* -- what may be seen ------------------------------------------------------ */

static bool may_read(struct call *c, const char *key, size_t len)
{
    return call_may(c, ACL_KEY, key, len, ACL_READ);
}

/* -- one key --------------------------------------------------------------- */

/* As Go's net/http looks at it, but for what begins like a web page or a
 * picture: those are not to be shown as such to who has put only a value. */
static const char *type_of(const struct kv_entry *e)
{
    size_t i, n = e->value_len < 512 ? e->value_len : 512;
    unsigned char b;

    for (i = 0; i < n; i++) {
        b = (unsigned char)e->value[i];
        if (b <= 0x08 || b == 0x0b || (b >= 0x0e && b <= 0x1a) ||
            (b >= 0x1c && b <= 0x1f))
            return "application/octet-stream";
    }
    return "text/plain; charset=utf-8";
}

static enum http_verdict answer_one(struct call *c, const struct kv_scope *s,
                                    bool raw)
{
    const struct kv_entry *e = kv_find(kv_of(c), s->key, s->key_len);

    if (!e || (call_is_07(c) && !may_read(c, s->key, s->key_len)))
        return call_empty(c, 404);
    if (raw)
        return call_bytes(c, 200, type_of(e), e->value, e->value_len);
    jw_open_array(&c->out);
    pair_write(&c->out, e, true);
    jw_close(&c->out);
    return call_json(c, 200);
}

/* -- many ------------------------------------------------------------------ */

static void let_go(struct kv_get *g)
{
    for (size_t i = g->at; i < g->n_held; i++)
        kv_entry_unref(g->held[i]);
    free(g->held);
    g->held = NULL;
    g->n_held = g->at = 0;
}

/* What there is now, if it is not too much. */
static void hold(const struct call *c, struct kv_get *g)
{
    const struct kv_entry *e = NULL;
    size_t room = 0;

    while ((e = kv_next(kv_of(c), g->scope.key, g->scope.key_len, e))) {
        if (g->n_held == HELD_MAX) {
            let_go(g);
            return;
        }
        if (g->n_held == room) {
            room = room ? 4 * room : 16;
            g->held = xreallocarray(g->held, room, sizeof(*g->held));
        }
        g->held[g->n_held++] = kv_entry_ref((struct kv_entry *)e);
    }
}

static void get_begin(struct kv_get *g)
{
    let_go(g);
    g->begun = false;
    kv_entry_unref(g->last);
    g->last = NULL;
    buf_reset(&g->name, 0);
}

/* The next that may be seen; NULL: there is none, or *n have been looked at. */
static const struct kv_entry *next_entry(struct call *c, struct kv_get *g,
                                         unsigned *n)
{
    const struct kv_entry *e = g->last;

    while (*n && (e = kv_next(kv_of(c), g->scope.key, g->scope.key_len, e))) {
        --*n;
        kv_entry_unref(g->last);
        g->last = kv_entry_ref((struct kv_entry *)e);
        if (may_read(c, e->key, e->by_key.node.key_len))
            return e;
    }
    return NULL;
}

/* The same of those that are held. */
static bool held_piece(struct call *c, struct kv_get *g, unsigned n)
{
    struct kv_entry *e;

    for (; g->at < g->n_held && n; n--) {
        e = g->held[g->at++];
        if (may_read(c, e->key, e->by_key.node.key_len))
            pair_write(&c->out, e, true);
        kv_entry_unref(e);
        if (buf_len(&c->out.buf) >= PIECE_BYTES)
            break;
    }
    return g->at < g->n_held;
}

static bool list_piece(struct call *c, struct kv_get *g, unsigned n)
{
    const struct kv_entry *e;

    if (g->held)
        return held_piece(c, g, n);
    while ((e = next_entry(c, g, &n))) {
        pair_write(&c->out, e, true);
        if (buf_len(&c->out.buf) >= PIECE_BYTES)
            return true;
    }
    return !n;
}

/* The same for names, of which g->name is the last that was looked at. */
static bool next_name(struct call *c, struct kv_get *g, unsigned *n)
{
    const struct kv_entry *e;
    size_t cut;

    while (*n &&
           kv_next_name(kv_of(c), g->scope.key, g->scope.key_len, g->separator,
                        g->separator_len, g->begun ? buf_str(&g->name) : NULL,
                        buf_len(&g->name), &e, &cut)) {
        --*n;
        g->begun = true;
        buf_reset(&g->name, KV_KEY_MAX);
        buf_add(&g->name, e->key, cut);
        if (may_read(c, e->key, cut))
            return true;
    }
    return false;
}

static bool names_piece(struct call *c, struct kv_get *g, unsigned n)
{
    while (next_name(c, g, &n)) {
        jw_text_len(&c->out, buf_data(&g->name), buf_len(&g->name));
        if (buf_len(&c->out.buf) >= PIECE_BYTES)
            return true;
    }
    return !n;
}

static bool more(struct call *c)
{
    struct kv_get *g = c->data;
    unsigned n = musterd_share(c->m, PIECE_KEYS);

    if (g->form == KV_LIST ? list_piece(c, g, n) : names_piece(c, g, n))
        return true;
    jw_close(&c->out);
    return false;
}

/* Whether there is anything to list; if it is not found soon it is taken for
 * granted. */
static bool any(struct call *c, struct kv_get *g)
{
    unsigned n = 10 * PIECE_KEYS;
    bool found;

    get_begin(g);
    found =
        g->form == KV_LIST ? next_entry(c, g, &n) != NULL : next_name(c, g, &n);
    get_begin(g);
    return found || !n;
}

static void answer(struct call *c)
{
    struct kv_get *g = c->data;
    bool root = g->form == KV_NAMES && !g->scope.key_len;

    if (g->form == KV_ONE || g->form == KV_RAW) {
        answer_one(c, &g->scope, g->form == KV_RAW);
    } else if (!any(c, g) && !root) {
        call_empty(c, 404);
    } else {
        if (g->form == KV_LIST)
            hold(c, g);
        jw_open_array(&c->out);
        call_stream(c, more);
    }
}

/* -- reads that may block -------------------------------------------------- */

static uint64_t get_index(struct call *c)
{
    const struct kv_get *g = c->data;

    return kv_index(kv_of(c), &g->scope);
}

static bool get_changed(struct call *c)
{
    const struct kv_get *g = c->data;

    return kv_has_changed(kv_of(c), &g->scope, c->index);
}

static void changed(struct kv_waiter *w, uint64_t revision)
{
    (void)revision;
    call_wake(container_of(w, struct kv_get, waiter)->call);
}

static void get_wait(struct call *c)
{
    struct kv_get *g = c->data;

    g->waiter.changed = changed;
    kv_wait(kv_of(c), &g->waiter, &g->scope);
}

static void get_wait_end(struct call *c)
{
    struct kv_get *g = c->data;

    kv_wait_end(kv_of(c), &g->waiter);
}

static const struct call_read reading = {.index = get_index,
                                         .answer = answer,
                                         .wait = get_wait,
                                         .wait_end = get_wait_end,
                                         .changed = get_changed};

static void get_free(void *data)
{
    struct kv_get *g = data;

    let_go(g);
    kv_entry_unref(g->last);
    buf_free(&g->name);
    free(g);
}

static enum kv_form form_of(const struct http_request *r)
{
    if (http_query(r, "keys"))
        return KV_NAMES;
    if (http_query(r, "recurse"))
        return KV_LIST;
    return http_query(r, "raw") ? KV_RAW : KV_ONE;
}

static const char *separator_of(const struct http_request *r)
{
    const char *s = http_query(r, "separator");

    if (!s)
        s = http_query(r, "seperator"); /* as some clients have it */
    return s ? s : "";
}

static enum http_verdict get_begun(struct call *c, enum kv_form form,
                                   const struct kv_scope *scope)
{
    struct kv_get *g = xcalloc(1, sizeof(*g));

    g->form = form;
    g->scope = *scope;
    g->call = c;
    g->separator = separator_of(c->r);
    g->separator_len = strlen(g->separator);
    c->data = g;
    c->free_data = get_free;
    return call_read(c, &reading);
}

static enum http_verdict get_kv(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);
    enum kv_form form;
    struct kv_scope s;

    if (!c)
        return HTTP_DONE;
    form = form_of(r);
    s.key = http_param(r, "key");
    s.key_len = strlen(s.key);
    s.tree = form == KV_LIST || form == KV_NAMES;
    if (!s.tree && !s.key_len)
        return call_error(c, 400, "Missing key name");
    if (!s.tree && !call_is_07(c) &&
        !call_demand(c, ACL_KEY, s.key, s.key_len, ACL_READ))
        return HTTP_DONE;
    if (s.tree || c->index)
        return get_begun(c, form, &s);
    call_index(c, kv_index(kv_of(c), &s));
    return answer_one(c, &s, form == KV_RAW);
}

static const struct http_route rows[] = {
    {HTTP_GET, "/v1/kv/*key", get_kv, 0, CALL_BODY_VALUE, NULL,
     "Reads a key, or those below a prefix: ?recurse, ?keys."},
    {HTTP_PUT, "/v1/kv/*key", kv_write_put, 0, CALL_BODY_VALUE, NULL,
     "Writes a key: ?flags, ?cas, ?acquire, ?release."},
    {HTTP_DELETE, "/v1/kv/*key", kv_write_delete, 0, CALL_BODY_VALUE, NULL,
     "Deletes a key (?cas), or all below a prefix (?recurse)."},
};

const struct http_table consul_kv = {rows, ARRAY_LEN(rows)};

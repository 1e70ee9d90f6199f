#include "plugins/dispatch/exed/gather.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "lib/buf.h"
#include "lib/mem.h"
#include "plugins/dispatch/exed/body.h"

#define PIECES 3 /* streams: stdout, stderr, a result in pieces */

struct gathered {
    char *host; /* owned */
    struct buf text[PIECES];
    uint64_t cut[PIECES]; /* bytes that are missing in each */
    json_t *results;      /* a list */
    UT_hash_handle hh;
};

struct gather {
    char *op; /* owned */
    struct gather_bound bound;
    struct gathered *hosts;
};

/* -- hosts ----------------------------------------------------------------- */

static struct gathered *host_get(struct gather *g, const char *name)
{
    struct gathered *h;

    HASH_FIND_STR(g->hosts, name, h);
    if (h)
        return h;
    h = xcalloc(1, sizeof(*h));
    h->host = xstrdup(name);
    h->results = json_array();
    HASH_ADD_KEYPTR(hh, g->hosts, h->host, strlen(h->host), h);
    return h;
}

static void text_drop(struct gather *g, struct gathered *h, unsigned stream)
{
    *g->bound.held -= buf_len(&h->text[stream]);
    buf_free(&h->text[stream]);
    h->cut[stream] = 0;
}

static void host_free(struct gather *g, struct gathered *h)
{
    for (unsigned i = 0; i < PIECES; i++)
        text_drop(g, h, i);
    HASH_DEL(g->hosts, h);
    json_decref(h->results);
    free(h->host);
    free(h);
}

struct gather *gather_new(const char *op, const struct gather_bound *bound)
{
    struct gather *g = xcalloc(1, sizeof(*g));

    g->op = xstrdup(op);
    g->bound = *bound;
    return g;
}

void gather_free(struct gather *g)
{
    struct gathered *h, *next;

    if (!g)
        return;
    HASH_ITER (hh, g->hosts, h, next) {
        host_free(g, h);
    }
    free(g->op);
    free(g);
}

void gather_forget(struct gather *g, const char *host)
{
    struct gathered *h;

    HASH_FIND_STR(g->hosts, host, h);
    if (h)
        host_free(g, h);
}

/* -- text ------------------------------------------------------------------ */

static void text_add(struct gather *g, struct gathered *h, unsigned stream,
                     const char *text, size_t len)
{
    size_t room = g->bound.most - *g->bound.held;

    if (*g->bound.held > g->bound.most || len > room) {
        h->cut[stream] += len;
        *g->bound.cut += len;
        return;
    }
    buf_add(&h->text[stream], text, len);
    *g->bound.held += len;
}

static void output_add(struct gather *g, const struct dispatch_event *ev)
{
    struct gathered *h = host_get(g, ev->host);

    text_add(g, h, ev->stream, ev->text, ev->len);
    if (ev->whole)
        text_add(g, h, ev->stream, "\n", 1);
}

/* NAME: what was printed, NAME_base64 true if it is that, NAME_cut: bytes that
 * are missing. */
static void set_output(json_t *o, struct gathered *h, unsigned stream,
                       bool always)
{
    static const char *const names[] = {"stdout", "stderr"};
    struct buf *text = &h->text[stream];
    char *name;
    int base64;

    if (!buf_len(text) && !h->cut[stream] && !always)
        return;
    json_object_set_new(
        o, names[stream],
        body_text(buf_len(text) ? buf_data(text) : "", buf_len(text), &base64));
    name = xasprintf("%s_base64", names[stream]);
    if (base64)
        json_object_set_new(o, name, json_true());
    free(name);
    name = xasprintf("%s_cut", names[stream]);
    if (h->cut[stream])
        json_object_set_new(o, name, json_integer((json_int_t)h->cut[stream]));
    free(name);
}

/* -- results --------------------------------------------------------------- */

static bool op_is(const struct gather *g, const char *op)
{
    return strcmp(g->op, op) == 0;
}

/* A command that did what it should is taken to have changed something. */
static int state_of(const struct gather *g, const struct dispatch_event *ev)
{
    bool ran = op_is(g, "execute") && strcmp(ev->rc, "0") == 0;

    return ev->state == 0 && ran ? 4 : ev->state;
}

/* Why a host did not simply come to its end. */
static void set_reason(json_t *o, const struct attrs *attrs)
{
    static const char *const names[] = {"reason", "why", "refused"};
    const char *value;

    for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
        value = attrs_get(attrs, names[i]);
        if (value && (i || strcmp(value, "exited") != 0))
            json_object_set_new(o, names[i], body_clean(value));
    }
}

static json_int_t rc_number(const char *rc)
{
    char *end;
    long n = strtol(rc, &end, 10);

    return *rc && !*end ? n : -1;
}

/* The last result of the host is the whole of what facter found. */
static void set_facts(json_t *o, const struct gathered *h)
{
    json_t *last = json_array_get(h->results, json_array_size(h->results) - 1);

    if (json_array_size(h->results))
        json_object_set(o, "facter", last);
    else
        json_object_set_new(o, "facter", json_object());
}

static json_t *host_end(struct gather *g, struct gathered *h,
                        const struct dispatch_event *ev)
{
    int state = state_of(g, ev);
    json_t *o = json_pack("{s:i, s:i}", "state", state, "status", state);
    bool execute = op_is(g, "execute");

    set_reason(o, ev->attrs);
    if (execute)
        json_object_set_new(o, "rtc", json_integer(rc_number(ev->rc)));
    if (op_is(g, "facter")) {
        set_facts(o, h);
        json_array_clear(h->results);
    }
    set_output(o, h, DISPATCH_STDOUT, execute);
    set_output(o, h, DISPATCH_STDERR, execute);
    if (h->cut[2])
        json_object_set_new(o, "results_cut",
                            json_integer((json_int_t)h->cut[2]));
    for (unsigned i = 0; i < PIECES; i++)
        text_drop(g, h, i);
    return o;
}

/* A result that its plugin gave: an object, with a state. */
static json_t *result_json(const struct gather *g, const char *text, size_t len)
{
    json_t *v = json_loadb(text, len, JSON_DECODE_ANY, NULL), *o;
    int base64;

    if (op_is(g, "facter"))
        return v;
    if (json_is_object(v)) {
        if (!json_object_get(v, "state"))
            json_object_set_new(v, "state", json_integer(0));
        return v;
    }
    o = json_pack("{s:i, s:o}", "state", 0, "result",
                  v ? v : body_text(text, len, &base64));
    return o;
}

static json_t *result_add(struct gather *g, const struct dispatch_event *ev)
{
    struct gathered *h = host_get(g, ev->host);
    struct buf *text = &h->text[2];
    json_t *o = NULL;

    text_add(g, h, 2, ev->text, ev->len);
    if (!ev->whole)
        return NULL;
    if (!h->cut[2] && buf_len(text))
        o = result_json(g, buf_data(text), buf_len(text));
    *g->bound.held -= buf_len(text);
    buf_reset(text, 0);
    if (o)
        json_array_append(h->results, o);
    if (op_is(g, "facter")) {
        json_decref(o);
        o = NULL;
    }
    return o;
}

json_t *gather_add(struct gather *g, const struct dispatch_event *ev)
{
    struct gathered *h;
    json_t *o = NULL;

    switch (ev->kind) {
    case DISPATCH_OUTPUT: output_add(g, ev); break;
    case DISPATCH_CUT:
        if (ev->stream < PIECES)
            host_get(g, ev->host)->cut[ev->stream] += ev->bytes;
        break;
    case DISPATCH_RESULT: return result_add(g, ev);
    case DISPATCH_RETRY: gather_forget(g, ev->host); break;
    case DISPATCH_EXIT:
        h = host_get(g, ev->host);
        o = host_end(g, h, ev);
        json_array_append(h->results, o);
        break;
    default: break;
    }
    return o;
}

json_t *gather_results(const struct gather *g)
{
    json_t *all = json_object();
    const struct gathered *h;

    for (h = g->hosts; h; h = h->hh.next)
        if (json_array_size(h->results))
            json_object_set(all, h->host, h->results);
    return all;
}

json_t *gather_last(const struct gather *g)
{
    json_t *all = json_object(), *last, *before;
    const struct gathered *h;
    size_t n;

    for (h = g->hosts; h; h = h->hh.next) {
        n = json_array_size(h->results);
        if (!n)
            continue;
        last = json_copy(json_array_get(h->results, n - 1));
        if (n > 1) {
            before = json_copy(h->results);
            json_array_remove(before, n - 1);
            json_object_set_new(last, "results", before);
        }
        json_object_set_new(all, h->host, last);
    }
    return all;
}

#include <stdlib.h>
#include <string.h>

#include "dispatcher/core.h"
#include "lib/auth/principal.h"
#include "lib/mem.h"

struct explaining {
    struct dispatch *core;
    const struct worker *worker;
    dispatch_term_fn *fn;
    void *arg;
};

/* As a term of a selector is written, in one text. */
static void write_term(const struct selector_term *t, struct buf *out)
{
    struct selector one = {
        .terms = (struct selector_term *)(uintptr_t)t, .count = 1, .size = 1};

    selector_write_pairs(&one, out);
}

static bool term_holds(const struct selector_term *t, const struct worker *w,
                       const char *value, size_t len)
{
    return t->op == SEL_NAME ? selector_name_match(t, w->name)
                             : selector_term_match(t, value, len);
}

static bool tell_term(const struct explaining *x, const struct selector_term *t)
{
    const struct worker *w = x->worker;
    struct dispatch_term told = {.age_ms = -1};
    struct buf text = BUF_INIT;
    size_t len = 0;
    uint64_t since;

    told.value = t->op == SEL_NAME
                     ? w->name
                     : worker_lookup(w, t->attr, t->attr_len, &len);
    told.holds = term_holds(t, w, told.value, len);
    if (t->op != SEL_NAME && worker_since(w, t->attr, &since))
        told.age_ms = (int64_t)(dispatch_now(x->core) - since);
    write_term(t, &text);
    told.term = buf_str(&text);
    x->fn(x->arg, &told);
    buf_free(&text);
    return told.holds;
}

static struct worker *find_worker(const struct dispatch *d, const char *host,
                                  const struct scope *scope)
{
    struct worker *w = workers_by_host(d, host);

    if (w && worker_is_known(w) && scope_has(scope, w->name, worker_lookup, w))
        return w;
    return NULL;
}

char *dispatch_explain(struct dispatch *d, const char *host, const char *on,
                       const struct scope *scope, dispatch_term_fn *fn,
                       void *arg, struct dispatch_explained *out)
{
    struct explaining x = {.core = d, .fn = fn, .arg = arg};
    struct selector s = {.count = 0};
    bool all = strcmp(on, "all") == 0;
    char *wrong = all ? NULL : selector_parse_text(&s, on, strlen(on));

    *out = (struct dispatch_explained){.matches = true};
    if (!wrong && !all && !s.count)
        wrong = xstrdup("empty selector: say all for every worker");
    x.worker = wrong ? NULL : find_worker(d, host, scope);
    if (!wrong && !x.worker)
        wrong = xasprintf("no worker %s", host);
    for (unsigned i = 0; x.worker && i < s.count; i++)
        out->matches &= tell_term(&x, &s.terms[i]);
    if (x.worker) {
        out->drained = x.worker->drained;
        out->up = x.worker->up;
    }
    selector_free(&s);
    return wrong;
}

#include "lib/auth/principal.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/auth/op_right.h"
#include "lib/mem.h"

/* -- lists of globs -------------------------------------------------------- */

bool globs_match(const struct globs *g, const char *text)
{
    unsigned i;

    for (i = 0; i < g->count; i++)
        if (fnmatch(g->list[i], text, 0) == 0)
            return true;
    return false;
}

void globs_add(struct globs *g, const char *glob)
{
    g->list = xreallocarray(g->list, g->count + 1, sizeof(*g->list));
    g->list[g->count++] = xstrdup(glob);
}

void globs_free(struct globs *g)
{
    while (g->count)
        free(g->list[--g->count]);
    free(g->list);
    g->list = NULL;
}

static bool globs_same(const struct globs *a, const struct globs *b)
{
    unsigned i;

    if (a->count != b->count)
        return false;
    for (i = 0; i < a->count; i++)
        if (strcmp(a->list[i], b->list[i]) != 0)
            return false;
    return true;
}

/* -- scopes ---------------------------------------------------------------- */

void scope_free(struct scope *scope)
{
    selector_free(&scope->selector);
    scope->kind = SCOPE_NONE;
}

char *principal_refusal(const struct principal *p, const char *what)
{
    return xasprintf("no right to %.80s%s", what,
                     p->anonymous ? ": show a token (.token T on the first "
                                    "line)"
                                  : "");
}

char *scope_narrow(const struct principal *p, const struct scope *scope,
                   const char *what, struct selector *s)
{
    if (scope->kind == SCOPE_ALL)
        return NULL;
    if (scope->kind == SCOPE_NONE)
        return principal_refusal(p, what);
    return selector_add_all(s, &scope->selector);
}

bool scope_has(const struct scope *scope, const char *name,
               selector_lookup_fn *lookup, const void *record)
{
    return scope->kind == SCOPE_ALL ||
           (scope->kind == SCOPE_SELECTED &&
            selector_match(&scope->selector, name, lookup, record));
}

static bool scope_same(const struct scope *a, const struct scope *b)
{
    struct buf x = BUF_INIT, y = BUF_INIT;
    bool same = a->kind == b->kind;

    if (same && a->kind == SCOPE_SELECTED) {
        selector_write_pairs(&a->selector, &x);
        selector_write_pairs(&b->selector, &y);
        same = strcmp(buf_str(&x), buf_str(&y)) == 0;
    }
    buf_free(&x);
    buf_free(&y);
    return same;
}

/* -- life ------------------------------------------------------------------ */

bool principal_name_ok(const char *name, size_t len)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

    return len && len <= PRINCIPAL_NAME_MAX && *name != '-' &&
           strspn(name, good) >= len;
}

struct principal *principal_new(const char *name)
{
    struct principal *p = xcalloc(1, sizeof(*p));

    p->refs = 1;
    snprintf(p->name, sizeof(p->name), "%s", name);
    return p;
}

struct principal *principal_ref(struct principal *p)
{
    if (!p->fixed)
        p->refs++;
    return p;
}

void principal_unref(struct principal *p)
{
    if (!p || p->fixed || --p->refs)
        return;
    if (p->rules)
        p->rules->free(p->of);
    free(p->cert);
    globs_free(&p->names);
    globs_free(&p->sets);
    globs_free(&p->ops);
    globs_free(&p->key_reads);
    globs_free(&p->key_writes);
    attrs_free(&p->pins);
    scope_free(&p->find);
    scope_free(&p->watch);
    scope_free(&p->exec);
    free(p);
}

struct principal *principal_all(void)
{
    static struct principal all = {.fixed = true,
                                   .all = true,
                                   .anonymous = true,
                                   .admin = true,
                                   .name = "anonymous",
                                   .find = {.kind = SCOPE_ALL},
                                   .watch = {.kind = SCOPE_ALL},
                                   .exec = {.kind = SCOPE_ALL}};

    return &all;
}

struct principal *principal_nobody(void)
{
    static struct principal nobody = {
        .fixed = true, .anonymous = true, .name = "anonymous"};

    return &nobody;
}

bool principal_same(const struct principal *a, const struct principal *b)
{
    return strcmp(a->name, b->name) == 0 && a->admin == b->admin &&
           a->has_hash == b->has_hash && a->expires == b->expires &&
           memcmp(a->hash, b->hash, sizeof(a->hash)) == 0 &&
           strcmp(a->cert ? a->cert : "", b->cert ? b->cert : "") == 0 &&
           globs_same(&a->names, &b->names) && globs_same(&a->sets, &b->sets) &&
           globs_same(&a->ops, &b->ops) &&
           globs_same(&a->key_reads, &b->key_reads) &&
           globs_same(&a->key_writes, &b->key_writes) &&
           attrs_equal(&a->pins, &b->pins) && scope_same(&a->find, &b->find) &&
           scope_same(&a->watch, &b->watch) && scope_same(&a->exec, &b->exec);
}

/* -- holders --------------------------------------------------------------- */

void principal_hold(struct principal *p, struct principal_holder *h)
{
    h->principal = principal_ref(p);
    if (!p->fixed)
        DL_APPEND(p->holders, h);
}

void principal_release(struct principal_holder *h)
{
    struct principal *p = h->principal;

    if (!p)
        return;
    if (!p->fixed)
        DL_DELETE(p->holders, h);
    h->principal = NULL;
    principal_unref(p);
}

void principal_revoke(struct principal *p, const char *why)
{
    struct principal_holder *h, *next;

    if (p->fixed || p->revoked)
        return;
    p->revoked = true;
    principal_ref(p);
    DL_FOREACH_SAFE (p->holders, h, next)
        h->revoked(h, why);
    principal_unref(p);
}

/* -- checks ---------------------------------------------------------------- */

bool principal_may_register(const struct principal *p, const char *name)
{
    if (p->rules)
        return p->rules->may_register(p->of, name);
    return p->all || globs_match(&p->names, name);
}

bool principal_registers(const struct principal *p)
{
    return p->all || p->rules || p->names.count;
}

bool principal_may_set(const struct principal *p, const char *attr)
{
    if (p->rules)
        return p->rules->may_set(p->of, attr);
    return p->all || globs_match(&p->sets, attr);
}

bool principal_may_say(const struct principal *p, const char *attr,
                       const char *value)
{
    return !p->rules || p->rules->may_say(p->of, attr, value);
}

const char *principal_owner(const struct principal *p)
{
    return p->owner ? p->owner : p->name;
}

bool principal_may_op(const struct principal *p, const char *op)
{
    bool may = false;
    unsigned i;

    if (p->all)
        return true;
    for (i = 0; i < p->ops.count && p->exec.kind != SCOPE_NONE; i++)
        switch (op_right_op(p->ops.list[i], op)) {
        case OP_RIGHT_NEVER: return false;
        case OP_RIGHT_YES: may = true; break;
        case OP_RIGHT_NOT: break;
        }
    return may;
}

bool principal_may_run(const struct principal *p, const char *op,
                       argument_fn *at, const void *list)
{
    bool may = false;
    unsigned i;

    if (p->all)
        return true;
    for (i = 0; i < p->ops.count && p->exec.kind != SCOPE_NONE; i++)
        switch (op_right_run(p->ops.list[i], op, at, list)) {
        case OP_RIGHT_NEVER: return false;
        case OP_RIGHT_YES: may = true; break;
        case OP_RIGHT_NOT: break;
        }
    return may;
}

bool principal_may_write_key(const struct principal *p, const char *key)
{
    return p->all || globs_match(&p->key_writes, key);
}

bool principal_may_read_key(const struct principal *p, const char *key)
{
    return principal_may_write_key(p, key) || globs_match(&p->key_reads, key);
}

/* True for "x*" with an x that has nothing special in it and that the prefix
 * begins with: of other globs it is not looked at what they match. */
static bool covers(const char *glob, const char *prefix)
{
    size_t len = strcspn(glob, "*?[\\");

    return !strcmp(glob + len, "*") && !strncmp(glob, prefix, len);
}

bool principal_may_write_keys(const struct principal *p, const char *prefix)
{
    unsigned i;

    for (i = 0; i < p->key_writes.count && !p->all; i++)
        if (covers(p->key_writes.list[i], prefix))
            return true;
    return p->all;
}

const char *principal_pin(const struct principal *p, const char *attr)
{
    return attrs_get(&p->pins, attr);
}

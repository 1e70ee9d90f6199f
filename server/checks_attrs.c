#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "lib/mem.h"
#include "server/check_attrs.h"
#include "server/checks_impl.h"
#include "server/musterd.h"

#define LOOKS_A_TURN 64
#define STALE_MAX    (2 * CHECK_ATTRS_MAX)

/* A service to be looked at. */
struct noted {
    UT_hash_handle hh;
    size_t len;
    const char *id; /* in key */
    char key[];     /* node NUL id NUL */
};

/* What is to be asked of the directory for one service; texts are owned. */
struct wish {
    struct dir_check_new checks[CHECK_ATTRS_MAX];
    char *texts[4 * CHECK_ATTRS_MAX];
    unsigned count, text_count;
    char *stale[STALE_MAX]; /* ids of checks it no longer asks for */
    unsigned stale_count;
};

static bool is_of_attrs(const struct dir_check *c)
{
    size_t len = strlen(CHECKS_OF_ATTRS);

    return strncmp(c->definition, CHECKS_OF_ATTRS, len) == 0;
}

/* -- which are looked at --------------------------------------------------- */

static bool concerns(const struct dir_instance *i)
{
    const struct dir_check *c = NULL;

    if (!i->entry || !i->entry->record)
        return false;
    if (check_attrs_any(i->entry->record))
        return true;
    while ((c = dir_own_next_check(i, c)))
        if (is_of_attrs(c))
            return true;
    return false;
}

void checks_note(struct checks *k, const struct dir_instance *i)
{
    size_t node, id;
    struct noted *n, *was;

    if (!concerns(i))
        return;
    node = strlen(i->node->name) + 1;
    id = strlen(i->id) + 1;
    n = xcalloc(1, sizeof(*n) + node + id);
    n->len = node + id;
    n->id = n->key + node;
    memcpy(n->key, i->node->name, node);
    memcpy(n->key + node, i->id, id);
    HASH_FIND(hh, k->noted, n->key, n->len, was);
    if (was)
        free(n);
    else
        HASH_ADD(hh, k->noted, key, n->len, n);
    loop_settle(k->m->loop, &k->look);
}

void checks_forget(struct checks *k)
{
    struct noted *n, *next;

    HASH_ITER (hh, k->noted, n, next) {
        HASH_DELETE(hh, k->noted, n);
        free(n);
    }
}

/* -- what one asks for ----------------------------------------------------- */

static const char *keep(struct wish *w, char *text)
{
    w->texts[w->text_count++] = text;
    return text;
}

static char *definition_of(const struct probe_spec *s)
{
    struct buf b = BUF_INIT;
    char *text;

    buf_add_str(&b, CHECKS_OF_ATTRS);
    probe_spec_write(s, &b);
    text = xstrdup(buf_str(&b));
    buf_free(&b);
    return text;
}

static void wish_for(struct wish *w, const struct dir_instance *i,
                     const struct check_attrs *a, unsigned at, const char *id)
{
    const struct probe_spec *s = &a->checks[at].spec;
    const char *wrong = a->checks[at].wrong;

    w->checks[w->count++] = (struct dir_check_new){
        .id = keep(w, xstrdup(id)),
        .name = keep(w, xasprintf("Service '%s' check", i->service)),
        .output = keep(w, xstrdup(wrong)),
        .definition =
            keep(w, *wrong ? xstrdup(CHECKS_OF_ATTRS) : definition_of(s)),
        .service_id = i->id,
        .status = DIR_CRITICAL,
        .agent = i->node->own,
        .keep = !*wrong};
}

static bool is_wished(const struct wish *w, const char *id)
{
    unsigned n;

    for (n = 0; n < w->count; n++)
        if (dir_compare(w->checks[n].id, id) == 0)
            return true;
    return false;
}

/* Leaves only those that are not there as they are wished for. */
static void wish_reduce(struct wish *w, const struct dir_instance *i)
{
    const struct dir_check *c = NULL;
    unsigned n;

    while ((c = dir_own_next_check(i, c)))
        if (is_of_attrs(c) && !is_wished(w, c->id) &&
            w->stale_count < STALE_MAX)
            w->stale[w->stale_count++] = xstrdup(c->id);
    for (n = 0; n < w->count;) {
        const struct dir_check_new *new = &w->checks[n];

        for (c = NULL; (c = dir_own_next_check(i, c));)
            if (!c->implied && dir_compare(c->id, new->id) == 0 &&
                (!is_of_attrs(c) ||
                 (!strcmp(c->definition, new->definition) &&
                  (new->keep || !strcmp(c->output, new->output)))))
                break;
        if (c)
            w->checks[n] = w->checks[--w->count];
        else
            n++;
    }
}

static void wish_make(struct wish *w, const struct dir_instance *i)
{
    const char *address = *i->address ? i->address : i->node->address;
    struct check_attrs a;
    unsigned n;

    check_attrs_read(&a, i->entry->record, address, i->port);
    for (n = 0; n < a.count; n++) {
        char *id = a.count == 1 ? xasprintf("service:%s", i->id)
                                : xasprintf("service:%s:%u", i->id, n + 1);

        wish_for(w, i, &a, n, id);
        free(id);
    }
    check_attrs_free(&a);
    wish_reduce(w, i);
}

/* Nothing that was read from the directory is looked at any more. */
static void wish_ask(struct checks *k, struct wish *w, const struct noted *n)
{
    struct dir_request q = {.who = {.may_all = true},
                            .node = n->key,
                            .skip_node = true,
                            .checks = w->checks,
                            .check_count = w->count};
    struct dir_removal gone = {.who = {.may_all = true}, .node = n->key};
    unsigned i;

    for (i = 0; i < w->count; i++)
        w->checks[i].service_id = n->id;
    for (i = 0; i < w->stale_count; i++) {
        gone.check_id = w->stale[i];
        directory_deregister(k->m->directory, &gone, NULL, NULL);
        free(w->stale[i]);
    }
    if (w->count)
        directory_register(k->m->directory, &q, NULL, NULL);
    for (i = 0; i < w->text_count; i++)
        free(w->texts[i]);
}

static void look_at(struct checks *k, const struct noted *n)
{
    const struct dir_instance *i =
        directory_instance(k->m->directory, n->key, n->id);
    struct wish w = {.count = 0};

    if (!i || !concerns(i))
        return;
    wish_make(&w, i);
    wish_ask(k, &w, n);
}

void checks_look(void *arg)
{
    struct checks *k = arg;
    struct noted *n;
    unsigned looks = 0;

    musterd_tick(k->m);
    while ((n = k->noted) && looks++ < LOOKS_A_TURN) {
        HASH_DELETE(hh, k->noted, n);
        look_at(k, n);
        free(n);
    }
    if (k->noted)
        loop_later(k->m->loop, &k->look);
}

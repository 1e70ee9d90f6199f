/*
 * The checks of the view: those that are recorded, where their node and their
 * service are there; serfHealth, of nodes that answer for themselves; and what
 * a service says of itself where nobody checks it.
 */
#include <stdlib.h>
#include <string.h>

#include "server/state/directory_impl.h"

struct dir_check *dir_check_by_node(struct keynode *n)
{
    return n ? container_of(n, struct dir_check, by_node) : NULL;
}

struct dir_check *dir_check_by_instance(struct keynode *n)
{
    return n ? container_of(n, struct dir_check, by_instance) : NULL;
}

/* -- who is told ----------------------------------------------------------- */

void dir_tell_instance(struct directory *d, const struct dir_instance *i,
                       enum dir_event e)
{
    struct dir_listener *l;

    for (l = d->listeners; l; l = l->next)
        if (l->instance)
            l->instance(l->arg, i, e);
}

static void tell_critical(struct directory *d, const struct dir_check *c,
                          bool gone)
{
    unsigned i;

    for (i = 0; i < d->critical_count; i++)
        d->critical[i].fn(d->critical[i].arg, c, gone);
}

void dir_tell_check(struct directory *d, const struct dir_check *c,
                    enum dir_event e)
{
    struct dir_listener *l;

    for (l = d->listeners; l; l = l->next)
        if (l->check)
            l->check(l->arg, c, e);
    if (e == DIR_WENT || c->status == DIR_CRITICAL)
        tell_critical(d, c, e == DIR_WENT);
}

/* A row of checks; those of a node show with each of its services. */
static void touch_checks(struct directory *d, const struct dir_check *c,
                         uint64_t revision)
{
    struct dir_node *n = c->node;
    struct dir_name *name;
    struct keynode *at;

    dir_touch_table(d, TABLE_CHECKS, revision);
    dir_touch(d, &n->checks_index, dir_watch_of(n->watches, DIR_WATCH_CHECKS),
              revision);
    dir_touch(d, &d->state_index[DIR_ANY], &d->state_watch[DIR_ANY], revision);
    dir_touch(d, &d->state_index[c->status], &d->state_watch[c->status],
              revision);
    if (c->instance) {
        name = c->instance->name;
        name->version++;
        dir_touch(d, &name->checks_index,
                  dir_watch_of(name->watches, DIR_WATCH_CHECKS), revision);
        dir_touch(d, &name->health_index,
                  dir_watch_of(name->watches, DIR_WATCH_HEALTH), revision);
        return;
    }
    for (at = keymap_from(&n->instances, "", 0); at;
         at = keymap_after(&n->instances, at->key, at->key_len)) {
        name = dir_instance_by_node(at)->name;
        name->version++;
        dir_touch(d, &name->health_index,
                  dir_watch_of(name->watches, DIR_WATCH_HEALTH), revision);
    }
}

/* -- checks that come and go ----------------------------------------------- */

/* Its place is what its id says; of two with the same id that were not recorded
 * the services' order decides. */
static struct dir_check *check_new(struct directory *d, const char *id,
                                   const char *name,
                                   const struct dir_instance *i, bool implied)
{
    size_t len, size = strlen(id) + strlen(name) + 2;
    const char *key = dir_key(d, &len, id, NULL, NULL);
    struct dir_check *c = xcalloc(1, sizeof(*c) + size + len + 8);
    char *to = c->text;
    int n;

    c->id = dir_copy_text(&to, id);
    c->name = dir_copy_text(&to, name);
    c->by_node.key = c->by_instance.key = memcpy(to, key, len);
    for (n = 0; implied && n < 8; n++)
        to[len++] = (char)(unsigned char)((i ? i->seq : 0) >> (56 - 8 * n));
    c->by_node.key_len = c->by_instance.key_len = (uint32_t)len;
    c->notes = c->output = c->service_id = c->definition = "";
    c->implied = implied;
    return c;
}

static void check_come(struct directory *d, struct dir_check *c,
                       struct dir_node *n, struct dir_instance *i,
                       uint64_t revision)
{
    c->node = n;
    c->instance = i;
    keymap_insert(&n->checks, &c->by_node);
    keymap_insert(i ? &i->checks : &n->own_checks, &c->by_instance);
    d->check_count++;
    touch_checks(d, c, revision);
    dir_tell_check(d, c, DIR_CAME);
}

/* It is told of while it can still be read, and then it is the caller's. */
static void check_leave(struct directory *d, struct dir_check *c,
                        uint64_t revision)
{
    touch_checks(d, c, revision);
    keymap_remove(&c->node->checks, &c->by_node);
    keymap_remove(c->instance ? &c->instance->checks : &c->node->own_checks,
                  &c->by_instance);
    d->check_count--;
    dir_tell_check(d, c, DIR_WENT);
}

static void check_free(struct dir_check *c)
{
    dir_check_record_unref(c->record);
    free(c);
}

bool dir_free_check(struct dir_node *n)
{
    struct dir_check *c = dir_check_by_node(keymap_pop(&n->checks));

    if (c && c != n->serf && (!c->instance || c != c->instance->said))
        check_free(c);
    return c;
}

static struct keynode *first_with(const struct keymap *m, const char *key,
                                  size_t len)
{
    struct keynode *n = keymap_from(m, key, len);

    return n && keynode_has_prefix(n, key, len) ? n : NULL;
}

static struct dir_check *check_on(struct directory *d, const struct dir_node *n,
                                  const char *id)
{
    size_t len;
    const char *key = dir_key(d, &len, id, NULL, NULL);

    return dir_check_by_node(first_with(&n->checks, key, len));
}

/* A check whose node or service has gone, or whose id is taken: its record is
 * left over. */
static void check_orphan(struct directory *d, struct dir_check *c,
                         uint64_t revision)
{
    check_leave(d, c, revision);
    c->record->refs++;
    dir_list_add(&d->orphans, c->record);
    check_free(c);
}

/* -- what is implied ------------------------------------------------------- */

void dir_set_serf(struct directory *d, struct dir_node *n, bool on,
                  uint64_t revision)
{
    struct dir_check *c = n->serf;

    if (on == !!c)
        return;
    if (c) {
        n->serf = NULL;
        check_leave(d, c, revision);
        check_free(c);
        return;
    }
    c = check_on(d, n, DIR_SERF_HEALTH);
    if (c && !c->instance)
        check_orphan(d, c, revision);
    c = n->serf =
        check_new(d, DIR_SERF_HEALTH, "Serf Health Status", NULL, true);
    c->output = "Agent alive and reachable";
    c->created = c->changed = revision;
    check_come(d, c, n, NULL, revision);
}

bool dir_is_serfs(const struct dir_node *n, const char *id)
{
    return n->serf && dir_compare(id, DIR_SERF_HEALTH) == 0;
}

static bool has_record(const struct dir_instance *i)
{
    return i->checks.count > (i->said ? 1 : 0);
}

bool dir_is_amiss(const struct dir_instance *i)
{
    enum dir_status worst = DIR_PASSING;
    const struct dir_check *c = NULL;

    if (!i->entry || !has_record(i))
        return false;
    while ((c = dir_own_next_check(i, c)))
        if (!c->implied && c->status > worst)
            worst = c->status;
    return !i->says_status || i->status != worst;
}

static void said_go(struct directory *d, struct dir_instance *i,
                    uint64_t revision)
{
    struct dir_check *c = i->said;

    if (!c)
        return;
    i->said = NULL;
    check_leave(d, c, revision);
    check_free(c);
}

static void said_come(struct directory *d, struct dir_instance *i,
                      uint64_t revision)
{
    char *id = xasprintf("service:%s", i->id);
    char *name = xasprintf("Service '%s' check", i->service);
    struct dir_check *c = check_new(d, id, name, i, true);

    free(id);
    free(name);
    i->said = c;
    c->service_id = i->id;
    c->status = i->status;
    c->created = i->created;
    c->changed = revision;
    check_come(d, c, i->node, i, revision);
}

void dir_look_said(struct directory *d, struct dir_instance *i,
                   uint64_t revision)
{
    bool says = i->says_status && !has_record(i);
    struct dir_check *c = i->said;

    if (!says) {
        said_go(d, i, revision);
    } else if (!c) {
        said_come(d, i, revision);
    } else if (c->status != i->status) {
        touch_checks(d, c, revision);
        c->status = i->status;
        c->changed = revision;
        touch_checks(d, c, revision);
        dir_tell_check(d, c, DIR_CHANGED);
    }
}

/* -- what is recorded ------------------------------------------------------ */

struct dir_check *dir_find_check(struct directory *d, const char *node,
                                 const char *id)
{
    size_t len;
    const char *key = dir_key(d, &len, node ? node : d->own_name, NULL, NULL);
    struct dir_node *n = dir_node_of(keymap_find(&d->nodes, key, len - 1));

    return n ? check_on(d, n, id) : NULL;
}

static void check_fill(struct dir_check *c, struct dir_check_record *r)
{
    r->refs++;
    dir_check_record_unref(c->record);
    c->record = r;
    c->name = r->name;
    c->notes = r->notes;
    c->output = r->output;
    c->service_id = r->service_id;
    c->definition = r->definition;
    c->status = r->status;
    c->agent = r->agent;
    c->created = r->created;
    c->changed = r->changed;
}

/* The check comes, if its node and its service are there, and its id is not
 * that of a node which answers for itself. */
static void record_come(struct directory *d, struct dir_check_record *r,
                        uint64_t revision)
{
    struct dir_node *n = dir_node_get(d, r->node);
    struct dir_instance *i = NULL;
    struct dir_check *c;

    if (*r->service_id)
        i = dir_find_instance(d, r->node, r->service_id);
    if (!n->present || (*r->service_id ? !i : dir_is_serfs(n, r->id))) {
        r->refs++;
        dir_list_add(&d->orphans, r);
        return;
    }
    c = check_new(d, r->id, "", NULL, false);
    check_fill(c, r);
    check_come(d, c, n, i, revision);
    if (i)
        dir_look_said(d, i, revision);
}

/* All records of a service ("": of the node itself) come. */
static void records_come(struct directory *d, const char *node,
                         const char *service, uint64_t revision)
{
    size_t len;
    const char *key = dir_key(d, &len, node, service, NULL);
    char *prefix = xmemdup0(key, len);
    struct keynode *at = first_with(&d->check_services, prefix, len);

    for (; at && keynode_has_prefix(at, prefix, len);
         at = keymap_after(&d->check_services, at->key, at->key_len)) {
        struct dir_check_record *r = dir_check_record_by_service(at);
        const struct dir_check *c = dir_find_check(d, node, r->id);

        /* one that was changed meanwhile is looked at when that is */
        if (!c || c->implied)
            record_come(d, r, revision);
    }
    free(prefix);
}

void dir_checks_come(struct directory *d, struct dir_instance *i,
                     uint64_t revision)
{
    if (d->check_services.count &&
        dir_find_instance(d, i->node->name, i->id) == i)
        records_come(d, i->node->name, i->id, revision);
    dir_look_said(d, i, revision);
}

void dir_node_checks_come(struct directory *d, struct dir_node *n,
                          uint64_t revision)
{
    if (d->check_services.count)
        records_come(d, n->name, "", revision);
}

void dir_checks_go(struct directory *d, struct dir_instance *i,
                   uint64_t revision)
{
    struct keynode *at;

    said_go(d, i, revision);
    while ((at = keymap_from(&i->checks, "", 0)))
        check_orphan(d, dir_check_by_instance(at), revision);
}

void dir_node_checks_go(struct directory *d, struct dir_node *n,
                        uint64_t revision)
{
    struct keynode *at;

    while ((at = keymap_from(&n->checks, "", 0)))
        check_orphan(d, dir_check_by_node(at), revision);
}

void dir_checks_move(struct directory *d, struct dir_instance *from,
                     struct dir_instance *i, uint64_t revision)
{
    struct keynode *at;
    struct dir_check *c;

    i->checks = from->checks;
    i->said = from->said;
    from->checks = (struct keymap){0};
    from->said = NULL;
    for (at = keymap_from(&i->checks, "", 0); at;
         at = keymap_after(&i->checks, at->key, at->key_len)) {
        c = dir_check_by_instance(at);
        c->instance = i;
        if (c->implied)
            c->service_id = i->id;
        if (revision)
            touch_checks(d, c, revision); /* they show its tags */
    }
}

/* Nothing that is shown of it, or that runs it, differs. */
static bool same_record(const struct dir_check_record *a,
                        const struct dir_check_record *b)
{
    return a->status == b->status && a->agent == b->agent &&
           !strcmp(a->name, b->name) && !strcmp(a->notes, b->notes) &&
           !strcmp(a->definition, b->definition);
}

static void check_change(struct directory *d, struct dir_check *c,
                         struct dir_check_record *r)
{
    bool same = same_record(c->record, r);

    touch_checks(d, c, r->changed);
    check_fill(c, r);
    touch_checks(d, c, r->changed);
    if (!same)
        dir_tell_check(d, c, DIR_CHANGED);
}

/* A version that was put or has gone: what there is now counts. */
void dir_take_check(struct directory *d, struct dir_check_record *put)
{
    struct dir_check_record *r = dir_check_record_of(
        keymap_find(&d->check_records, put->by_key.key, put->by_key.key_len));
    struct dir_check *c = dir_find_check(d, put->node, put->id);
    struct dir_instance *i;

    if (c && c->implied)
        c = NULL;
    if (c && put != r && put->turned)
        tell_critical(d, c, false); /* though it is so no longer */
    put->turned = false;
    if (c && c->record == r)
        return;
    if (c && r && !strcmp(c->service_id, r->service_id)) {
        check_change(d, c, r);
        return;
    }
    if (c) {
        i = c->instance;
        check_leave(d, c, r ? r->changed : put->changed);
        check_free(c);
        if (i)
            dir_look_said(d, i, r ? r->changed : put->changed);
    }
    if (r)
        record_come(d, r, r->changed);
}

void dir_check_output(struct directory *d, struct dir_check_record *r,
                      const char *output)
{
    struct dir_check *c = dir_find_check(d, r->node, r->id);
    struct keynode *at;

    dir_check_record_say(r, output);
    if (!c || c->record != r)
        return;
    c->output = r->output;
    if (c->instance) {
        c->instance->name->version++;
        return;
    }
    for (at = keymap_from(&c->node->instances, "", 0); at;
         at = keymap_after(&c->node->instances, at->key, at->key_len))
        dir_instance_by_node(at)->name->version++;
}

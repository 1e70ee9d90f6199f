#include "t/unit/directory_util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "server/state/directory_impl.h"

static void pending(void *arg)
{
    ((struct place *)arg)->pending++;
}

static unsigned port_of(const char *net, const char *word)
{
    return !strcmp(net, "tcp") && !strcmp(word, "http") ? 80 : 0;
}

static void note(struct place *p, const char *kind, const char *name,
                 enum dir_event e)
{
    size_t len = strlen(p->events);

    snprintf(p->events + len, sizeof(p->events) - len, "%c%s %s;",
             e == DIR_CAME      ? '+'
             : e == DIR_CHANGED ? '='
                                : '-',
             kind, name);
}

static void on_node(void *arg, const struct dir_node *n, enum dir_event e)
{
    note(arg, "node", n->name, e);
}

static void on_check(void *arg, const struct dir_check *c, enum dir_event e)
{
    note(arg, "check", c->id, e);
}

static void on_instance(void *arg, const struct dir_instance *i,
                        enum dir_event e)
{
    note(arg, "service", i->id, e);
}

void place_open(struct place *p, struct store *store, bool by_table)
{
    struct directory_setup setup = {.node = DIR_OWN_NODE,
                                    .by_table = by_table,
                                    .port_of = port_of,
                                    .pending = pending,
                                    .arg = p};
    struct catalog_limits limits = {0};
    char *error = NULL;

    *p = (struct place){.store = store};
    p->c = catalog_new(store, &limits, 1000, 1 << 20);
    p->d = directory_new(p->c, &setup);
    p->listener = (struct dir_listener){
        .node = on_node, .check = on_check, .instance = on_instance, .arg = p};
    directory_listen(p->d, &p->listener);
    assert_true(store_replay(store, &error));
    catalog_start(p->c);
    p->c->changed = (void (*)(void *))directory_changed;
    p->c->arg = p->d;
    directory_start(p->d, "11111111-2222-3333-4444-555555555555");
    directory_advertise(p->d, "10.0.0.1", 6701);
    holder_init(&p->holder);
    p->holder.owner.from = "192.0.2.7:4321";
}

void place_close(struct place *p)
{
    store_close(p->store);
    directory_free(p->d);
    catalog_free(p->c);
}

void dir_told_done(void *arg, const struct dir_result *r)
{
    struct dir_told *t = arg;

    t->count++;
    t->outcome = r->outcome;
    t->revision = r->revision;
    snprintf(t->text, sizeof(t->text), "%s", r->text ? r->text : "");
}

/* -- requests as text ------------------------------------------------------ */

struct reading {
    struct dir_request q;
    struct dir_service_new service;
    struct dir_pair tagged[8], meta[8], smeta[8];
    const char *tags[8];
    struct dir_check_new checks[8];
};

static void read_pair(struct dir_pair *list, struct dir_pairs *p, char *text)
{
    char *is = strchr(text, '=');

    *is = '\0';
    list[p->count++] = (struct dir_pair){.name = text, .value = is + 1};
    p->list = list;
}

static void read_check(struct reading *r, char *text)
{
    struct dir_check_new *c = &r->checks[r->q.check_count++];
    char *save = NULL, *word = strtok_r(text, " ", &save);

    c->id = word;
    assert_true(dir_status_parse(strtok_r(NULL, " ", &save), &c->status));
    c->service_id = strtok_r(NULL, " ", &save);
    c->definition = strtok_r(NULL, "", &save);
    r->q.checks = r->checks;
}

static void read_item(struct reading *r, const char *name, char *value)
{
    struct dir_check_new *last =
        &r->checks[r->q.check_count ? r->q.check_count - 1 : 0];

    if (!strcmp(name, "node"))
        r->q.node = value;
    else if (!strcmp(name, "address"))
        r->q.address = value;
    else if (!strcmp(name, "id"))
        r->q.id = value;
    else if (!strcmp(name, "skip"))
        r->q.skip_node = true;
    else if (!strcmp(name, "tagged"))
        read_pair(r->tagged, &r->q.tagged, value);
    else if (!strcmp(name, "meta"))
        read_pair(r->meta, &r->q.meta, value);
    else if (!strcmp(name, "service"))
        r->service.name = value, r->q.service = &r->service;
    else if (!strcmp(name, "sid"))
        r->service.id = value;
    else if (!strcmp(name, "saddr"))
        r->service.address = value;
    else if (!strcmp(name, "port"))
        r->service.port = (unsigned)atoi(value);
    else if (!strcmp(name, "tag"))
        r->tags[r->service.tags.count++] = value;
    else if (!strcmp(name, "smeta"))
        read_pair(r->smeta, &r->service.meta, value);
    else if (!strcmp(name, "override"))
        r->service.tag_override = true;
    else if (!strcmp(name, "check"))
        read_check(r, value);
    else if (!strcmp(name, "agent"))
        last->agent = true;
    else if (!strcmp(name, "keep"))
        last->keep = true;
    else if (!strcmp(name, "output"))
        last->output = value;
    else
        fail_msg("unknown: %s", name);
}

void dir_register(struct place *p, struct dir_told *t, const char *text)
{
    struct reading r = {.q.who.may_all = true};
    char *copy = xstrdup(text), *item, *end, *value;

    r.service.tags.list = r.tags;
    for (item = copy; item; item = end) {
        end = strstr(item, " | ");
        if (end) {
            *end = '\0';
            end += 3;
        }
        value = strchr(item, ' ');
        if (value)
            *value++ = '\0';
        read_item(&r, item, value ? value : item + strlen(item));
    }
    *t = (struct dir_told){0};
    directory_register(p->d, &r.q, dir_told_done, t);
    free(copy);
}

void dir_deregister(struct place *p, struct dir_told *t, const char *text)
{
    struct dir_removal q = {.who.may_all = true};
    char *copy = xstrdup(text), *what = strchr(copy, ' ');

    if (what)
        *what++ = '\0';
    q.node = copy;
    if (what && !strncmp(what, "service:", 8))
        q.service_id = what + 8;
    else if (what)
        q.check_id = what + 6;
    *t = (struct dir_told){0};
    directory_deregister(p->d, &q, dir_told_done, t);
    free(copy);
}

void dir_line(struct place *p, const char *line)
{
    char name[64];
    struct told t;

    assert_int_equal(sscanf(line, "%63s", name), 1);
    if (catalog_find(p->c, name, strlen(name)))
        state_update(p->c, &t, name, line + strlen(name) + 1);
    else
        state_register(p->c, &p->holder, &t, line);
    assert_string_equal(t.text, "");
}

void dir_hang_up(struct place *p)
{
    catalog_owner_gone(p->c, &p->holder.owner);
}

/* -- reading --------------------------------------------------------------- */

static void write_pairs(struct buf *b, const struct dir_pairs *p)
{
    unsigned i;

    if (!p->count)
        return;
    buf_add_str(b, " {");
    for (i = 0; i < p->count; i++)
        buf_add_fmt(b, "%s%s=%s", i ? " " : "", p->list[i].name,
                    p->list[i].value);
    buf_add_str(b, "}");
}

static void write_check(struct buf *b, const struct dir_check *c,
                        const char *indent)
{
    buf_add_fmt(b, "%s%s %s%s \"%s\" c%llu m%llu\n", indent, c->id,
                dir_status_text(c->status), c->implied ? " implied" : "",
                c->output, (unsigned long long)c->created,
                (unsigned long long)c->changed);
}

static void write_instance(struct buf *b, const struct dir_instance *i)
{
    const struct dir_check *c = NULL;
    unsigned t;

    buf_add_fmt(b, "  %s %s %s:%u", i->id, i->service, i->address, i->port);
    if (i->tags.count)
        buf_add_str(b, " [");
    for (t = 0; t < i->tags.count; t++)
        buf_add_fmt(b, "%s%s", t ? " " : "", i->tags.list[t]);
    if (i->tags.count)
        buf_add_str(b, "]");
    write_pairs(b, &i->meta);
    if (i->tag_override)
        buf_add_str(b, " override");
    buf_add_fmt(b, " c%llu m%llu\n", (unsigned long long)i->created,
                (unsigned long long)i->changed);
    while ((c = dir_own_next_check(i, c)))
        write_check(b, c, "    ");
}

const char *dir_text(struct place *p)
{
    static struct buf b;
    const struct dir_instance *i;
    const struct dir_node *n = NULL;
    const struct dir_check *c;

    buf_reset(&b, 4096);
    while ((n = directory_next_node(p->d, n))) {
        buf_add_fmt(&b, "%s %s%s%s", n->name, n->address, n->own ? " own" : "",
                    n->recorded ? " recorded" : "");
        write_pairs(&b, &n->meta);
        buf_add_str(&b, "\n");
        for (i = NULL; (i = dir_node_next(n, i));)
            write_instance(&b, i);
        for (c = NULL; (c = dir_node_next_check(n, c));)
            if (!c->instance)
                write_check(&b, c, "  ");
    }
    return buf_str(&b);
}

static struct dir_scope scope_of(const char *text, char name[64])
{
    static const char *const kinds[] = {
        "nodes",   "services",       "instances", "node", "node-checks",
        "service", "service-checks", "health",    "state"};
    struct dir_scope s = {.name = name};
    const char *colon = strchr(text, ':');
    size_t len = colon ? (size_t)(colon - text) : strlen(text), i;

    snprintf(name, 64, "%s", colon ? colon + 1 : "");
    for (i = 0; i < ARRAY_LEN(kinds); i++)
        if (strlen(kinds[i]) == len && !memcmp(kinds[i], text, len)) {
            s.kind = (enum dir_kind)i;
            return s;
        }
    fail_msg("unknown: %s", text);
    return s;
}

uint64_t dir_index(struct place *p, const char *scope)
{
    char name[64];
    struct dir_scope s = scope_of(scope, name);

    return directory_index(p->d, &s);
}

static void waits_changed(struct dir_waiter *w, uint64_t revision)
{
    (void)revision;
    container_of(w, struct dir_waits, waiter)->told++;
}

void dir_waits(struct place *p, struct dir_waits *w, const char *scope)
{
    char name[64];
    struct dir_scope s = scope_of(scope, name);

    *w = (struct dir_waits){.waiter.changed = waits_changed};
    directory_wait(p->d, &w->waiter, &s);
}

struct directory *directory_again(struct place *p)
{
    struct directory *d = xcalloc(1, sizeof(*d));

    d->catalog = p->c;
    d->setup = p->d->setup;
    d->own_name = xstrdup(p->d->own_name);
    d->own_id = xstrdup(p->d->own_id);
    d->own_address = xstrdup(p->d->own_address);
    d->own_port = p->d->own_port;
    htab_init(&d->by_entry);
    d->records = p->d->records;
    d->check_records = p->d->check_records;
    d->check_services = p->d->check_services;
    directory_wake(d);
    d->records = d->check_records = d->check_services = (struct keymap){0};
    return d;
}

void dir_assert_done(const struct dir_told *t)
{
    assert_int_equal(t->count, 1);
    assert_string_equal(t->text, "");
    assert_int_equal(t->outcome, DIR_DONE);
}

void dir_assert_refused(const struct dir_told *t, const char *text)
{
    assert_int_equal(t->count, 1);
    assert_string_equal(t->text, text);
    assert_int_equal(t->outcome, DIR_REFUSED);
}

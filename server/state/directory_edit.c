/*
 * What a registered service becomes in the catalog: the attributes that
 * directory_map.c reads.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/attrs.h"
#include "server/state/directory_impl.h"

#define NAME_TRIES 9 /* names that a service is offered, if they are taken */

/* "a,b", with a \ before each comma and \ of a tag's own. */
static const char *tags_text(struct dir_change *ch, const struct dir_texts *t)
{
    struct buf out = BUF_INIT;
    const char *p, *text;
    unsigned i;

    for (i = 0; i < t->count; i++) {
        if (i)
            buf_add_char(&out, ',');
        for (p = t->list[i]; *p; p++) {
            if (*p == ',' || *p == '\\')
                buf_add_char(&out, '\\');
            buf_add_char(&out, *p);
        }
    }
    text = dir_change_text(ch, buf_str(&out));
    buf_free(&out);
    return text;
}

/* Its place, as attributes: addr tcp!A!P, or port P alone. */
static void edit_place(struct dir_edit *e, const struct dir_service_new *s)
{
    char *addr = xasprintf("tcp!%s!%u", s->address, s->port);
    char *port = xasprintf("%u", s->port);

    if (*s->address)
        dir_edit_set(e, "addr", addr);
    else if (s->port)
        dir_edit_set(e, "port", port);
    free(addr);
    free(port);
}

static void edit_meta(struct dir_edit *e, const struct dir_pair *p)
{
    char *name =
        dir_is_word(p->name) ? xasprintf("meta.%s", p->name) : xstrdup(p->name);

    dir_edit_set(e, name, p->value);
    free(name);
}

static void edit_new(struct dir_edit *e, const struct dir_service_new *s)
{
    unsigned i;

    dir_edit_set(e, "service", s->name);
    dir_edit_set(e, "node", e->change->node);
    dir_edit_set(e, "id", s->id);
    if (s->tags.count)
        dir_edit_set(e, "tags", tags_text(e->change, &s->tags));
    edit_place(e, s);
    if (s->tag_override)
        dir_edit_set(e, "tag_override", "1");
    for (i = 0; i < s->meta.count; i++)
        edit_meta(e, &s->meta.list[i]);
    dir_edit_set(e, "persist", "1");
    if (e->change->who.by.len)
        dir_edit_set(e, RECORD_OWNER, e->change->who.by.text);
}

static bool has_attr(const struct dir_instance *i, const char *name)
{
    size_t len;

    return record_lookup(i->entry->record, name, strlen(name), &len);
}

static void edit_unset(struct dir_edit *e, const struct dir_instance *i,
                       const char *name)
{
    if (has_attr(i, name))
        dir_edit_unset(e, name);
}

/* host and kind show as meta and are not: nobody takes them away so. */
static void edit_metas(struct dir_edit *e, const struct dir_instance *i,
                       const struct dir_service_new *s)
{
    const char *value;
    char *name;
    unsigned n;

    for (n = 0; n < s->meta.count; n++) {
        value = dir_pair_get(&i->meta, s->meta.list[n].name);
        if (!value || strcmp(value, s->meta.list[n].value) != 0)
            edit_meta(e, &s->meta.list[n]);
    }
    for (n = 0; n < i->meta.count; n++) {
        if (dir_pair_get(&s->meta, i->meta.list[n].name))
            continue;
        name = dir_is_word(i->meta.list[n].name)
                   ? xasprintf("meta.%s", i->meta.list[n].name)
                   : xstrdup(i->meta.list[n].name);
        edit_unset(e, i, name);
        free(name);
    }
}

/* What makes i, whoever registered it, what s says. */
static void edit_old(struct dir_edit *e, const struct dir_instance *i,
                     const struct dir_service_new *s)
{
    if (strcmp(i->service, s->name) != 0)
        dir_edit_set(e, "service", s->name);
    if (!dir_same_texts(&i->tags, &s->tags)) {
        if (s->tags.count)
            dir_edit_set(e, "tags", tags_text(e->change, &s->tags));
        else
            edit_unset(e, i, "tags");
    }
    if (strcmp(i->address, s->address) != 0 || i->port != s->port) {
        edit_place(e, s);
        if (!*s->address)
            edit_unset(e, i, "addr");
        if (*s->address || !s->port)
            edit_unset(e, i, "port");
    }
    if (i->tag_override != s->tag_override) {
        if (s->tag_override)
            dir_edit_set(e, "tag_override", "1");
        else
            edit_unset(e, i, "tag_override");
    }
    edit_metas(e, i, s);
}

/* A free name of the catalog: ID, of another node's ID@NODE, with a number if
 * that is taken. NULL: none. What no name may hold becomes '_'. */
static char *free_name(struct dir_change *ch, const struct dir_service_new *s)
{
    bool own = ch->d->own == directory_node(ch->d, ch->node);
    unsigned i;
    char *name, *p;

    for (i = own ? 0 : 1; i <= NAME_TRIES; i++) {
        name = i > 1 ? xasprintf("%s@%s.%u", s->id, ch->node, i)
               : i   ? xasprintf("%s@%s", s->id, ch->node)
                     : xstrdup(s->id);
        for (p = name; *p; p++)
            if (*p == '/' || (unsigned char)*p <= ' ' || *p == 0x7f)
                *p = '_';
        if (!service_name_wrong(name, strlen(name)) &&
            !catalog_find(ch->d->catalog, name, strlen(name)))
            return name;
        free(name);
    }
    return NULL;
}

void dir_register_service(struct dir_change *ch)
{
    const struct dir_service_new *s = ch->request.service;
    struct record_edit edit;
    struct dir_edit e;
    struct word name;
    char *text = free_name(ch, s);

    if (!text) {
        dir_change_refuse(ch, "services of other ids have its name");
        return;
    }
    dir_edit_init(&e, ch, 9 + s->meta.count, 0);
    edit_new(&e, s);
    dir_edit_status(&e, NULL, s->id);
    edit = dir_edit_done(&e);
    name = (struct word){.text = text, .len = (unsigned)strlen(text)};
    dir_change_register(ch, &name, &edit);
    free(text);
}

/* With the request's own service, where it has one; or with that of its
 * checks. */
void dir_update_service(struct dir_change *ch, const struct dir_instance *i)
{
    const struct dir_service_new *s = ch->request.service;
    struct record_edit edit;
    struct dir_edit e;

    dir_edit_init(&e, ch, 8 + (s ? s->meta.count : 0), 8 + i->meta.count);
    if (s)
        edit_old(&e, i, s);
    dir_edit_status(&e, i, i->id);
    edit = dir_edit_done(&e);
    if (edit.set_count || edit.unset_count)
        dir_change_update(ch, i->entry, &edit);
    else
        dir_change_commit(ch);
}

/*
 * Which query a name stands for, and what a template becomes for it: in its
 * texts
 *
 *   ${name.full} ${name.prefix} ${name.suffix}   the name, the template's, and
 *                                                what is behind that
 *   ${match(N)}                                  of its regexp on the name: all
 *                                                (0), or a group of it
 *   $${                                          ${
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/rex.h"
#include "server/state/queries_impl.h"

/* What the texts of a template are filled with. */
struct render {
    const char *full, *prefix, *suffix;
    struct rex_span spans[REX_GROUPS_MAX]; /* of full */
    bool remove_empty_tags;
};

/* -- one text -------------------------------------------------------------- */

/* Takes white space, and then that word; false if it is not there. */
static bool take(const char **p, const char *word)
{
    size_t len = strlen(word);

    while (isspace((unsigned char)**p))
        ++*p;
    if (strncmp(*p, word, len) != 0)
        return false;
    *p += len;
    return true;
}

/* match(N), after its name: which one; -1: that is no such thing. */
static int take_match(const char **p)
{
    int n = 0, digits = 0;

    if (!take(p, "("))
        return -1;
    take(p, "");
    for (; **p >= '0' && **p <= '9'; ++*p, digits++)
        n = n < 1000 ? n * 10 + (**p - '0') : n;
    return digits && take(p, ")") ? n : -1;
}

static void add_match(const struct render *r, int n, struct buf *out)
{
    if (n < REX_GROUPS_MAX && r->spans[n].at >= 0)
        buf_add(out, r->full + r->spans[n].at, r->spans[n].len);
}

/* What stands behind ${ up to its }; false: it is nothing that we know. */
static bool add_value(const struct render *r, const char **p, struct buf *out)
{
    int n;

    if (take(p, "name.full"))
        buf_add_str(out, r->full);
    else if (take(p, "name.prefix"))
        buf_add_str(out, r->prefix);
    else if (take(p, "name.suffix"))
        buf_add_str(out, r->suffix);
    else if (take(p, "match")) {
        n = take_match(p);
        if (n < 0)
            return false;
        add_match(r, n, out);
    } else
        return false;
    return take(p, "}");
}

/* False: the text is no good; out holds something then. */
static bool add_text(const struct render *r, const char *text, struct buf *out)
{
    const char *p = text;

    while (*p) {
        if (!strncmp(p, "$${", 3)) {
            buf_add_str(out, "${");
            p += 3;
        } else if (!strncmp(p, "${", 2)) {
            p += 2;
            if (!add_value(r, &p, out))
                return false;
        } else
            buf_add_char(out, *p++);
    }
    return true;
}

/* -- all of them ----------------------------------------------------------- */

static char *bad_format(const char *text)
{
    return xasprintf(QUERY_TEMPLATE
                     "Bad format '%s': what may stand in it is ${name.full}, "
                     "${name.prefix}, ${name.suffix} and ${match(N)}",
                     text);
}

static char *render_text(const struct render *r, char **text)
{
    struct buf out = BUF_INIT;

    if (!add_text(r, *text, &out)) {
        buf_free(&out);
        return bad_format(*text);
    }
    query_set(text, buf_str(&out));
    buf_free(&out);
    return NULL;
}

static char *render_list(const struct render *r, struct query_list *l)
{
    char *wrong = NULL;
    size_t i;

    for (i = 0; i < l->count && !wrong; i++)
        wrong = render_text(r, &l->items[i]);
    return wrong;
}

static void remove_empty(struct query_list *l)
{
    size_t i, kept = 0;

    for (i = 0; i < l->count; i++) {
        if (*l->items[i])
            l->items[kept++] = l->items[i];
        else
            free(l->items[i]);
    }
    l->count = kept;
}

/* Of what Consul calls the Service of a query: everything. */
static char *render(const struct render *r, struct query_def *d)
{
    char *wrong = render_text(r, &d->service);

    if (!wrong)
        wrong = render_text(r, &d->near);
    if (!wrong)
        wrong = render_list(r, &d->datacenters);
    if (!wrong)
        wrong = render_list(r, &d->tags);
    if (!wrong)
        wrong = render_list(r, &d->node_meta);
    if (!wrong)
        wrong = render_list(r, &d->ignore_checks);
    if (d->remove_empty_tags)
        remove_empty(&d->tags);
    return wrong;
}

static void list_copy(struct query_list *to, const struct query_list *from)
{
    size_t i;

    for (i = 0; i < from->count; i++)
        query_list_add(to, from->items[i]);
}

static void def_copy(struct query_def *to, const struct query_def *from)
{
    query_def_init(to);
    query_set(&to->name, from->name);
    query_set(&to->session, from->session);
    query_set(&to->token, from->token);
    query_set(&to->type, from->type);
    query_set(&to->regexp, from->regexp);
    query_set(&to->service, from->service);
    query_set(&to->near, from->near);
    query_set(&to->ttl, from->ttl);
    to->remove_empty_tags = from->remove_empty_tags;
    to->only_passing = from->only_passing;
    to->nearest_n = from->nearest_n;
    list_copy(&to->datacenters, &from->datacenters);
    list_copy(&to->tags, &from->tags);
    list_copy(&to->node_meta, &from->node_meta);
    list_copy(&to->ignore_checks, &from->ignore_checks);
}

/* For that name; NULL, or what is wrong (free()). */
static char *template_render(struct query_def *d, const char *name)
{
    size_t prefix = strlen(d->name), len = strlen(name);
    struct render r = {.full = name,
                       .prefix = d->name,
                       .suffix = name + (prefix < len ? prefix : len)};
    const char *wrong;
    struct rex *rex;
    size_t i;

    for (i = 0; i < REX_GROUPS_MAX; i++)
        r.spans[i].at = -1;
    if (*d->regexp) {
        wrong = rex_compile_groups(d->regexp, &rex);
        if (wrong)
            return xasprintf(QUERY_TEMPLATE "Bad Regexp '%s': %s", d->regexp,
                             wrong);
        rex_groups(rex, name, len, r.spans);
        rex_free(rex);
    }
    return render(&r, d);
}

char *query_template_wrong(const struct query_def *d)
{
    struct query_def trial;
    char *wrong;

    def_copy(&trial, d);
    wrong = template_render(&trial, d->name);
    query_def_free(&trial);
    return wrong;
}

/* -- finding --------------------------------------------------------------- */

static const struct query *of_name(struct keynode *n)
{
    return n ? &container_of(n, struct query_entry, by_name)->query : NULL;
}

/* The template whose name is the longest with which that one begins. */
static const struct query *template_for(const struct queries *qs,
                                        const char *lower)
{
    size_t len = strlen(lower) + 1;
    struct keynode *n = NULL;

    if (qs->templates.count)
        while (!n && len--)
            n = keymap_find(&qs->templates, lower, len);
    return of_name(n);
}

static const struct query *named(const struct queries *qs, const char *name)
{
    char *lower = query_lower(name);
    const struct query *q =
        of_name(keymap_find(&qs->names, lower, strlen(lower)));

    if (!q || !*name)
        q = template_for(qs, lower);
    free(lower);
    return q;
}

bool queries_resolve(const struct queries *qs, const char *name_or_id,
                     struct query_found *out, const char **error)
{
    const struct query *q = NULL;
    char *wrong;

    *error = NULL;
    *out = (struct query_found){0};
    if (strlen(name_or_id) > QUERY_NAME_MAX)
        return false;
    if (uuid_ok(name_or_id, strlen(name_or_id)))
        q = queries_find(qs, name_or_id);
    if (q && query_is_template(&q->def)) {
        *error = "prepared query templates can only be resolved up by name, "
                 "not by ID";
        return false;
    }
    if (!q)
        q = named(qs, name_or_id);
    if (!q)
        return false;
    out->query = q;
    def_copy(&out->def, &q->def);
    if (!query_is_template(&q->def))
        return true;
    wrong = template_render(&out->def, name_or_id);
    if (!wrong)
        return true;
    free(wrong); /* it was right when it was put */
    query_found_free(out);
    *error = "the template cannot be rendered for that name";
    return false;
}

void query_found_free(struct query_found *f)
{
    query_def_free(&f->def);
    f->query = NULL;
}

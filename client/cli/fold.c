#include "client/cli/fold.h"

#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "client/cli/similar.h"
#include "lib/mem.h"

/* What some hosts said, and how they ended. */
struct group {
    char *result; /* owned */
    struct buf text;
    uint64_t missing;
    const char **hosts; /* owned array; the names are struct said's */
    size_t n_hosts;
    struct group *next; /* in the order of their first host's end */
    /* while they are told: */
    struct similar similar;
    struct group *family; /* its first group, or itself */
    const char **members; /* of a first one: the hosts of its family; owned */
    size_t family_hosts, family_groups;
    bool *differs;    /* of a first one: which pieces are not the same in all */
    struct buf alike; /* of a first one */
};

/* A host. */
struct said {
    char *host; /* owned */
    struct buf text;
    uint64_t missing;
    bool ended;
    UT_hash_handle hh;
};

struct fold {
    struct said *by_host;
    struct group *groups, **last;
    size_t kept; /* bytes, of all */
};

struct fold *fold_new(void)
{
    struct fold *f = xcalloc(1, sizeof(*f));

    f->last = &f->groups;
    return f;
}

void fold_free(struct fold *f)
{
    struct said *s, *next;

    if (!f)
        return;
    HASH_ITER (hh, f->by_host, s, next) {
        HASH_DEL(f->by_host, s);
        buf_free(&s->text);
        free(s->host);
        free(s);
    }
    while (f->groups) {
        struct group *g = f->groups;

        f->groups = g->next;
        buf_free(&g->text);
        buf_free(&g->alike);
        similar_free(&g->similar);
        free(g->differs);
        free(g->members);
        free(g->hosts);
        free(g->result);
        free(g);
    }
    free(f);
}

static struct said *host_of(struct fold *f, const char *host)
{
    struct said *s;

    HASH_FIND_STR(f->by_host, host, s);
    if (s)
        return s;
    s = xcalloc(1, sizeof(*s));
    s->host = xstrdup(host);
    HASH_ADD_KEYPTR(hh, f->by_host, s->host, strlen(s->host), s);
    return s;
}

void fold_output(struct fold *f, const char *host, const char *text, size_t len,
                 bool whole)
{
    struct said *s = host_of(f, host);
    size_t want = len + whole;

    if (buf_len(&s->text) + want > FOLD_HOST || f->kept + want > FOLD_ALL ||
        s->missing > 0) {
        s->missing += want;
        return;
    }
    buf_add(&s->text, text, len);
    if (whole)
        buf_add_char(&s->text, '\n');
    f->kept += want;
}

void fold_cut(struct fold *f, const char *host, uint64_t bytes)
{
    host_of(f, host)->missing += bytes;
}

/* Outputs that are not known whole are never equal. */
static bool same(const struct group *g, const struct said *s,
                 const char *result)
{
    return strcmp(g->result, result) == 0 && !g->missing && !s->missing &&
           buf_len(&g->text) == buf_len(&s->text) &&
           (buf_len(&g->text) == 0 ||
            memcmp(buf_data(&g->text), buf_data(&s->text), buf_len(&g->text)) ==
                0);
}

static struct group *group_for(struct fold *f, struct said *s,
                               const char *result)
{
    struct group *g;

    for (g = f->groups; g; g = g->next)
        if (same(g, s, result))
            break;
    if (g) {
        f->kept -= buf_len(&s->text);
        buf_free(&s->text);
        return g;
    }
    g = xcalloc(1, sizeof(*g));
    g->result = xstrdup(result);
    g->text = s->text;
    g->missing = s->missing;
    s->text = (struct buf)BUF_INIT;
    *f->last = g;
    f->last = &g->next;
    return g;
}

void fold_end(struct fold *f, const char *host, const char *result)
{
    struct said *s = host_of(f, host);
    struct group *g;

    if (s->ended)
        return;
    s->ended = true;
    g = group_for(f, s, result);
    g->hosts = xreallocarray(g->hosts, g->n_hosts + 1, sizeof(*g->hosts));
    g->hosts[g->n_hosts++] = s->host;
}

static int by_name(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;

    return strverscmp(*x, *y);
}

/* -- families -------------------------------------------------------------- */

static int larger(size_t a, size_t b)
{
    return a == b ? 0 : a < b ? 1 : -1;
}

static int largest_first(const void *a, const void *b)
{
    const struct group *x = *(struct group *const *)a;
    const struct group *y = *(struct group *const *)b;
    int cmp = larger(x->n_hosts, y->n_hosts);

    return cmp ? cmp : strverscmp(x->hosts[0], y->hosts[0]);
}

/* Families by their size, and within one the groups by theirs. */
static int told_first(const void *a, const void *b)
{
    const struct group *x = *(struct group *const *)a;
    const struct group *y = *(struct group *const *)b;
    const struct group *fx = x->family, *fy = y->family;
    int cmp = larger(fx->family_hosts, fy->family_hosts);

    if (fx == fy) {
        cmp = (y == fy) - (x == fx);
        return cmp ? cmp : largest_first(a, b);
    }
    return cmp ? cmp : strverscmp(fx->hosts[0], fy->hosts[0]);
}

/* Texts that are not known whole are alike to nothing. */
static bool alike(const struct group *a, const struct group *b)
{
    return !a->missing && !b->missing && strcmp(a->result, b->result) == 0 &&
           similar_equal(&a->similar, &b->similar);
}

static const char *text_of(const struct group *g)
{
    return buf_len(&g->text) ? buf_data(&g->text) : "";
}

static void family_join(struct group *first, struct group *g)
{
    g->family = first;
    first->members =
        xreallocarray(first->members, first->family_hosts + g->n_hosts,
                      sizeof(*first->members));
    for (size_t i = 0; i < g->n_hosts; i++)
        first->members[first->family_hosts++] = g->hosts[i];
    first->family_groups++;
    if (g == first)
        return;
    if (!first->differs)
        first->differs =
            xcalloc(first->similar.count + 1, sizeof(*first->differs));
    similar_compare(&first->similar, text_of(first), &g->similar, text_of(g),
                    first->differs);
}

/* The list is in order of size: who comes first is the larger one. */
static void families_find(struct group **list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct group *g = list[i];
        size_t k = 0;

        similar_make(&g->similar, g->hosts[0], text_of(g), buf_len(&g->text));
        while (k < i && !(list[k]->family == list[k] && alike(list[k], g)))
            k++;
        family_join(list[k], g);
    }
    for (size_t i = 0; i < n; i++)
        if (list[i]->family_hosts)
            qsort(list[i]->members, list[i]->family_hosts,
                  sizeof(*list[i]->members), by_name);
}

/* Where only blanks are not the same, nothing differs. */
static void alike_write(struct group *g)
{
    const struct similar *s = &g->similar;
    const char *text = text_of(g);
    size_t at = 0;

    if (!g->differs || buf_len(&g->alike))
        return;
    for (size_t i = 0; i < s->count; i++) {
        if (!g->differs[i])
            continue;
        buf_add(&g->alike, text + at, s->pieces[i].at - at);
        buf_add_char(&g->alike, '*');
        at = s->pieces[i].at + s->pieces[i].len;
    }
    buf_add(&g->alike, text + at, buf_len(&g->text) - at);
}

static void tell(struct group *g, void (*fn)(void *, const struct fold_group *),
                 void *arg)
{
    struct fold_group told = {
        .hosts = g->hosts,
        .n_hosts = g->n_hosts,
        .result = g->result,
        .text = text_of(g),
        .len = buf_len(&g->text),
        .missing = g->missing,
    };

    if (g->family == g) {
        alike_write(g);
        told.family = g->members;
        told.family_hosts = g->family_hosts;
        told.family_groups = g->family_groups;
        told.alike_len = buf_len(&g->alike);
        told.alike = told.alike_len ? buf_data(&g->alike) : "";
    }
    fn(arg, &told);
}

void fold_each(struct fold *f,
               void (*fn)(void *arg, const struct fold_group *g), void *arg)
{
    struct group **list, *g;
    size_t n = 0;

    for (struct said *s = f->by_host; s; s = s->hh.next)
        if (!s->ended)
            fold_end(f, s->host, "no end was told");
    for (g = f->groups; g; g = g->next)
        n++;
    list = xcalloc(n + 1, sizeof(struct group *));
    n = 0;
    for (g = f->groups; g; g = g->next) {
        qsort(g->hosts, g->n_hosts, sizeof(*g->hosts), by_name);
        list[n++] = g;
    }
    qsort(list, n, sizeof(struct group *), largest_first);
    families_find(list, n);
    qsort(list, n, sizeof(struct group *), told_first);
    for (size_t i = 0; i < n; i++)
        tell(list[i], fn, arg);
    free(list);
}

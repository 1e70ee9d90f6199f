/*
 * Names of services with their tags, each in every way that it is written by
 * one that may be seen. A name that very many services have is looked at over
 * several turns: what was seen of it is copied, each text once.
 */
#include <stdlib.h>
#include <string.h>

#include "plugins/registry/consul/listing_impl.h"
#include "server/musterd.h"

#define AT_ONCE 1000 /* services of a name that are looked at in one turn */

/* -- of few services ------------------------------------------------------- */

struct texts {
    const char **list; /* owned */
    size_t count, size;
};

static void texts_add(struct texts *t, const char *text)
{
    if (t->count == t->size) {
        t->size = t->size ? 2 * t->size : 16;
        t->list = xreallocarray(t->list, t->size, sizeof(*t->list));
    }
    t->list[t->count++] = text;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void texts_sort(struct texts *t)
{
    size_t i, n = 0;

    if (t->count)
        qsort(t->list, t->count, sizeof(*t->list), by_text);
    for (i = 0; i < t->count; i++)
        if (!n || strcmp(t->list[n - 1], t->list[i]) != 0)
            t->list[n++] = t->list[i];
    t->count = n;
}

/* The tags of those that write the name so. */
static void write_name(struct listing *l, const struct dir_name *n,
                       const char *service)
{
    const struct dir_instance *i = NULL;
    struct jw *w = &l->call->out;
    struct texts tags = {0};
    struct listing_row row;
    size_t t;

    while ((i = dir_name_next(n, i))) {
        row = (struct listing_row){.node = i->node, .instance = i};
        if (strcmp(i->service, service) != 0 || !listing_shows(l, &row))
            continue;
        for (t = 0; t < i->tags.count; t++)
            texts_add(&tags, i->tags.list[t]);
    }
    texts_sort(&tags);
    jw_key_text(w, service, strlen(service));
    jw_open_array(w);
    for (t = 0; t < tags.count; t++)
        jw_text(w, tags.list[t]);
    jw_close(w);
    free(tags.list);
}

/* Each way that the name is written by one that may be seen. */
static void write_names(struct listing *l, const struct dir_name *n)
{
    const struct dir_instance *i = NULL;
    struct texts ways = {0};
    struct listing_row row;
    size_t w;

    while ((i = dir_name_next(n, i))) {
        row = (struct listing_row){.node = i->node, .instance = i};
        if (ways.count && !strcmp(ways.list[ways.count - 1], i->service))
            continue;
        if (listing_shows(l, &row))
            texts_add(&ways, i->service);
    }
    texts_sort(&ways);
    for (w = 0; w < ways.count; w++)
        write_name(l, n, ways.list[w]);
    free(ways.list);
}

/* -- of very many ---------------------------------------------------------- */

/* A way that the name is written; with a tag, a NUL and that behind it. So they
 * are sorted by ways, and each is followed by its tags. */
struct name_text {
    struct keynode by_text;
    char text[];
};

static void text_free(struct keynode *n, void *arg)
{
    (void)arg;
    free(container_of(n, struct name_text, by_text));
}

void listing_forget_names(struct listing *l)
{
    keymap_empty(&l->texts, text_free, NULL);
    l->inside = l->looked = l->opened = false;
}

static void text_add(struct listing *l, const char *bytes, size_t len)
{
    struct name_text *t;

    if (keymap_find(&l->texts, bytes, len))
        return;
    t = xcalloc(1, sizeof(*t) + len + 1);
    memcpy(t->text, bytes, len);
    t->by_text = (struct keynode){.key = t->text, .key_len = (uint32_t)len};
    keymap_insert(&l->texts, &t->by_text);
}

static void look_at(struct listing *l, const struct dir_instance *i)
{
    struct listing_row row = {.node = i->node, .instance = i};
    struct buf text = BUF_INIT;
    size_t way = strlen(i->service), t;

    if (!listing_shows(l, &row))
        return;
    text_add(l, i->service, way);
    for (t = 0; t < i->tags.count; t++) {
        buf_reset(&text, 4096);
        buf_add(&text, i->service, way + 1);
        buf_add_str(&text, i->tags.list[t]);
        text_add(l, buf_data(&text), buf_len(&text));
    }
    buf_free(&text);
}

/* More of its services, *n; true: that was all. */
static bool look(struct listing *l, unsigned *n)
{
    const struct dir_name *name =
        directory_name(l->call->m->directory, buf_str(&l->node));
    const struct dir_instance *i = NULL;

    for (; *n; --*n) {
        if (name)
            i = dir_name_behind(name,
                                buf_len(&l->key) ? buf_data(&l->key) : NULL,
                                buf_len(&l->key));
        if (!i)
            return true;
        buf_reset(&l->key, 4096);
        buf_add(&l->key, i->by_name.key, i->by_name.key_len);
        look_at(l, i);
    }
    return false;
}

static void write_text(struct listing *l, const struct name_text *t)
{
    struct jw *w = &l->call->out;
    size_t way = strlen(t->text);

    if (t->by_text.key_len > way) {
        jw_text(w, t->text + way + 1);
        return;
    }
    if (l->opened)
        jw_close(w); /* the way before */
    l->opened = true;
    jw_key_text(w, t->text, way);
    jw_open_array(w);
}

bool listing_go_on_names(struct listing *l, unsigned *n)
{
    struct jw *w = &l->call->out;
    struct keynode *at;

    l->looked = l->looked || look(l, n);
    if (!l->looked)
        return false;
    while ((at = keymap_from(&l->texts, "", 0))) {
        if (buf_len(&w->buf) >= LISTING_PIECE_BYTES)
            return false;
        write_text(l, container_of(at, struct name_text, by_text));
        keymap_remove(&l->texts, at);
        text_free(at, NULL);
    }
    if (l->opened)
        jw_close(w);
    listing_forget_names(l);
    return true;
}

bool listing_write_names(struct listing *l, const struct dir_name *name,
                         unsigned *n)
{
    if (name->count > AT_ONCE) {
        l->inside = true;
        buf_reset(&l->key, 4096);
        return listing_go_on_names(l, n);
    }
    write_names(l, name);
    *n -= name->count < *n ? (unsigned)name->count : *n;
    return true;
}

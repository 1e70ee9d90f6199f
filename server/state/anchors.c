#include "server/state/anchors.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/mem.h"
#include "server/state/hash.h"
#include "server/state/query.h"

struct anchor {
    struct hnode node;
    enum anchor_kind kind;
    struct anchor_hook *hooks;
    unsigned count; /* hooks */
    uint32_t attr;  /* hash of the attribute */
    uint32_t name_len, value_len;
    char text[]; /* name and value, each ended by a NUL */
};

/* What an anchor is made of, or looked for by. */
struct anchor_key {
    enum anchor_kind kind;
    uint32_t hash;
    const char *name, *value; /* value "": none, but with ANCHOR_PAIR */
    uint32_t name_len, value_len;
};

void anchors_init(struct anchors *a)
{
    unsigned i;

    *a = (struct anchors){.loose = NULL};
    for (i = 0; i < ANCHOR_KINDS; i++)
        htab_init(&a->by_kind[i]);
}

void anchors_free(struct anchors *a)
{
    unsigned i;

    for (i = 0; i < ANCHOR_KINDS; i++)
        htab_free(&a->by_kind[i]);
}

/* -- anchors --------------------------------------------------------------- */

static bool anchor_same(const struct hnode *n, const void *arg)
{
    const struct anchor *a = container_of(n, struct anchor, node);
    const struct anchor_key *k = arg;

    return a->name_len == k->name_len && a->value_len == k->value_len &&
           !memcmp(a->text, k->name, k->name_len) &&
           !memcmp(a->text + k->name_len + 1, k->value, k->value_len);
}

static struct anchor *anchor_find(const struct anchors *all,
                                  const struct anchor_key *k)
{
    const struct htab *t = &all->by_kind[k->kind];
    struct hnode *n;

    if (!t->count)
        return NULL;
    n = htab_find(t, k->hash, anchor_same, k);
    return n ? container_of(n, struct anchor, node) : NULL;
}

static void attr_anchored(struct anchors *all, struct anchor *a)
{
    a->attr = attr_hash(a->text, a->name_len);
    all->per_bit[a->attr % ANCHOR_BITS]++;
    all->attrs |= (uint64_t)1 << a->attr % ANCHOR_BITS;
}

static void attr_let_go(struct anchors *all, const struct anchor *a)
{
    if (!--all->per_bit[a->attr % ANCHOR_BITS])
        all->attrs &= ~((uint64_t)1 << a->attr % ANCHOR_BITS);
}

static struct anchor *anchor_get(struct anchors *all,
                                 const struct anchor_key *k)
{
    struct anchor *a = anchor_find(all, k);

    if (a)
        return a;
    a = xcalloc(1, sizeof(*a) + k->name_len + k->value_len + 2);
    a->kind = k->kind;
    a->name_len = k->name_len;
    a->value_len = k->value_len;
    memcpy(a->text, k->name, k->name_len);
    memcpy(a->text + k->name_len + 1, k->value, k->value_len);
    htab_insert(&all->by_kind[k->kind], &a->node, k->hash);
    if (k->kind != ANCHOR_NAME)
        attr_anchored(all, a);
    return a;
}

static void hook_put(struct anchors *all, struct anchor *a,
                     struct anchor_hook *h)
{
    h->anchor = a;
    if (!a) {
        DL_APPEND(all->loose, h);
        return;
    }
    DL_APPEND(a->hooks, h);
    a->count++;
}

static void hook_take(struct anchors *all, struct anchor_hook *h)
{
    struct anchor *a = h->anchor;

    if (!a) {
        DL_DELETE(all->loose, h);
        return;
    }
    DL_DELETE(a->hooks, h);
    if (--a->count)
        return;
    htab_remove(&all->by_kind[a->kind], &a->node);
    if (a->kind != ANCHOR_NAME)
        attr_let_go(all, a);
    free(a);
}

/* -- choosing -------------------------------------------------------------- */

/* Where a watch would stand if it stood on that term. */
struct place {
    struct anchor_key keys[ANCHOR_HOOKS]; /* of one kind */
    unsigned count;                       /* 0: nowhere */
    size_t services;                      /* that have it now */
    size_t watches;                       /* that stand there already */
};

static void place_add(struct place *p, const struct anchors *a,
                      const struct anchor_key *k, const struct seqset *have)
{
    const struct anchor *there = anchor_find(a, k);

    p->keys[p->count++] = *k;
    p->services += have ? have->count : 0;
    p->watches += there ? there->count : 0;
}

/* The hashes are those of the index, which a change's records know. */
static void place_pair(struct place *p, const struct anchors *a,
                       const struct catalog *c, const struct selector_term *t,
                       const char *value, uint32_t len)
{
    const struct attr_pair *pair =
        record_find_pair(&c->index, t->attr, t->attr_len, value, len);
    const struct anchor_key k = {
        .kind = ANCHOR_PAIR,
        .hash = pair_hash_named(t->attr, t->attr_len, value, len),
        .name = t->attr,
        .name_len = t->attr_len,
        .value = value,
        .value_len = len};

    place_add(p, a, &k, pair ? &pair->services : NULL);
}

static void place_attr(struct place *p, const struct anchors *a,
                       const struct catalog *c, const struct selector_term *t)
{
    const struct attr_key *key =
        record_find_key(&c->index, t->attr, t->attr_len);
    const struct anchor_key k = {.kind = ANCHOR_ATTR,
                                 .hash = attr_hash(t->attr, t->attr_len),
                                 .name = t->attr,
                                 .name_len = t->attr_len,
                                 .value = ""};

    place_add(p, a, &k, key ? &key->services : NULL);
}

static void place_name(struct place *p, const struct anchors *a,
                       const struct selector_term *t)
{
    const struct anchor_key k = {
        .kind = ANCHOR_NAME,
        .hash = hash_bytes(hash_key(), t->value, t->value_len),
        .name = t->value,
        .name_len = t->value_len,
        .value = ""};

    if (query_is_name(t))
        place_add(p, a, &k, NULL);
}

/* Each value but once: a watch has no two hooks on one anchor. */
static void place_one_of(struct place *p, const struct anchors *a,
                         const struct catalog *c, const struct selector_term *t)
{
    const struct word *items = t->u.list.items;
    unsigned i, k;

    for (i = 0; i < t->u.list.count; i++) {
        for (k = 0; k < i; k++)
            if (items[k].len == items[i].len &&
                !memcmp(items[k].text, items[i].text, items[i].len))
                break;
        if (k == i)
            place_pair(p, a, c, t, items[i].text, items[i].len);
    }
}

static void place_of(struct place *p, const struct anchors *a,
                     const struct catalog *c, const struct selector_term *t)
{
    p->count = 0;
    p->services = p->watches = 0;
    if (t->op == SEL_NAME) {
        place_name(p, a, t);
    } else if (t->op == SEL_EQ) {
        place_pair(p, a, c, t, t->value, t->value_len);
    } else if (t->op == SEL_ONE_OF && t->u.list.count <= ANCHOR_HOOKS) {
        place_one_of(p, a, c, t);
    } else if (t->op != SEL_ABSENT) {
        place_attr(p, a, c, t);
    }
}

/* Where nobody is registered yet all are equal: then it is the kind that is
 * narrower by nature, and what fewer watches share. */
static bool place_better(const struct place *p, const struct place *than)
{
    if (!p->count || !than->count)
        return p->count > 0;
    if (p->services != than->services)
        return p->services < than->services;
    if (p->keys[0].kind != than->keys[0].kind)
        return p->keys[0].kind < than->keys[0].kind;
    return p->watches < than->watches;
}

void anchors_add(struct anchors *a, const struct catalog *c, struct watch *w,
                 const struct selector *s, struct anchorage *at)
{
    struct place best, p;
    struct anchor *anchor;
    unsigned i;

    best.count = 0;
    for (i = 0; i < s->count; i++) {
        place_of(&p, a, c, &s->terms[i]);
        if (place_better(&p, &best))
            best = p;
    }
    at->count = best.count ? best.count : 1;
    at->hooks = xcalloc(at->count, sizeof(*at->hooks));
    for (i = 0; i < at->count; i++) {
        at->hooks[i].watch = w;
        anchor = best.count ? anchor_get(a, &best.keys[i]) : NULL;
        hook_put(a, anchor, &at->hooks[i]);
    }
}

void anchors_remove(struct anchors *a, struct anchorage *at)
{
    unsigned i;

    for (i = 0; i < at->count; i++)
        hook_take(a, &at->hooks[i]);
    free(at->hooks);
    *at = (struct anchorage){0};
}

/* -- looking up ------------------------------------------------------------ */

static void hooks_each(const struct anchors_look *look,
                       struct anchor_hook *hooks)
{
    struct anchor_hook *h, *next;

    DL_FOREACH_SAFE (hooks, h, next)
        look->fn(look->arg, h->watch, look->ch);
}

static void anchor_each(const struct anchors_look *look,
                        const struct anchor_key *k)
{
    struct anchor *a = anchor_find(look->all, k);

    if (a)
        hooks_each(look, a->hooks);
}

static void pair_each(const struct anchors_look *look,
                      const struct attr_pair *p)
{
    struct anchor_key k = {.kind = ANCHOR_PAIR,
                           .hash = p->node.hash,
                           .name = p->key->name,
                           .name_len = p->key->len,
                           .value = p->value,
                           .value_len = p->len};

    anchor_each(look, &k);
    k.kind = ANCHOR_ATTR;
    k.hash = p->key->node.hash;
    k.value = "";
    k.value_len = 0;
    anchor_each(look, &k);
}

/* A pair that other has at the same place is left to other. */
static void record_each(const struct anchors_look *look, const struct record *r,
                        const struct record *other)
{
    uint64_t attrs = look->all->attrs;
    const uint32_t *hashes;
    uint32_t i;

    if (!r || !attrs)
        return;
    hashes = record_hashes(r);
    for (i = 0; i < r->count; i++)
        if (attrs >> hashes[i] % ANCHOR_BITS & 1 &&
            (!other || i >= other->count || other->pairs[i] != r->pairs[i]))
            pair_each(look, r->pairs[i]);
}

void anchors_each(const struct anchors_look *look)
{
    const struct change *ch = look->ch;
    const struct anchor_key name = {.kind = ANCHOR_NAME,
                                    .hash = ch->service->node.hash,
                                    .name = ch->service->name,
                                    .name_len = ch->service->name_len,
                                    .value = ""};

    hooks_each(look, look->all->loose);
    if (look->all->by_kind[ANCHOR_NAME].count)
        anchor_each(look, &name);
    record_each(look, ch->before, NULL);
    record_each(look, ch->after, ch->before);
}

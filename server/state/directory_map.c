/*
 * A service of the catalog as an instance: which of its attributes are words
 * of ours, and which are its meta. All of its text is copied, for a volatile
 * attribute may change without a word.
 */
#include <stdlib.h>
#include <string.h>

#include "server/state/directory_impl.h"
#include "server/state/volatiles.h"

#define META_PREFIX  "meta."
#define CHECK_PREFIX "check."

/* The words of the mapping: attributes that are not meta. Those with the same
 * first letter stand together. */
enum word_of {
    WORD_NODE,
    WORD_ID,
    WORD_SERVICE,
    WORD_STATUS,
    WORD_ADDR,
    WORD_PORT,
    WORD_PERSIST,
    WORD_TAGS,
    WORD_TAG_OVERRIDE,
    WORD_HOST, /* these two are meta as well */
    WORD_KIND,
    WORDS
};

static const char *const words[WORDS] = {
    [WORD_NODE] = "node",       [WORD_ID] = "id",
    [WORD_SERVICE] = "service", [WORD_ADDR] = "addr",
    [WORD_PORT] = "port",       [WORD_TAGS] = "tags",
    [WORD_STATUS] = "status",   [WORD_TAG_OVERRIDE] = "tag_override",
    [WORD_PERSIST] = "persist", [WORD_HOST] = "host",
    [WORD_KIND] = "kind",
};

static bool has_prefix(const char *text, const char *prefix)
{
    return !strncmp(text, prefix, strlen(prefix));
}

/* Most attributes are none: those that cannot be are told by their letter. */
static int word_find(const char *name)
{
    static const unsigned char first[256] = {
        ['n'] = WORD_NODE + 1, ['i'] = WORD_ID + 1,   ['s'] = WORD_SERVICE + 1,
        ['a'] = WORD_ADDR + 1, ['p'] = WORD_PORT + 1, ['t'] = WORD_TAGS + 1,
        ['h'] = WORD_HOST + 1, ['k'] = WORD_KIND + 1};
    int i = first[(unsigned char)*name] - 1;

    for (; i >= 0 && i < WORDS && *words[i] == *name; i++)
        if (!strcmp(name, words[i]))
            return i;
    return -1;
}

bool dir_is_word(const char *name)
{
    return word_find(name) >= 0 || has_prefix(name, META_PREFIX) ||
           has_prefix(name, CHECK_PREFIX);
}

/* -- addresses ------------------------------------------------------------- */

/* HOST:PORT, [V6]:PORT */
static bool split_host_port(char *text, struct dir_dial *a)
{
    char *colon = strrchr(text, ':');

    if (!colon || !colon[1])
        return false;
    *colon = '\0';
    *a = (struct dir_dial){.net = "tcp", .host = text, .port = colon + 1};
    if (*text == '[' && colon > text + 1 && colon[-1] == ']') {
        colon[-1] = '\0';
        a->host++;
    }
    return true;
}

bool dir_split_dial(char *text, struct dir_dial *a)
{
    static const char *const nets[] = {"tcp", "tls", "udp", "net"};
    char *first = strchr(text, '!'), *last = strrchr(text, '!');
    size_t i;

    if (!first || first == last)
        return false;
    *first = *last = '\0';
    *a = (struct dir_dial){.net = text, .host = first + 1, .port = last + 1};
    for (i = 0; i < ARRAY_LEN(nets); i++)
        if (!strcmp(text, nets[i]))
            return true;
    return false;
}

static bool is_number(const char *text)
{
    return *text && !text[strspn(text, "0123456789")];
}

static unsigned port_number(const char *text)
{
    struct word w = {.text = (char *)text, .len = (unsigned)strlen(text)};
    unsigned long long n;

    return word_to_u64(&w, 65535, &n) ? (unsigned)n : 0;
}

/* -- an instance being made ------------------------------------------------ */

/* Bytes that put_keys() takes. */
#define KEYS_SIZE(node, id) (strlen(node) + strlen(id) + 2 + 8)

/* Where its parts go. */
struct making {
    struct directory *d;
    struct dir_instance *i;
    const char *said[WORDS]; /* in the service's record */
    unsigned meta_count;
    size_t meta_size; /* of their texts */
    struct dir_pair *pairs;
    const char **tags;
    char *at;
};

static char *copy(struct making *m, const char *text, size_t len)
{
    char *to = m->at;

    if (len)
        memcpy(to, text, len);
    to[len] = '\0';
    m->at += len + 1;
    return to;
}

static void take_tags(struct making *m, char *text)
{
    char *to = text, *start = text;

    for (;; text++) {
        if (*text == '\\' && text[1]) {
            *to++ = *++text;
            continue;
        }
        if (*text && *text != ',') {
            *to++ = *text;
            continue;
        }
        if (to > start)
            m->tags[m->i->tags.count++] = start;
        if (!*text)
            break;
        *to++ = '\0';
        start = to;
    }
    *to = '\0';
}

static void take_meta(struct making *m, const char *name, const char *value)
{
    struct dir_pair *p = &m->pairs[m->i->meta.count++];

    if (has_prefix(name, META_PREFIX))
        name += strlen(META_PREFIX);
    *p = (struct dir_pair){.name = name, .value = value};
}

/* It is shown as a meta; w is what word_find() says of its name. */
static bool is_meta(const struct service *v, const struct attr_pair *p, int w)
{
    const struct word word = {.text = p->key->name, .len = p->key->len};

    return (w < 0 || w >= WORD_HOST) && !p->key->check &&
           !(v->volatiles && volatiles_has(v->volatiles, &word));
}

/* What it says, and how much of that are meta. */
static void look_at_pairs(struct making *m, const struct service *v)
{
    const struct record *r = v->record;
    uint32_t i;

    for (i = 0; i < r->count; i++) {
        const struct attr_pair *p = r->pairs[i];
        int w;

        if (p->key->hidden)
            continue;
        w = word_find(p->key->name);
        if (w >= 0)
            m->said[w] = p->value;
        if (is_meta(v, p, w)) {
            m->meta_count++;
            m->meta_size += (size_t)p->key->len + p->len + 2;
        }
    }
}

static void take_pairs(struct making *m, const struct service *v)
{
    const struct record *r = v->record;
    uint32_t i;

    for (i = 0; i < r->count && m->i->meta.count < m->meta_count; i++) {
        const struct attr_pair *p = r->pairs[i];
        const char *name;

        if (p->key->hidden || !is_meta(v, p, word_find(p->key->name)))
            continue;
        name = copy(m, p->key->name, p->key->len);
        take_meta(m, name, copy(m, p->value, p->len));
    }
}

static bool is_said(const struct making *m, enum word_of w)
{
    return m->said[w] && *m->said[w];
}

static char *copy_text(struct making *m, const char *text)
{
    return copy(m, text, strlen(text));
}

/* What it is an instance of: name is its name's dial string, or NULL. */
static const char *service_of(struct making *m, const struct service *v,
                              const struct dir_dial *name)
{
    if (is_said(m, WORD_SERVICE))
        return copy_text(m, m->said[WORD_SERVICE]);
    if (name && *name->port && !is_number(name->port))
        return name->port;
    return name && is_said(m, WORD_KIND) ? copy_text(m, m->said[WORD_KIND])
                                         : v->name;
}

static void take_address(struct making *m, const struct dir_dial *a)
{
    struct dir_instance *i = m->i;

    i->address = a ? a->host : "";
    if (a && is_number(a->port))
        i->port = port_number(a->port);
    else if (a && m->d->setup.port_of)
        i->port = m->d->setup.port_of(a->net, a->port);
    if (!i->port && is_said(m, WORD_PORT))
        i->port = port_number(m->said[WORD_PORT]);
}

/* The host that it is connected from; or "". */
static const char *peer_host(struct making *m, const struct service *v)
{
    const struct catalog_owner *o = v->owner;
    const char *from = o && o->from && !o->fixed ? o->from : "";
    struct dir_dial a;

    return *from && split_host_port(copy_text(m, from), &a) ? a.host : "";
}

/* The node that it says; "": the own one. */
static const char *node_said(const struct making *m)
{
    return is_said(m, WORD_NODE)   ? m->said[WORD_NODE]
           : is_said(m, WORD_HOST) ? m->said[WORD_HOST]
                                   : "";
}

/* node 0 id 0 seq; and without the node. */
static void put_keys(struct making *m)
{
    struct dir_instance *i = m->i;
    const char *node = *i->node_name ? i->node_name : m->d->own_name;
    int n;

    i->by_name.key = dir_fold_text(&m->at, node);
    i->by_node.key = dir_fold_text(&m->at, i->id);
    for (n = 0; n < 8; n++)
        *m->at++ = (char)(unsigned char)(i->seq >> (56 - 8 * n));
    i->by_name.key_len = (uint32_t)(m->at - i->by_name.key);
    i->by_node.key_len = (uint32_t)(m->at - i->by_node.key);
}

static void take_words(struct making *m, const struct service *v)
{
    struct dir_instance *i = m->i;
    struct dir_dial name, addr;
    bool dials = strchr(v->name, '!') &&
                 dir_split_dial(copy(m, v->name, v->name_len), &name);
    bool has_addr = false;
    char *text;

    if (is_said(m, WORD_ADDR)) {
        text = copy_text(m, m->said[WORD_ADDR]);
        has_addr = strchr(text, '!') ? dir_split_dial(text, &addr)
                                     : split_host_port(text, &addr);
    }
    take_address(m, has_addr ? &addr : dials ? &name : NULL);
    i->id = is_said(m, WORD_ID) ? copy_text(m, m->said[WORD_ID]) : v->name;
    i->service = service_of(m, v, dials ? &name : NULL);
    i->node_name = *node_said(m) ? copy_text(m, node_said(m)) : "";
    i->hint = *i->address ? i->address : peer_host(m, v);
    i->tag_override = is_said(m, WORD_TAG_OVERRIDE) &&
                      strcmp(m->said[WORD_TAG_OVERRIDE], "0") != 0;
    i->says_status = is_said(m, WORD_STATUS) &&
                     dir_status_parse(m->said[WORD_STATUS], &i->status);
    if (is_said(m, WORD_TAGS))
        take_tags(m, copy_text(m, m->said[WORD_TAGS]));
    put_keys(m);
}

/* Room for the texts of v that are kept: what is cut up, its words, its meta,
 * where it comes from, its keys. */
static size_t texts_size(const struct making *m, const struct service *v)
{
    static const enum word_of kept[] = {WORD_ID, WORD_SERVICE, WORD_ADDR,
                                        WORD_TAGS, WORD_KIND};
    const char *node = node_said(m);
    size_t size = m->meta_size + strlen(node) + 1, i;

    for (i = 0; i < ARRAY_LEN(kept); i++)
        size += is_said(m, kept[i]) ? strlen(m->said[kept[i]]) + 1 : 0;
    if (strchr(v->name, '!'))
        size += (size_t)v->name_len + 1;
    if (v->owner && v->owner->from)
        size += strlen(v->owner->from) + 1;
    return size + KEYS_SIZE(*node ? node : m->d->own_name,
                            is_said(m, WORD_ID) ? m->said[WORD_ID] : v->name);
}

static unsigned tags_at_most(const struct making *m)
{
    const char *tags = is_said(m, WORD_TAGS) ? m->said[WORD_TAGS] : NULL;
    unsigned n = !!tags;

    while (tags && *tags)
        n += *tags++ == ',';
    return n;
}

static struct dir_instance *instance_new(size_t lists, size_t texts)
{
    struct dir_instance *i = xmalloc(sizeof(*i) + lists + texts);

    memset(i, 0, sizeof(*i));
    return i;
}

struct dir_instance *dir_map(struct directory *d, struct service *v)
{
    struct making m = {.d = d};
    unsigned tags;

    look_at_pairs(&m, v);
    tags = tags_at_most(&m);
    m.i = instance_new(m.meta_count * sizeof(*m.pairs) + tags * sizeof(*m.tags),
                       texts_size(&m, v));
    /* the lists first, for they have to lie straight */
    m.pairs = (struct dir_pair *)(void *)m.i->text;
    m.tags = (const char **)(void *)(m.pairs + m.meta_count);
    m.at = (char *)(m.tags + tags);
    m.i->entry = v;
    v->refs++;
    m.i->seq = v->seq;
    m.i->bound = !v->persist;
    m.i->created = v->created;
    m.i->changed = v->changed;
    m.i->meta.list = m.pairs;
    m.i->tags.list = m.tags;
    take_pairs(&m, v);
    take_words(&m, v);
    return m.i;
}

struct dir_instance *dir_map_own(struct directory *d)
{
    struct dir_instance *i =
        instance_new(0, KEYS_SIZE(d->own_name, DIR_OWN_SERVICE));
    struct making m = {.d = d, .i = i, .at = i->text};

    i->id = i->service = DIR_OWN_SERVICE;
    i->address = i->node_name = i->hint = "";
    i->port = d->own_port;
    i->created = i->changed = d->base;
    put_keys(&m);
    return i;
}

bool dir_same_instance(const struct dir_instance *a,
                       const struct dir_instance *b)
{
    return a->port == b->port && a->tag_override == b->tag_override &&
           !strcmp(a->id, b->id) && !strcmp(a->service, b->service) &&
           !strcmp(a->address, b->address) &&
           dir_same_texts(&a->tags, &b->tags) &&
           dir_same_pairs(&a->meta, &b->meta);
}

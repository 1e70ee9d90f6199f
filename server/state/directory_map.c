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

/* The words of the mapping: attributes that are not meta. */
enum word_of {
    WORD_NODE,
    WORD_ID,
    WORD_SERVICE,
    WORD_ADDR,
    WORD_PORT,
    WORD_TAGS,
    WORD_STATUS,
    WORD_TAG_OVERRIDE,
    WORD_PERSIST,
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
    int i;

    if (!strchr("nisaptkh", *name))
        return -1;
    for (i = 0; i < WORDS; i++)
        if (*name == *words[i] && !strcmp(name, words[i]))
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

/* Where its parts go. */
struct making {
    struct directory *d;
    struct dir_instance *i;
    const char *said[WORDS];
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

static void take_pairs(struct making *m, const struct service *v)
{
    const struct record *r = v->record;
    uint32_t i;

    for (i = 0; i < r->count; i++) {
        const struct attr_pair *p = r->pairs[i];
        const struct word word = {.text = p->key->name, .len = p->key->len};
        char *name, *value;
        int w;

        if (p->key->hidden)
            continue;
        name = copy(m, p->key->name, p->key->len);
        value = copy(m, p->value, p->len);
        w = word_find(name);
        if (w >= 0)
            m->said[w] = value;
        if ((w < 0 || w >= WORD_HOST) && !p->key->check &&
            !(v->volatiles && volatiles_has(v->volatiles, &word)))
            take_meta(m, name, value);
    }
}

static bool is_said(const struct making *m, enum word_of w)
{
    return m->said[w] && *m->said[w];
}

/* What it is an instance of: name is its name's dial string, or NULL. */
static const char *service_of(const struct making *m, const struct service *v,
                              const struct dir_dial *name)
{
    if (is_said(m, WORD_SERVICE))
        return m->said[WORD_SERVICE];
    if (name && *name->port && !is_number(name->port))
        return name->port;
    return name && is_said(m, WORD_KIND) ? m->said[WORD_KIND] : v->name;
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

    return split_host_port(copy(m, from, strlen(from)), &a) ? a.host : "";
}

static void take_words(struct making *m, const struct service *v)
{
    struct dir_instance *i = m->i;
    struct dir_dial name, addr;
    bool dials = dir_split_dial(copy(m, v->name, v->name_len), &name);
    const char *said = is_said(m, WORD_ADDR) ? m->said[WORD_ADDR] : "";
    char *text = copy(m, said, strlen(said));
    bool has_addr = strchr(said, '!') ? dir_split_dial(text, &addr)
                                      : split_host_port(text, &addr);

    take_address(m, has_addr ? &addr : dials ? &name : NULL);
    i->id = is_said(m, WORD_ID) ? m->said[WORD_ID] : v->name;
    i->service = service_of(m, v, dials ? &name : NULL);
    i->node_name = is_said(m, WORD_NODE)   ? m->said[WORD_NODE]
                   : is_said(m, WORD_HOST) ? m->said[WORD_HOST]
                                           : "";
    i->hint = *i->address ? i->address : peer_host(m, v);
    i->tag_override = is_said(m, WORD_TAG_OVERRIDE) &&
                      strcmp(m->said[WORD_TAG_OVERRIDE], "0") != 0;
    i->says_status = is_said(m, WORD_STATUS) &&
                     dir_status_parse(m->said[WORD_STATUS], &i->status);
    if (is_said(m, WORD_TAGS))
        take_tags(m, (char *)m->said[WORD_TAGS]);
}

/* Room for the texts of v: its pairs, its name and its address (twice each, to
 * be cut up), where it comes from. */
static size_t texts_size(const struct service *v)
{
    const struct record *r = v->record;
    size_t size = 2 * ((size_t)v->name_len + 1) + 1;
    uint32_t i;

    if (v->owner && v->owner->from)
        size += strlen(v->owner->from);
    for (i = 0; i < r->count; i++)
        size += 2 * ((size_t)r->pairs[i]->len + 1) + r->pairs[i]->key->len + 1;
    return size;
}

static unsigned tags_at_most(const struct service *v)
{
    size_t len = 0;
    const char *tags = record_lookup(v->record, words[WORD_TAGS],
                                     strlen(words[WORD_TAGS]), &len);
    unsigned n = !!tags;

    while (len--)
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
    unsigned tags = tags_at_most(v);
    size_t lists = v->record->count * sizeof(struct dir_pair) +
                   tags * sizeof(const char *);
    struct making m = {.d = d, .i = instance_new(lists, texts_size(v))};

    /* the lists first, for they have to lie straight */
    m.pairs = (struct dir_pair *)(void *)m.i->text;
    m.tags = (const char **)(void *)(m.pairs + v->record->count);
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

struct dir_instance *dir_map_own(const struct directory *d)
{
    struct dir_instance *i = instance_new(0, 0);

    i->id = i->service = DIR_OWN_SERVICE;
    i->address = i->node_name = i->hint = "";
    i->port = d->own_port;
    i->created = i->changed = d->base;
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

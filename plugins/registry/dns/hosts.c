#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "plugins/registry/dns/answer_impl.h"
#include "server/state/hash.h"

/* -- names ----------------------------------------------------------------- */

static void add_text(struct dname *d, const char *text)
{
    dname_add_text(d, text, strlen(text));
}

/* PREFIX.KIND.DC.DOMAIN */
void dns_name_of(const struct dns_server *s, const char *prefix,
                 const char *kind, struct dname *out)
{
    dname_root(out);
    add_text(out, prefix);
    add_text(out, kind);
    add_text(out, s->config->zone.datacenter);
    dname_add(out, &s->config->zone.domain);
}

static void name_of_address(const struct dns_server *s,
                            const struct dns_address *a, struct dname *out)
{
    size_t i, from = a->v4 ? 12 : 0;
    char hex[2 * sizeof(a->in.s6_addr) + 1];

    for (i = from; i < sizeof(a->in.s6_addr); i++)
        snprintf(hex + 2 * (i - from), 3, "%02x", a->in.s6_addr[i]);
    dns_name_of(s, hex, "addr", out);
}

/* -- what all answers have ------------------------------------------------- */

bool dns_wants(const struct dns_server *s, enum dns_type type)
{
    return s->question.type == type || s->question.type == DNS_ANY;
}

bool dns_wants_address(const struct dns_server *s, const struct dns_address *a)
{
    return dns_wants(s, a->v4 ? DNS_A : DNS_AAAA);
}

static bool enough(const struct dns_server *s)
{
    return dns_answer_count(s->writer, DNS_ANSWERS) >= s->most;
}

static const char *address_of(const struct dns_host *h)
{
    return *h->service_address ? h->service_address : h->address;
}

/* -- each once ------------------------------------------------------------- */

enum once { ONCE_ADDRESS = 1, ONCE_NODE = 2, ONCE_PORT = 4 };

static bool same(const struct dns_host *a, const struct dns_host *b,
                 unsigned once)
{
    return (!(once & ONCE_ADDRESS) || !strcmp(address_of(a), address_of(b))) &&
           (!(once & ONCE_NODE) || !strcasecmp(a->node, b->node)) &&
           (!(once & ONCE_PORT) || a->port == b->port);
}

/* Of what all that are the same have in common. */
static uint32_t slot_of(const struct dns_host *h, unsigned once)
{
    const char *address = once & ONCE_ADDRESS ? address_of(h) : "";
    char node[DNAME_MAX];
    size_t len = 0;
    uint64_t key = hash_key();

    if (once & ONCE_NODE)
        for (; len < sizeof(node) && h->node[len]; len++)
            node[len] = (char)tolower((unsigned char)h->node[len]);
    if (once & ONCE_PORT)
        key += h->port;
    return hash_bytes(key + hash_bytes(key, node, len), address,
                      strlen(address));
}

/* Whether another host before the i-th has the same to say. */
static bool is_again(struct dns_server *s, unsigned i, unsigned once)
{
    const struct dns_host *h = &s->hosts[i];
    uint32_t slot = slot_of(h, once);

    for (;; slot++) {
        uint16_t *at = &s->seen[slot % SEEN_SLOTS];

        if (!*at) {
            *at = (uint16_t)(i + 1);
            return false;
        }
        if (same(&s->hosts[*at - 1], h, once))
            return true;
    }
}

static void forget_seen(struct dns_server *s)
{
    memset(s->seen, 0, sizeof(s->seen));
}

/* -- hosts ----------------------------------------------------------------- */

static void answer_addresses(struct dns_server *s)
{
    const struct dns_host *named = NULL;
    struct dns_address a;
    struct dname name;
    unsigned i;

    for (i = 0; i < s->n_hosts && !enough(s); i++) {
        const char *text = address_of(&s->hosts[i]);

        if (!dns_address_read(&a, text)) {
            if (!named && *text)
                named = &s->hosts[i];
            continue;
        }
        if (dns_wants_address(s, &a) && !is_again(s, i, ONCE_ADDRESS) &&
            !dns_add_address(s->writer, DNS_ANSWERS, &s->question.name, s->ttl,
                             &a))
            return;
    }
    /* a name has one other name, and nothing beside that */
    if (!named || dns_answer_count(s->writer, DNS_ANSWERS) ||
        !(dns_wants(s, DNS_CNAME) || dns_wants(s, DNS_A) ||
          dns_wants(s, DNS_AAAA)))
        return;
    dname_root(&name);
    add_text(&name, address_of(named));
    dns_add_name(s->writer, DNS_ANSWERS, &s->question.name, DNS_CNAME, s->ttl,
                 &name);
}

/* NAME=VALUE after RFC 1464; what begins with rfc1035- has no name. */
static void write_text(struct buf *out, const char *name, const char *value)
{
    size_t i, len = strlen(name), first = strspn(name, " \t"), last = len;

    buf_reset(out, 4096);
    while (last > first && strchr(" \t", name[last - 1]))
        last--;
    if (strncasecmp(name, "rfc1035-", 8) != 0) {
        for (i = 0; i < len; i++) {
            if (strchr("=`", name[i]) || i < first || i >= last)
                buf_add_char(out, '`');
            buf_add_char(out, name[i]);
        }
        buf_add_char(out, '=');
    }
    buf_add_str(out, value);
}

/* What is said of the nodes, each once. */
static void answer_texts(struct dns_server *s)
{
    const char *name, *value;
    unsigned i, k;

    for (i = 0; i < s->n_hosts && !enough(s); i++) {
        if (is_again(s, i, ONCE_NODE))
            continue;
        for (k = 0; s->view->text(s->arg, &s->hosts[i], k, &name, &value);
             k++) {
            write_text(&s->text, name, value);
            if (!dns_add_txt(s->writer, &s->question.name, s->ttl,
                             buf_str(&s->text), buf_len(&s->text)))
                return;
        }
    }
}

/* Where an instance is, as the name that stands for it; its address, if it is
 * known, goes with it. False: it has neither. */
static bool target_of(const struct dns_server *s, const struct dns_host *h,
                      struct dname *target, struct dns_address *a, bool *known)
{
    const char *text = address_of(h);

    *known = dns_address_read(a, text);
    target->len = 0;
    if (!*h->service_address || !strcasecmp(h->service_address, h->address))
        dns_name_of(s, h->node, "node", target);
    else if (!*known) {
        dname_root(target);
        add_text(target, text);
    }
    /* or the node's name is none that a domain name can have */
    if (!target->len && *known)
        name_of_address(s, a, target);
    return target->len > 0;
}

static void answer_srv(struct dns_server *s)
{
    struct dns_address a;
    struct dname target;
    unsigned i, told;
    bool known;

    for (told = 0; told < s->n_hosts && !enough(s); told++) {
        if (is_again(s, told, ONCE_ADDRESS | ONCE_NODE | ONCE_PORT) ||
            !target_of(s, &s->hosts[told], &target, &a, &known))
            continue;
        if (!dns_add_srv(s->writer, &s->question.name, s->ttl,
                         s->hosts[told].port, &target))
            return;
    }
    forget_seen(s);
    for (i = 0; i < told; i++)
        if (target_of(s, &s->hosts[i], &target, &a, &known) && known &&
            !is_again(s, i, ONCE_ADDRESS | ONCE_NODE) &&
            !dns_add_address(s->writer, DNS_ADDITIONAL, &target, s->ttl, &a))
            return;
}

void dns_answer_hosts(struct dns_server *s)
{
    forget_seen(s);
    if (s->question.type == DNS_SRV)
        answer_srv(s);
    else if (s->question.type == DNS_TXT)
        answer_texts(s);
    else
        answer_addresses(s);
}

/* In random order: who takes the first gets another one each time. */
void dns_shuffle(struct dns_server *s)
{
    unsigned i, k;

    for (i = s->n_hosts; i > 1; i--) {
        struct dns_host last = s->hosts[i - 1];

        k = (unsigned)dns_random(i);
        s->hosts[i - 1] = s->hosts[k];
        s->hosts[k] = last;
    }
}

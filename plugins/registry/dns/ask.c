#include "plugins/registry/dns/ask.h"

#include <arpa/inet.h>
#include <string.h>

#include "lib/mem.h"

/* The labels of a name that are still to be understood. */
struct labels {
    struct dlabel all[DNAME_LABELS_MAX];
    unsigned n;
};

static const struct dlabel *last(const struct labels *l)
{
    return &l->all[l->n - 1];
}

/* Takes the domain off the end. */
static bool take_domain(struct labels *l, const struct dname *domain)
{
    struct labels d;
    unsigned i;

    d.n = dname_labels(domain, d.all);
    if (l->n < d.n)
        return false;
    for (i = 1; i <= d.n; i++)
        if (!dlabel_same(&l->all[l->n - i], &d.all[d.n - i]))
            return false;
    l->n -= d.n;
    return true;
}

/* The labels from first on as one text. They came out of one name, so that they
 * fit. */
static size_t join(char *out, const struct labels *l, unsigned count)
{
    size_t len = 0;
    unsigned i;

    for (i = 0; i < count; i++) {
        if (i)
            out[len++] = '.';
        memcpy(out + len, l->all[i].text, l->all[i].len);
        len += l->all[i].len;
    }
    out[len] = '\0';
    return len;
}

static size_t copy(char *out, const char *text, size_t len)
{
    memcpy(out, text, len);
    out[len] = '\0';
    return len;
}

static void read_node(struct dns_ask *a, struct labels *l)
{
    a->kind = DNS_NODE;
    a->name_len = join(a->name, l, l->n);
}

static void read_query(struct dns_ask *a, struct labels *l)
{
    a->kind = DNS_QUERY;
    a->name_len = join(a->name, l, l->n);
}

static bool underscored(const struct dlabel *l)
{
    return l->len > 1 && l->text[0] == '_';
}

static void read_service(struct dns_ask *a, struct labels *l)
{
    const struct dlabel *name = last(l);

    a->kind = DNS_SERVICE;
    if (l->n == 2 && underscored(name) && underscored(&l->all[0])) {
        if (!dlabel_is(name, "_tcp"))
            a->tag_len = copy(a->tag, name->text + 1, name->len - 1);
        name = &l->all[0];
        a->name_len = copy(a->name, name->text + 1, name->len - 1);
        return;
    }
    a->leads_on = l->n == 1 && underscored(name);
    a->name_len = copy(a->name, name->text, name->len);
    a->tag_len = join(a->tag, l, l->n - 1);
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 'a' - 'A';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void map_v4(struct dns_address *a, const uint8_t v4[4])
{
    static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};

    memcpy(a->in.s6_addr, prefix, sizeof(prefix));
    memcpy(a->in.s6_addr + sizeof(prefix), v4, 4);
    a->v4 = true;
}

static void read_address(struct dns_ask *a, struct labels *l)
{
    const struct dlabel *word = last(l);
    uint8_t bytes[16];
    size_t i;

    a->kind = DNS_NOTHING;
    if (l->n != 1 || (word->len != 8 && word->len != 32))
        return;
    for (i = 0; i < word->len; i += 2) {
        int high = hex(word->text[i]), low = hex(word->text[i + 1]);

        if (high < 0 || low < 0)
            return;
        bytes[i / 2] = (uint8_t)(high << 4 | low);
    }
    if (word->len == 8)
        map_v4(&a->address, bytes);
    else
        memcpy(a->address.in.s6_addr, bytes, sizeof(bytes));
    a->kind = DNS_ADDRESS;
}

static const struct {
    const char *word;
    void (*read)(struct dns_ask *a, struct labels *l);
} kinds[] = {
    {"service", read_service},
    {"node", read_node},
    {"query", read_query},
    {"addr", read_address},
};

/* Whether it ends in the word of a kind, and what it asks for then. */
static bool read_kind(struct dns_ask *a, struct labels *l)
{
    size_t i;

    if (underscored(last(l))) {
        read_service(a, l);
        return true;
    }
    for (i = 0; i < ARRAY_LEN(kinds); i++) {
        if (!dlabel_is(last(l), kinds[i].word))
            continue;
        if (--l->n)
            kinds[i].read(a, l);
        else
            a->kind = DNS_EMPTY;
        return true;
    }
    return false;
}

/* -- addresses the other way round ----------------------------------------- */

/* 1.2.0.192.in-addr.arpa: 192.0.2.1 */
static bool read_in_addr(struct dns_address *a, const struct labels *l)
{
    uint8_t v4[4];
    unsigned i;
    size_t at;

    if (l->n != 4)
        return false;
    for (i = 0; i < 4; i++) {
        const struct dlabel *d = &l->all[3 - i];
        unsigned value = 0;

        for (at = 0; at < d->len && at < 3; at++) {
            if (d->text[at] < '0' || d->text[at] > '9')
                return false;
            value = value * 10 + (unsigned)(d->text[at] - '0');
        }
        if (at != d->len || value > 255)
            return false;
        v4[i] = (uint8_t)value;
    }
    map_v4(a, v4);
    return true;
}

/* 32 digits, the last one first */
static bool read_ip6(struct dns_address *a, const struct labels *l)
{
    unsigned i;

    if (l->n != 32)
        return false;
    for (i = 0; i < 32; i++) {
        const struct dlabel *d = &l->all[31 - i];
        int digit = d->len == 1 ? hex(d->text[0]) : -1;

        if (digit < 0)
            return false;
        a->in.s6_addr[i / 2] =
            (uint8_t)(i % 2 ? a->in.s6_addr[i / 2] | digit : digit << 4);
    }
    a->v4 = IN6_IS_ADDR_V4MAPPED(&a->in);
    return true;
}

static bool read_reverse(struct dns_ask *a, struct labels *l)
{
    bool v4;

    if (l->n < 3 || !dlabel_is(last(l), "arpa"))
        return false;
    v4 = dlabel_is(&l->all[l->n - 2], "in-addr");
    if (!v4 && !dlabel_is(&l->all[l->n - 2], "ip6"))
        return false;
    l->n -= 2;
    if (!(v4 ? read_in_addr : read_ip6)(&a->address, l))
        return false;
    a->kind = DNS_REVERSE;
    return true;
}

bool dns_address_read(struct dns_address *a, const char *text)
{
    uint8_t v4[4];

    if (inet_pton(AF_INET, text, v4) == 1) {
        map_v4(a, v4);
        return true;
    }
    a->v4 = false;
    if (inet_pton(AF_INET6, text, &a->in) != 1)
        return false;
    a->v4 = IN6_IS_ADDR_V4MAPPED(&a->in);
    return true;
}

/* -- all ------------------------------------------------------------------- */

static void read_labels(struct dns_ask *a, const struct dns_zone *z,
                        const struct dname *name)
{
    struct labels l;

    l.n = dname_labels(name, l.all);
    if (!take_domain(&l, &z->domain)) {
        read_reverse(a, &l);
        return;
    }
    a->kind = DNS_APEX;
    if (!l.n || read_kind(a, &l))
        return;
    a->kind = DNS_NOTHING;
    if (!dlabel_is(last(&l), z->datacenter))
        return;
    if (!--l.n)
        a->kind = DNS_EMPTY;
    else
        read_kind(a, &l);
}

void dns_ask_read(struct dns_ask *a, const struct dns_zone *z,
                  const struct dname *name)
{
    a->kind = DNS_OUTSIDE;
    a->name_len = a->tag_len = 0;
    a->name[0] = a->tag[0] = '\0';
    a->leads_on = false;
    a->address.v4 = false;
    read_labels(a, z, name);
    /* nothing of ours is called so, and texts end there */
    if (memchr(a->name, '\0', a->name_len) || memchr(a->tag, '\0', a->tag_len))
        a->kind = DNS_NOTHING;
}

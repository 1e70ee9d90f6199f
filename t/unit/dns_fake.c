#include "t/unit/dns_fake.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/mem.h"

static const struct dns_host nodes[] = {
    {"db", "10.0.0.1", "", 0, "db"},
    {"six", "fd00::6", "", 0, "six"},
    {"named", "host.example.org", "", 0, "named"},
    {"a.b", "10.0.0.2", "", 0, "a.b"},
};

static const struct {
    const char *service, *tag;
    struct dns_host host;
} instances[] = {
    {"web", "blue", {"db", "10.0.0.1", "", 80, "db"}},
    {"web", "green.eu", {"db", "10.0.0.1", "", 81, "db"}},
    {"web", "", {"six", "fd00::6", "", 80, "six"}},
    {"far", "", {"db", "10.0.0.1", "192.0.2.7", 443, "db"}},
    {"far", "", {"db", "10.0.0.1", "2001:db8::7", 443, "db"}},
    {"elsewhere", "", {"db", "10.0.0.1", "www.example.org", 443, "db"}},
    {"odd",
     "",
     {"bad name of more than sixty-three bytes, which is too much "
      "for one label",
      "10.0.0.9", "", 1, "odd"}},
    {"a.dot", "", {"db", "10.0.0.1", "", 5, "db"}},
    {"consul", "", {"db", "10.0.0.1", "", 8300, "db"}},
};

static bool fake_node(void *arg, const char *name, struct dns_host *out)
{
    size_t i;

    (void)arg;
    for (i = 0; i < ARRAY_LEN(nodes); i++)
        if (!strcasecmp(nodes[i].node, name)) {
            *out = nodes[i];
            return true;
        }
    return false;
}

static unsigned fake_many(const struct dns_fake *f, struct dns_host *out,
                          unsigned most)
{
    static char text[DNS_HOSTS_MAX][2][32];
    unsigned i;

    for (i = 0; i < f->many && i < most; i++) {
        snprintf(text[i][0], 32, "n%u", i);
        snprintf(text[i][1], 32, "10.1.%u.%u", i / 256, i % 256);
        out[i] = (struct dns_host){text[i][0], text[i][1], "", 80, "db"};
    }
    return i;
}

static unsigned fake_service(void *arg, const char *name, const char *tag,
                             struct dns_host *out, unsigned most)
{
    unsigned n = 0;
    size_t i;

    if (!strcasecmp(name, "many"))
        return fake_many(arg, out, most);
    for (i = 0; i < ARRAY_LEN(instances) && n < most; i++)
        if (!strcasecmp(instances[i].service, name) &&
            (!*tag || !strcasecmp(instances[i].tag, tag)))
            out[n++] = instances[i].host;
    return n;
}

static unsigned fake_query(void *arg, const char *name, struct dns_host *out,
                           unsigned most, uint32_t *ttl)
{
    if (strcmp(name, "best.web") != 0)
        return 0;
    *ttl = 7;
    return fake_service(arg, "web", "", out, most);
}

static unsigned fake_names(void *arg, const struct dns_address *a,
                           const char **out, unsigned most)
{
    struct dns_address node;
    unsigned n = 0;
    size_t i;

    (void)arg;
    for (i = 0; i < ARRAY_LEN(nodes) && n < most; i++)
        if (dns_address_read(&node, nodes[i].address) &&
            !memcmp(&node.in, &a->in, sizeof(a->in)))
            out[n++] = nodes[i].node;
    return n;
}

static bool fake_text(void *arg, const struct dns_host *h, unsigned i,
                      const char **name, const char **value)
{
    static const char *const pairs[][2] = {
        {"rack", "r1"}, {"rfc1035-raw", "as it is"}, {"a=b ", "c"}};

    (void)arg;
    if (strcmp(h->of, "db") != 0 || i >= ARRAY_LEN(pairs))
        return false;
    *name = pairs[i][0];
    *value = pairs[i][1];
    return true;
}

static uint32_t fake_serial(void *arg)
{
    (void)arg;
    return 42;
}

const struct dns_view dns_fake_view = {.node = fake_node,
                                       .service = fake_service,
                                       .query = fake_query,
                                       .names = fake_names,
                                       .text = fake_text,
                                       .serial = fake_serial};

struct dns_config dns_fake_config(void)
{
    struct dns_config c = {.zone = {.datacenter = "dc1"},
                           .own_node = "db",
                           .udp_answers = 3,
                           .udp_size = 1232};

    dname_root(&c.zone.domain);
    dname_add_text(&c.zone.domain, "consul", 6);
    return c;
}

static size_t put16(uint8_t *at, unsigned n)
{
    at[0] = (uint8_t)(n >> 8);
    at[1] = (uint8_t)n;
    return 2;
}

size_t dns_fake_question(uint8_t *out, const char *name, unsigned type,
                         unsigned size)
{
    static const uint8_t head[] = {0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
    struct dname d;
    size_t at = sizeof(head);

    memcpy(out, head, sizeof(head));
    dname_root(&d);
    if (*name)
        dname_add_text(&d, name, strlen(name));
    memcpy(out + at, d.bytes, d.len);
    at += d.len;
    at += put16(out + at, type);
    at += put16(out + at, 1);
    if (!size)
        return at;
    out[11] = 1;
    out[at++] = 0;
    at += put16(out + at, DNS_OPT);
    at += put16(out + at, size);
    memset(out + at, 0, 6);
    return at + 6;
}

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugins/worker/facts/facts.h"
#include "worker/facts.h"

/* -- addresses ------------------------------------------------------------- */

/* An address, its mask, and the network that they make, as texts. */
struct binding {
    char address[INET6_ADDRSTRLEN], netmask[INET6_ADDRSTRLEN],
        network[INET6_ADDRSTRLEN];
};

static bool binding_read(const struct ifaddrs *a, struct binding *b)
{
    int family = a->ifa_addr->sa_family;
    size_t at = family == AF_INET ? offsetof(struct sockaddr_in, sin_addr)
                                  : offsetof(struct sockaddr_in6, sin6_addr);
    size_t len = family == AF_INET ? 4 : 16, i;
    const unsigned char *addr = (const unsigned char *)a->ifa_addr + at;
    const unsigned char *mask = (const unsigned char *)a->ifa_netmask;
    unsigned char net[16];

    if (!mask)
        return false;
    mask += at;
    for (i = 0; i < len; i++)
        net[i] = addr[i] & mask[i];
    return inet_ntop(family, addr, b->address, sizeof(b->address)) &&
           inet_ntop(family, mask, b->netmask, sizeof(b->netmask)) &&
           inet_ntop(family, net, b->network, sizeof(b->network));
}

/* The member of that name, made if it is not there. */
static json_t *member(json_t *object, const char *name, json_t *(*make)(void))
{
    json_t *inner = json_object_get(object, name);

    if (!inner) {
        inner = make();
        json_object_set_new(object, name, inner);
    }
    return inner;
}

static void add_binding(json_t *list, const struct binding *b)
{
    json_t *o = json_object();

    value_text(o, "address", b->address);
    value_text(o, "netmask", b->netmask);
    value_text(o, "network", b->network);
    json_array_append_new(list, o);
}

static const char *scope_of(const struct in6_addr *a)
{
    if (IN6_IS_ADDR_LOOPBACK(a))
        return "host";
    if (IN6_IS_ADDR_LINKLOCAL(a))
        return "link";
    return IN6_IS_ADDR_SITELOCAL(a) ? "site" : "global";
}

static void add_ip4(json_t *iface, const struct binding *b)
{
    add_binding(member(iface, "bindings", json_array), b);
    if (json_object_get(iface, "ip"))
        return;
    value_text(iface, "ip", b->address);
    value_text(iface, "netmask", b->netmask);
    value_text(iface, "network", b->network);
}

/* A global address before one of the link. */
static void add_ip6(json_t *iface, const struct binding *b, const char *scope)
{
    const char *now = json_string_value(json_object_get(iface, "scope6"));

    add_binding(member(iface, "bindings6", json_array), b);
    if (now && (strcmp(now, "link") != 0 || strcmp(scope, "link") == 0))
        return;
    value_text(iface, "ip6", b->address);
    value_text(iface, "netmask6", b->netmask);
    value_text(iface, "network6", b->network);
    value_text(iface, "scope6", scope);
}

static void add_address(json_t *iface, const struct ifaddrs *a)
{
    struct binding b;
    int family = a->ifa_addr->sa_family;

    if ((family != AF_INET && family != AF_INET6) || !binding_read(a, &b))
        return;
    if (family == AF_INET)
        add_ip4(iface, &b);
    else
        add_ip6(
            iface, &b,
            scope_of(&((const struct sockaddr_in6 *)(const void *)a->ifa_addr)
                          ->sin6_addr));
}

/* -- interfaces ------------------------------------------------------------ */

static void add_link(json_t *iface, const char *name)
{
    char text[64];

    if (value_filef(text, sizeof(text), "/sys/class/net/%s/address", name) &&
        strcmp(text, "00:00:00:00:00:00") != 0)
        value_text(iface, "mac", text);
    if (value_filef(text, sizeof(text), "/sys/class/net/%s/mtu", name))
        value_int(iface, "mtu", strtoull(text, NULL, 10));
    if (value_filef(text, sizeof(text), "/sys/class/net/%s/operstate", name))
        value_text(iface, "operational_state", text);
}

static json_t *interfaces(void)
{
    json_t *all = json_object();
    struct ifaddrs *list = NULL, *a;

    if (getifaddrs(&list) < 0)
        return all;
    for (a = list; a; a = a->ifa_next) {
        json_t *iface = json_object_get(all, a->ifa_name);

        if (!iface) {
            iface = json_object();
            add_link(iface, a->ifa_name);
            json_object_set_new(all, a->ifa_name, iface);
        }
        if (a->ifa_addr)
            add_address(iface, a);
    }
    freeifaddrs(list);
    return all;
}

/* The interface of the default route with the lowest metric. */
static bool primary_find(char *out, size_t size)
{
    FILE *f = fopen("/proc/net/route", "re");
    char line[512], name[IF_NAMESIZE + 1];
    unsigned dest, metric, best = ~0U;
    bool found = false;

    while (f && fgets(line, sizeof(line), f)) {
        if (sscanf(line, "%16s %x %*x %*x %*d %*d %u", name, &dest, &metric) !=
                3 ||
            dest || (found && metric >= best))
            continue;
        best = metric;
        found = true;
        snprintf(out, size, "%s", name);
    }
    if (f)
        fclose(f);
    return found;
}

/* What its primary interface has stands for the host, too. */
static void add_primary(json_t *net, const json_t *ifaces)
{
    static const char *const names[] = {"ip",       "netmask",  "network",
                                        "mac",      "mtu",      "ip6",
                                        "netmask6", "network6", "scope6"};
    const json_t *iface;
    char name[IF_NAMESIZE + 1];
    size_t i;

    if (!primary_find(name, sizeof(name)))
        return;
    value_text(net, "primary", name);
    iface = json_object_get(ifaces, name);
    for (i = 0; iface && i < sizeof(names) / sizeof(names[0]); i++) {
        json_t *value = json_object_get(iface, names[i]);

        if (value)
            json_object_set(net, names[i], value);
    }
}

static void add_names(json_t *net)
{
    struct attrs a = {0};
    char host[256];
    const char *fqdn, *dot;

    if (gethostname(host, sizeof(host)) < 0)
        return;
    host[sizeof(host) - 1] = '\0';
    facts_read(&a);
    fqdn = attrs_get(&a, "fqdn");
    dot = fqdn ? strchr(fqdn, '.') : NULL;
    host[strcspn(host, ".")] = '\0';
    value_text(net, "hostname", host);
    value_text(net, "fqdn", fqdn);
    value_text(net, "domain", dot ? dot + 1 : NULL);
    attrs_free(&a);
}

void facts_network(json_t *all)
{
    json_t *net = json_object(), *ifaces = interfaces();

    add_names(net);
    add_primary(net, ifaces);
    value_object(net, "interfaces", ifaces);
    value_object(all, "networking", net);
}

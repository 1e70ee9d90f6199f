#include "lib/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "lib/words.h"

static bool port_parse(const char *text, size_t len, uint16_t *port)
{
    struct word w = {.text = (char *)text, .len = (unsigned)len};
    unsigned long long n;

    if (!word_to_u64(&w, 65535, &n))
        return false;
    *port = (uint16_t)n;
    return true;
}

/* A host name, an address, or "*": no byte that could mean something else. */
static const char *host_set(char *out, const char *text, size_t len)
{
    size_t i;

    if (!len)
        return "the host is missing";
    if (len > ADDR_HOST_MAX)
        return "the host name is too long";
    for (i = 0; i < len; i++)
        if ((unsigned char)text[i] <= ' ' || strchr("/!'\"[]", text[i]))
            return "bad character in the host name";
    memcpy(out, text, len);
    out[len] = '\0';
    return NULL;
}

/*
 * Cuts "HOST:rest", "[V6]:rest" or "HOST" into host and *rest (behind the
 * colon, or NULL if there is none).
 */
static const char *host_cut(char *out, const char *text, const char **rest)
{
    const char *end, *wrong;

    if (*text == '[') {
        end = strchr(text, ']');
        if (!end || (end[1] && end[1] != ':'))
            return "an IPv6 address is written [ADDRESS]:PORT";
        wrong = host_set(out, text + 1, (size_t)(end - text - 1));
        if (!wrong && !strchr(out, ':'))
            return "only an IPv6 address stands in brackets";
        *rest = end[1] ? end + 2 : NULL;
        return wrong;
    }
    end = strchr(text, ':');
    if (!end)
        end = text + strlen(text);
    if (end == text && strchr(end + (*end == ':'), ':'))
        return "an IPv6 address is written [ADDRESS]:PORT";
    *rest = *end ? end + 1 : NULL;
    return host_set(out, text, (size_t)(end - text));
}

static const char *addr_parse_unix(struct addr *a, const char *path)
{
    a->kind = ADDR_UNIX;
    if (*path != '/')
        return "a unix socket is written unix!/PATH";
    if (strlen(path) > ADDR_UNIX_MAX)
        return "the path of a unix socket has at most 107 bytes";
    memcpy(a->host, path, strlen(path) + 1);
    return NULL;
}

/* HOST!PORT, the host without brackets even for IPv6. */
static const char *addr_parse_dial(struct addr *a, const char *text)
{
    const char *bang = strrchr(text, '!');
    const char *wrong;

    if (!bang)
        return "a dial string is written tcp!HOST!PORT";
    wrong = host_set(a->host, text, (size_t)(bang - text));
    if (wrong)
        return wrong;
    if (!port_parse(bang + 1, strlen(bang + 1), &a->port))
        return "the port is a number from 0 to 65535";
    return NULL;
}

/* HOST:PORT or [V6]:PORT. */
static const char *addr_parse_host(struct addr *a, const char *text,
                                   int default_port)
{
    const char *rest, *wrong = host_cut(a->host, text, &rest);

    if (wrong)
        return wrong;
    if (!rest) {
        if (default_port <= 0)
            return "the port is missing: write HOST:PORT";
        a->port = (uint16_t)default_port;
        return NULL;
    }
    if (strchr(rest, ':'))
        return "an IPv6 address is written [ADDRESS]:PORT";
    if (!port_parse(rest, strlen(rest), &a->port))
        return "the port is a number from 0 to 65535";
    return NULL;
}

const char *addr_parse(struct addr *a, const char *text, int default_port)
{
    *a = (struct addr){.kind = ADDR_TCP};
    if (!strcmp(text, "off")) {
        a->kind = ADDR_OFF;
        return NULL;
    }
    if (!strncmp(text, "unix!", 5))
        return addr_parse_unix(a, text + 5);
    if (!strncmp(text, "tcp!", 4))
        return addr_parse_dial(a, text + 4);
    if (strncmp(text, "tls!", 4) != 0)
        return addr_parse_host(a, text, default_port);
    a->tls = true;
    text += 4;
    return strchr(text, '!') ? addr_parse_dial(a, text)
                             : addr_parse_host(a, text, default_port);
}

const char *addr_write(const struct addr *a, char *out, size_t size)
{
    if (a->kind == ADDR_OFF)
        snprintf(out, size, "off");
    else if (a->kind == ADDR_UNIX)
        snprintf(out, size, "unix!%s", a->host);
    else if (a->tls)
        snprintf(out, size, "tls!%s!%u", a->host, a->port);
    else if (strchr(a->host, ':'))
        snprintf(out, size, "[%s]:%u", a->host, a->port);
    else
        snprintf(out, size, "%s:%u", a->host, a->port);
    return out;
}

const char *addr_write_dial(const struct addr *a, char *out, size_t size)
{
    if (a->kind != ADDR_TCP)
        return addr_write(a, out, size);
    snprintf(out, size, "%s!%s!%u", a->tls ? "tls" : "tcp", a->host, a->port);
    return out;
}

struct addr addr_public(const struct addr *a, const char *name)
{
    struct addr public = *a;

    if (a->kind == ADDR_TCP &&
        (!strcmp(a->host, "*") || !strcmp(a->host, "0.0.0.0") ||
         !strcmp(a->host, "::")))
        snprintf(public.host, sizeof(public.host), "%s", name);
    return public;
}

bool addr_is_local(const struct addr *a)
{
    struct in_addr v4;
    struct in6_addr v6;

    if (a->kind != ADDR_TCP || !strcmp(a->host, "localhost"))
        return true;
    if (inet_pton(AF_INET, a->host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, a->host, &v6) == 1)
        return IN6_IS_ADDR_LOOPBACK(&v6);
    return false;
}

const char *registry_addr_parse(struct registry_addr *r, const char *text)
{
    uint16_t *ports[] = {&r->new_port, &r->find_port, &r->event_port};
    const char *rest, *wrong;
    size_t i, len;

    r->new_port = REGISTRY_NEW_PORT;
    r->find_port = REGISTRY_FIND_PORT;
    r->event_port = REGISTRY_EVENT_PORT;
    r->tls = !strncmp(text, "tls!", 4);
    if (r->tls)
        text += 4;
    wrong = host_cut(r->host, text, &rest);
    for (i = 0; !wrong && rest; i++) {
        if (i == 3)
            return "a registry is written [tls!]HOST[:NEW[:FIND[:EVENT]]]";
        len = strcspn(rest, ":");
        if (!port_parse(rest, len, ports[i]))
            return "the port is a number from 0 to 65535";
        rest = rest[len] ? rest + len + 1 : NULL;
    }
    return wrong;
}

const char *registry_addr_write(const struct registry_addr *r, char *out,
                                size_t size)
{
    bool v6 = strchr(r->host, ':') != NULL;

    snprintf(out, size, "%s%s%s%s:%u:%u:%u", r->tls ? "tls!" : "",
             v6 ? "[" : "", r->host, v6 ? "]" : "", r->new_port, r->find_port,
             r->event_port);
    return out;
}

/*
 * Addresses as they are written in settings, attributes and on the command
 * line: HOST:PORT, [V6]:PORT, tcp!HOST!PORT, unix!/path, off; and the naming
 * of a registry, HOST[:NEW[:FIND[:EVENT]]]. Where TLS is spoken, tls! goes
 * before it: tls!HOST!PORT (tls!HOST:PORT is taken as well), and
 * tls!HOST[:NEW[:FIND[:EVENT]]].
 *
 * Must not resolve names or open sockets: that is dial.h and listen.h.
 */
#ifndef MUSTER_LIB_ADDR_H
#define MUSTER_LIB_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADDR_HOST_MAX 255 /* bytes of a host name (RFC 1035) */
#define ADDR_UNIX_MAX 107 /* bytes of a unix socket path (unix(7)) */
#define ADDR_TEXT_MAX 320 /* an address written by addr_write(), with NUL */

enum addr_kind { ADDR_OFF, ADDR_TCP, ADDR_UNIX };

struct addr {
    enum addr_kind kind;
    /* ADDR_TCP: name or numeric address ("*" for every one);
     * ADDR_UNIX: the path */
    char host[ADDR_HOST_MAX + 1];
    uint16_t port; /* 0: ask the kernel (listening only) */
    bool tls;      /* ADDR_TCP: TLS is spoken there */
};

/* A registry's three ports on one host, or three unix sockets (new at PATH.new
 * …) never: registries are named by host only. */
struct registry_addr {
    char host[ADDR_HOST_MAX + 1];
    uint16_t new_port, find_port, event_port;
    bool tls; /* on all three */
};

#define REGISTRY_NEW_PORT   6701
#define REGISTRY_FIND_PORT  6702
#define REGISTRY_EVENT_PORT 6703

/*
 * Parses any of the forms above. default_port > 0 allows the port to be left
 * out. Returns NULL or a static error text for the user.
 */
const char *addr_parse(struct addr *a, const char *text, int default_port);

/* HOST:PORT, [V6]:PORT, tls!HOST!PORT, unix!/path or off, into at least
 * ADDR_TEXT_MAX. */
const char *addr_write(const struct addr *a, char *out, size_t size);
/* The dial string of the same: tcp!HOST!PORT, tls!HOST!PORT or unix!/path. */
const char *addr_write_dial(const struct addr *a, char *out, size_t size);

/* What others dial: the same, but with the name of this host where it listens
 * on every address. */
struct addr addr_public(const struct addr *a, const char *name);

/* True if it can be reached from this machine only: a loopback address
 * (127/8, ::1, localhost) or a unix socket. */
bool addr_is_local(const struct addr *a);

/* One registry: [tls!]HOST[:NEW[:FIND[:EVENT]]]; a V6 host stands in
 * brackets. */
const char *registry_addr_parse(struct registry_addr *r, const char *text);
const char *registry_addr_write(const struct registry_addr *r, char *out,
                                size_t size);

#endif

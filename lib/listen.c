#include "lib/listen.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uthash.h>
#include <utlist.h>

#include "lib/listen_bind.h"
#include "lib/log.h"

#define LISTEN_BACKLOG   1024
#define LISTEN_PAUSE_MIN 100  /* ms of the first pause when accept fails */
#define LISTEN_PAUSE_MAX 2000 /* the pause doubles up to this */
#define LISTEN_SPARE_FDS 64   /* descriptors kept for files and peers */

/* How many connections one peer address has. */
struct listen_peer {
    char address[INET6_ADDRSTRLEN + 1]; /* key */
    unsigned count;
    UT_hash_handle hh;
};

struct listen_conn {
    struct listen_host *host;
    struct listen_peer *peer; /* NULL for a unix socket */
    struct conn *conn;
    struct listen_conn *prev, *next;
};

struct listener {
    struct listen_host *host;
    const struct listen_face *face;
    void *ctx;
    struct addr addr; /* as bound */
    struct evconnlistener *ev;
    struct listener *prev, *next;
};

struct listen_host {
    struct loop *loop;
    struct listen_limits limits;
    const struct listen_auth *auth; /* NULL: everybody may do everything */
    void *auth_arg;
    struct listener *listeners;
    struct listen_conn *conns;
    struct listen_peer *peers;
    struct loop_timer *pause_timer;
    uint64_t pause_ms; /* the next pause; 0: accepting goes well */
    unsigned count;
    unsigned long serial; /* names connections in the log */
};

/* -- accounts -------------------------------------------------------------- */

static struct listen_peer *peer_of(struct listen_host *h,
                                   const struct sockaddr *sa)
{
    char text[INET6_ADDRSTRLEN] = "";
    struct listen_peer *p;

    if (sa->sa_family == AF_INET)
        evutil_inet_ntop(AF_INET, &((const struct sockaddr_in *)sa)->sin_addr,
                         text, sizeof(text));
    else if (sa->sa_family == AF_INET6)
        evutil_inet_ntop(AF_INET6,
                         &((const struct sockaddr_in6 *)sa)->sin6_addr, text,
                         sizeof(text));
    if (!*text)
        return NULL;
    HASH_FIND_STR(h->peers, text, p);
    if (!p) {
        p = xcalloc(1, sizeof(*p));
        memcpy(p->address, text, sizeof(text));
        HASH_ADD_STR(h->peers, address, p);
    }
    return p;
}

static void peer_release(struct listen_host *h, struct listen_peer *p)
{
    if (p && p->count == 0) {
        HASH_DEL(h->peers, p);
        free(p);
    }
}

static void listen_conn_gone(void *arg)
{
    struct listen_conn *lc = arg;
    struct listen_host *h = lc->host;

    h->count--;
    if (lc->peer) {
        lc->peer->count--;
        peer_release(h, lc->peer);
    }
    DL_DELETE(h->conns, lc);
    free(lc);
    if (h->pause_ms && loop_timer_is_set(h->pause_timer))
        loop_timer_set(h->pause_timer, 0); /* a descriptor is free again */
}

/* -- accepting ------------------------------------------------------------- */

/* Says why on the wire and closes: best effort, the socket is fresh. */
static void refuse(struct listener *ln, int fd, const char *who,
                   const char *what, unsigned limit)
{
    char text[160];
    int len;

    len =
        snprintf(text, sizeof(text),
                 "error: 'too many connections%s: at most %u'\n", what, limit);
    log_warn("%s: refused %s: too many connections%s (limit %u)",
             ln->face->name, who, what, limit);
    if (send(fd, text, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
        shutdown(fd, SHUT_WR);
    close(fd);
}

/* True for a peer on this machine: a unix socket, or a loopback address. */
static bool peer_is_local(const struct listen_peer *peer)
{
    static const char mapped[] = "::ffff:"; /* IPv4 on an IPv6 socket */
    struct addr a = {.kind = ADDR_TCP};
    const char *text;

    if (!peer)
        return true;
    text = peer->address;
    if (!strncmp(text, mapped, sizeof(mapped) - 1))
        text += sizeof(mapped) - 1;
    snprintf(a.host, sizeof(a.host), "%s", text);
    return addr_is_local(&a);
}

static void listen_authenticate(const struct listen_host *h, struct conn *c,
                                const struct listen_peer *peer)
{
    const struct listen_auth *auth = h->auth;

    if (!auth)
        return;
    conn_set_principal(c, auth->anonymous(h->auth_arg, peer_is_local(peer)));
    conn_set_gate(c, &auth->gate, h->auth_arg);
}

static void listen_adopt(struct listener *ln, int fd, struct listen_peer *peer)
{
    struct listen_host *h = ln->host;
    struct listen_conn *lc = xcalloc(1, sizeof(*lc));
    struct conn *c;
    char id[32];

    snprintf(id, sizeof(id), "%.12s#%lu", ln->face->name, ++h->serial);
    lc->host = h;
    lc->peer = peer;
    h->count++;
    if (peer)
        peer->count++;
    DL_APPEND(h->conns, lc);
    c = conn_new(h->loop, fd, id, &h->limits.conn, &ln->face->handler, NULL);
    lc->conn = c;
    conn_on_free(c, listen_conn_gone, lc);
    listen_authenticate(h, c, peer);
    log_id_debug(id, "connection from %s", conn_peer(c));
    conn_set_handler(c, &ln->face->handler, ln->face->open(c, ln->ctx));
}

static void accepted(struct evconnlistener *ev, evutil_socket_t fd,
                     struct sockaddr *sa, int len, void *arg)
{
    struct listener *ln = arg;
    struct listen_host *h = ln->host;
    struct listen_peer *peer = peer_of(h, sa);
    const char *who = peer ? peer->address : "a unix socket";
    unsigned per = h->limits.connections_per_address;

    (void)ev;
    (void)len;
    loop_refresh(h->loop);
    h->pause_ms = 0;
    if (h->limits.connections && h->count >= h->limits.connections) {
        refuse(ln, fd, who, "", h->limits.connections);
        peer_release(h, peer);
    } else if (peer && per && peer->count >= per) {
        refuse(ln, fd, who, " from one address", per);
    } else {
        listen_adopt(ln, fd, peer);
    }
}

static void listen_enable(struct listen_host *h, bool on)
{
    struct listener *ln;

    DL_FOREACH (h->listeners, ln) {
        if (on)
            evconnlistener_enable(ln->ev);
        else
            evconnlistener_disable(ln->ev);
    }
}

static void pause_over(void *arg)
{
    listen_enable(arg, true);
}

/* No descriptor, or no memory: nobody is accepted for a while, those who are
 * connected are served. */
static void accept_failed(struct evconnlistener *ev, void *arg)
{
    struct listener *ln = arg;
    struct listen_host *h = ln->host;
    int error = EVUTIL_SOCKET_ERROR();

    (void)ev;
    h->pause_ms = h->pause_ms ? 2 * h->pause_ms : LISTEN_PAUSE_MIN;
    if (h->pause_ms > LISTEN_PAUSE_MAX)
        h->pause_ms = LISTEN_PAUSE_MAX;
    log_warn("%s: cannot accept: %s; accepting pauses for %llu ms",
             ln->face->name, strerror(error), (unsigned long long)h->pause_ms);
    listen_enable(h, false);
    loop_timer_set(h->pause_timer, h->pause_ms);
}

/* -- listening ------------------------------------------------------------- */

char *listen_add(struct listen_host *h, const struct listen_face *face,
                 const struct addr *addr, void *ctx)
{
    char text[ADDR_TEXT_MAX];
    const char *why;
    struct listener *ln;
    int fd;

    if (addr->kind == ADDR_OFF)
        return NULL;
    fd = listen_bind(addr, &why);
    if (fd < 0)
        return xasprintf("%s: cannot listen on %s: %s (%s)", face->name,
                         addr_write(addr, text, sizeof(text)),
                         why ? why : strerror(errno), listen_advice(errno));
    ln = xcalloc(1, sizeof(*ln));
    ln->host = h;
    ln->face = face;
    ln->ctx = ctx;
    ln->addr = *addr;
    listen_bound_addr(&ln->addr, fd);
    ln->ev = evconnlistener_new(loop_base(h->loop), accepted, ln,
                                LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC,
                                LISTEN_BACKLOG, fd);
    if (!ln->ev) {
        close(fd);
        free(ln);
        return xasprintf("%s: cannot listen on %s: %s", face->name,
                         addr_write(addr, text, sizeof(text)), strerror(errno));
    }
    evconnlistener_set_error_cb(ln->ev, accept_failed);
    DL_APPEND(h->listeners, ln);
    log_info("%s: listening on %s", face->name,
             addr_write(&ln->addr, text, sizeof(text)));
    return NULL;
}

/* -- the rest of the interface --------------------------------------------- */

/* No more connections than there are descriptors for. */
static void limits_fit(struct listen_limits *limits)
{
    struct rlimit rl;
    rlim_t most;

    if (getrlimit(RLIMIT_NOFILE, &rl) < 0 || rl.rlim_cur == RLIM_INFINITY)
        return;
    most = rl.rlim_cur > 2 * LISTEN_SPARE_FDS ? rl.rlim_cur - LISTEN_SPARE_FDS
                                              : rl.rlim_cur / 2;
    if (limits->connections <= most && limits->connections)
        return;
    if (limits->connections)
        log_warn("limits.connections is %u, but only %llu descriptors may be "
                 "open: at most %llu connections",
                 limits->connections, (unsigned long long)rl.rlim_cur,
                 (unsigned long long)most);
    limits->connections = most > ~0u ? ~0u : (unsigned)most;
}

struct listen_host *listen_host_new(struct loop *l,
                                    const struct listen_limits *limits)
{
    struct listen_host *h = xcalloc(1, sizeof(*h));

    h->loop = l;
    h->pause_timer = loop_timer_new(l, pause_over, h);
    listen_host_limits(h, limits);
    return h;
}

void listen_host_limits(struct listen_host *h,
                        const struct listen_limits *limits)
{
    h->limits = *limits;
    limits_fit(&h->limits);
}

void listen_host_auth(struct listen_host *h, const struct listen_auth *auth,
                      void *arg)
{
    h->auth = auth;
    h->auth_arg = arg;
}

void listen_ready_words(struct listen_host *h, struct buf *out)
{
    char text[ADDR_TEXT_MAX];
    struct listener *ln;

    DL_FOREACH (h->listeners, ln)
        buf_add_pair(out, ln->face->name,
                     addr_write(&ln->addr, text, sizeof(text)));
}

const struct addr *listen_face_addr(struct listen_host *h, const char *face)
{
    struct listener *ln;

    DL_FOREACH (h->listeners, ln)
        if (!strcmp(ln->face->name, face))
            return &ln->addr;
    return NULL;
}

void listen_host_stop(struct listen_host *h)
{
    struct listener *ln, *next;

    loop_timer_off(h->pause_timer);
    DL_FOREACH_SAFE (h->listeners, ln, next) {
        DL_DELETE(h->listeners, ln);
        evconnlistener_free(ln->ev);
        if (ln->addr.kind == ADDR_UNIX)
            unlink(ln->addr.host);
        free(ln);
    }
}

void listen_host_close_all(struct listen_host *h, const char *reason)
{
    struct listen_conn *lc;

    DL_FOREACH (h->conns, lc)
        conn_close(lc->conn, "%s", reason);
}

void listen_host_free(struct listen_host *h)
{
    struct listen_conn *lc, *next;

    if (!h)
        return;
    listen_host_stop(h);
    DL_FOREACH_SAFE (h->conns, lc, next)
        conn_free_now(lc->conn);
    loop_timer_free(h->pause_timer);
    free(h);
}

unsigned listen_host_count(const struct listen_host *h)
{
    return h->count;
}

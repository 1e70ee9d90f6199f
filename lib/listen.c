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
#include <utlist.h>

#include "lib/greet.h"
#include "lib/listen_bind.h"
#include "lib/listen_counts.h"
#include "lib/log.h"
#include "lib/metrics.h"
#include "lib/refusal.h"
#include "lib/refused.h"
#include "lib/seats.h"
#include "lib/sock.h"

#define LISTEN_BACKLOG   1024
#define LISTEN_PAUSE_MIN 100  /* ms of the first pause when accept fails */
#define LISTEN_PAUSE_MAX 2000 /* the pause doubles up to this */
#define LISTEN_PER_TURN  32   /* accepted before those have their turn */
#define LISTEN_SPARE_FDS 64   /* descriptors kept for files and peers */

struct listen_conn {
    struct listen_host *host;
    struct seat seat;
    struct greet greet;
    struct listen_counts *counts; /* of its face */
    struct conn *conn;
    const struct listen_face *face;
    void *ctx; /* of the face */
    struct listen_conn *prev, *next;
};

struct listener {
    struct listen_host *host;
    const struct listen_face *face;
    struct listen_counts *counts; /* of the face */
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
    struct listen_counts *counts;
    struct seats seats;
    struct tls *tls; /* borrowed; NULL: none is spoken */
    struct greets greets;
    struct loop_timer *pause_timer;
    uint64_t pause_ms; /* the next pause; 0: accepting goes well */
    struct loop_task next_turn;
    unsigned accepted; /* in this turn */
    struct listen_events events;
    unsigned long serial; /* names connections in the log */
};

/* -- accounts -------------------------------------------------------------- */

static void listen_conn_gone(void *arg)
{
    struct listen_conn *lc = arg;
    struct listen_host *h = lc->host;

    seat_leave(&h->seats, &lc->seat);
    greet_gone(&lc->greet);
    lc->counts->open--;
    DL_DELETE(h->conns, lc);
    free(lc);
    if (h->pause_ms && loop_timer_is_set(h->pause_timer))
        loop_timer_set(h->pause_timer, 0); /* a descriptor is free again */
}

static void listen_conn_spoke(void *arg)
{
    struct listen_conn *lc = arg;

    seat_spoke(&lc->seat);
}

/* Several listeners of one face share its counts. */
static struct listen_counts *counts_of(struct listen_host *h,
                                       const struct listen_face *face)
{
    struct listen_counts *n;

    LL_FOREACH (h->counts, n)
        if (n->face == face)
            return n;
    n = listen_counts_new(face, h);
    LL_PREPEND(h->counts, n);
    return n;
}

/* -- accepting ------------------------------------------------------------- */

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

/* Says why on the wire and closes: best effort, the socket is fresh. */
static void refuse(struct listener *ln, int fd, enum refusal why, unsigned most)
{
    const char *what = why == REFUSED_PER_ADDRESS ? " from one address" : "";
    char text[512], who[SOCK_PEER_MAX], *said;

    ln->counts->refusals.refused[why]++;
    sock_peer(fd, who, sizeof(who));
    said = xasprintf("too many connections%s: at most %u", what, most);
    refused_tell(ln->host->loop, &(struct refused){.face = ln->face->name,
                                                   .from = who,
                                                   .code = refusal_name(why),
                                                   .text = said});
    if (ln->face->refusal)
        ln->face->refusal(text, sizeof(text), said);
    else
        snprintf(text, sizeof(text), "error: '%s'\n", said);
    free(said);
    if (ln->addr.tls)
        text[0] = '\0'; /* plain text would not be understood */
    if (send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
        shutdown(fd, SHUT_WR);
    close(fd);
}

/* Its turn to be the one too many. */
static void make_way(struct seat *s)
{
    struct listen_conn *lc = container_of(s, struct listen_conn, seat);

    seat_spoke(s); /* it is looked at no more */
    conn_refuse(lc->conn, REFUSED_MADE_WAY, "%s",
                refusal_text(REFUSED_MADE_WAY));
    conn_drop(lc->conn, "made way for another connection");
}

/* Whether one more fits; else somebody makes way, or it is refused. */
static bool listen_has_room(struct listener *ln, int fd,
                            const struct seat_address *a)
{
    struct listen_host *h = ln->host;
    unsigned most = h->limits.connections;
    unsigned per = h->limits.connections_per_address;
    struct seat *out;

    if (per && seats_of_address(a) >= per) {
        refuse(ln, fd, REFUSED_PER_ADDRESS, per);
        return false;
    }
    if (!most || h->seats.count < most)
        return true;
    out = seats_makes_way(&h->seats, a, loop_now(h->loop));
    if (out)
        make_way(out);
    else
        refuse(ln, fd, REFUSED_CONNECTIONS, most);
    return out;
}

static void listen_authenticate(const struct listen_host *h, struct conn *c,
                                const struct sockaddr *sa)
{
    const struct listen_auth *auth = h->auth;

    if (!auth)
        return;
    conn_set_principal(c, auth->anonymous(h->auth_arg, sock_is_local(sa)));
    conn_set_gate(c, &auth->gate, h->auth_arg);
}

/* The face comes to know of it. */
static void listen_open(struct listen_conn *lc)
{
    struct conn *c = lc->conn;

    conn_set_handler(c, &lc->face->handler, lc->face->open(c, lc->ctx));
}

/* It speaks for the first name of its certificate that means somebody. */
static void listen_certify(const struct listen_host *h, struct conn *c)
{
    struct principal *p = NULL;
    const char *name;
    unsigned i;

    for (i = 0; h->auth && !p && (name = conn_peer_name(c, i)); i++)
        p = h->auth->certified(h->auth_arg, name);
    if (p)
        conn_set_principal(c, p);
}

static void listen_greeted(struct greet *g)
{
    struct listen_conn *lc = container_of(g, struct listen_conn, greet);

    listen_certify(lc->host, lc->conn);
    listen_open(lc);
}

static void listen_adopt(struct listener *ln, int fd, const struct sockaddr *sa,
                         struct seat_address *a)
{
    struct listen_host *h = ln->host;
    struct listen_conn *lc = xcalloc(1, sizeof(*lc));
    struct conn *c;
    char id[32];

    snprintf(id, sizeof(id), "%.12s#%lu", ln->face->name, ++h->serial);
    lc->host = h;
    lc->face = ln->face;
    lc->ctx = ln->ctx;
    lc->greet.done = listen_greeted;
    lc->counts = ln->counts;
    lc->counts->opened++;
    lc->counts->open++;
    seat_take(&h->seats, &lc->seat, a);
    DL_APPEND(h->conns, lc);
    c = conn_new(h->loop, fd, id, &h->limits.conn, &ln->face->handler, NULL);
    lc->conn = c;
    conn_set_refusals(c, &ln->counts->refusals);
    conn_set_traffic(c, &ln->counts->traffic);
    conn_on_free(c, listen_conn_gone, lc);
    conn_on_first_line(c, listen_conn_spoke);
    listen_authenticate(h, c, sa);
    log_id_debug(id, "connection from %s", conn_peer(c));
    if (ln->addr.tls)
        greet_begin(&h->greets, &lc->greet, c, h->tls, fd);
    else
        listen_open(lc);
}

/* Those who are connected have their turn before more are accepted. */
static void turn_over(void *arg)
{
    struct listen_host *h = arg;

    if (h->accepted >= LISTEN_PER_TURN && !loop_timer_is_set(h->pause_timer))
        listen_enable(h, true);
    h->accepted = 0;
}

static void count_accepted(struct listen_host *h)
{
    if (!h->accepted++)
        loop_later(h->loop, &h->next_turn);
    if (h->accepted != LISTEN_PER_TURN)
        return;
    h->events.put_off++;
    listen_enable(h, false);
}

static void accepted(struct evconnlistener *ev, evutil_socket_t fd,
                     struct sockaddr *sa, int len, void *arg)
{
    struct listener *ln = arg;
    struct listen_host *h = ln->host;
    struct seat_address *a = seats_address(&h->seats, sa);

    (void)ev;
    (void)len;
    loop_refresh(h->loop);
    h->pause_ms = 0;
    if (listen_has_room(ln, fd, a))
        listen_adopt(ln, fd, sa, a);
    else
        seats_leave(&h->seats, a);
    count_accepted(h);
}

static void pause_over(void *arg)
{
    struct listen_host *h = arg;

    if (h->accepted < LISTEN_PER_TURN)
        listen_enable(h, true);
}

/* No descriptor, or no memory: nobody is accepted for a while, those who are
 * connected are served. */
static void accept_failed(struct evconnlistener *ev, void *arg)
{
    struct listener *ln = arg;
    struct listen_host *h = ln->host;
    int error = EVUTIL_SOCKET_ERROR();

    (void)ev;
    h->events.pauses++;
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
    struct addr bound;
    int fd;

    if (addr->kind == ADDR_OFF)
        return NULL;
    if (addr->tls && !tls_can_serve(h->tls))
        return xasprintf("%s: cannot listen on %s: there is no certificate to "
                         "show (set tls.cert and tls.key; `muster tls` makes "
                         "them)",
                         face->name, addr_write(addr, text, sizeof(text)));
    fd = listen_bind_beside(addr, face->beside, ctx, &bound, &why);
    if (fd < 0)
        return xasprintf("%s: cannot listen on %s: %s (%s)", face->name,
                         addr_write(addr, text, sizeof(text)),
                         why ? why : strerror(errno), listen_advice(errno));
    ln = xcalloc(1, sizeof(*ln));
    ln->host = h;
    ln->face = face;
    ln->counts = counts_of(h, face);
    ln->ctx = ctx;
    ln->addr = bound;
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
    greets_init(&h->greets, l);
    h->next_turn = (struct loop_task){.fn = turn_over, .arg = h};
    listen_events_tell(&h->events, h);
    listen_host_limits(h, limits);
    return h;
}

void listen_host_limits(struct listen_host *h,
                        const struct listen_limits *limits)
{
    h->limits = *limits;
    limits_fit(&h->limits);
    h->greets.most = h->limits.handshakes;
    h->greets.pace.a_turn = h->limits.handshakes_per_turn;
}

void listen_host_tls(struct listen_host *h, struct tls *tls)
{
    h->tls = tls;
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
    struct listen_counts *n;

    if (!h)
        return;
    listen_host_stop(h);
    DL_FOREACH_SAFE (h->conns, lc, next)
        conn_free_now(lc->conn);
    loop_timer_free(h->pause_timer);
    loop_unsettle(h->loop, &h->next_turn);
    greets_end(&h->greets);
    metrics_forget(h);
    while ((n = h->counts)) {
        LL_DELETE(h->counts, n);
        free(n);
    }
    free(h);
}

unsigned listen_host_count(const struct listen_host *h)
{
    return h->seats.count;
}

unsigned listen_host_most(const struct listen_host *h)
{
    return h->limits.connections;
}

const char *listen_host_paused(const struct listen_host *h)
{
    return h->pause_ms && loop_timer_is_set(h->pause_timer)
               ? "connections cannot be accepted: descriptors or "
                 "memory run short"
               : NULL;
}

#include "client/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A registry that vanishes without a word is noticed within this time. */
#define LINK_SILENCE_S 30

static const char *const link_ports[] = {"new", "find", "event"};

/* The address dialled, and its name for people. */
static void link_addr(const struct link *l, struct addr *a, char *name,
                      size_t size)
{
    const struct registry_addr *r = &l->owner->m->registries[l->registry];
    const uint16_t ports[] = {r->new_port, r->find_port, r->event_port};
    char text[ADDR_TEXT_MAX];

    memset(a, 0, sizeof(*a));
    a->kind = ADDR_TCP;
    memcpy(a->host, r->host, sizeof(a->host));
    a->port = ports[l->port];
    a->tls = r->tls;
    snprintf(name, size, "registry %s (%s)", addr_write(a, text, sizeof(text)),
             link_ports[l->port]);
}

/* Tells on_link of a change. False: the owner is gone. */
static bool link_tell(struct link *l, bool up, const char *reason)
{
    struct object *owner = l->owner;
    struct muster *m = owner->m;
    char name[ADDR_TEXT_MAX + 32], text[ADDR_TEXT_MAX + 512];
    struct addr a;

    if (!m->on_link || l->once || (l->told && l->told_up == up))
        return true;
    l->told = true;
    l->told_up = up;
    link_addr(l, &a, name, sizeof(name));
    snprintf(text, sizeof(text), "%s: %s", name, reason);
    object_enter(owner);
    m->on_link(m->arg, up ? MUSTER_UP : MUSTER_DOWN, text);
    return object_leave(owner);
}

/* -- its connection -------------------------------------------------------- */

static void link_lost(struct link *l, const char *reason);

static enum conn_verdict link_line(struct conn *c, void *arg, char *line,
                                   size_t len)
{
    struct link *l = arg;

    (void)c;
    l->handler->line(l->owner, line, len);
    return CONN_NEXT;
}

static enum conn_verdict link_too_long(struct conn *c, void *arg)
{
    (void)c;
    link_fail(arg, "an answer is too long");
    return CONN_NEXT;
}

static void link_closed(struct conn *c, void *arg, const char *reason)
{
    struct link *l = arg;

    (void)c;
    l->conn = NULL;
    link_lost(l, reason);
}

static const struct conn_handler link_handler = {
    .line = link_line,
    .too_long = link_too_long,
    .closed = link_closed,
};

/* Out of every state into closed; what is queued is still written. */
static void link_drop(struct link *l, const char *reason)
{
    if (l->dial)
        dial_cancel(l->dial);
    if (l->conn) {
        conn_disown(l->conn);
        conn_close(l->conn, "%s", reason);
    }
    l->dial = NULL;
    l->conn = NULL;
    l->state = LINK_CLOSED;
    if (l->timer)
        loop_timer_off(l->timer);
}

/* -- up and down ----------------------------------------------------------- */

/* How long to wait before the next try. A round through the list is gone
 * through fast (at once, if it is the only one), the bound grows from round to
 * round. */
static uint64_t link_wait(struct link *l)
{
    struct muster *m = l->owner->m;
    struct backoff quick = m->backoff;

    if (!l->stay && ++l->failed % m->registry_count)
        return l->once ? 0 : backoff_next(&quick, manager_chance());
    return backoff_next(&l->backoff, manager_chance());
}

static void link_lost(struct link *l, const char *reason)
{
    struct muster *m = l->owner->m;
    bool lasted = l->state == LINK_UP &&
                  loop_now(m->loop) - l->since >= m->backoff.max_ms;
    char *text = xstrdup(reason); /* it may lie in what is closed here */
    bool final;

    if (lasted) {
        backoff_reset(&l->backoff);
        l->failed = 0;
    }
    if (!l->stay)
        manager_registry_failed(m, l->registry);
    link_drop(l, text);
    final = l->once && l->failed + 1 >= m->registry_count;
    if (final) {
        l->failed = 0;
    } else {
        loop_timer_set(l->timer, link_wait(l));
        l->state = LINK_WAITING;
    }
    if (link_tell(l, false, text))
        l->handler->down(l->owner, text, final);
    free(text);
}

static void link_dialled(void *arg, int fd, struct tls_session *tls,
                         const char *error)
{
    struct link *l = arg;
    struct muster *m = l->owner->m;
    struct conn_limits limits = manager_conn_limits(m);
    char id[32];

    l->dial = NULL;
    if (fd < 0) {
        link_lost(l, error);
        return;
    }
    snprintf(id, sizeof(id), "registry-%s", link_ports[l->port]);
    l->conn = conn_new(m->loop, fd, id, &limits, &link_handler, l);
    if (tls)
        conn_start_tls(l->conn, tls, NULL);
    conn_watch_peer(l->conn, LINK_SILENCE_S);
    if (!l->silent)
        manager_greet(m, l->conn);
    l->state = LINK_UP;
    l->since = loop_now(m->loop);
    if (link_tell(l, true, "connected"))
        l->handler->up(l->owner);
}

static void link_dial(void *arg)
{
    struct link *l = arg;
    struct muster *m = l->owner->m;
    char name[ADDR_TEXT_MAX + 32];
    struct addr a;

    if (!l->stay)
        l->registry = m->current;
    l->stay = false;
    l->state = LINK_DIALLING;
    link_addr(l, &a, name, sizeof(name));
    l->dial = dial_start(m->loop, &a, manager_tls(m, &a), m->connect_ms,
                         link_dialled, l);
}

/* -- interface ------------------------------------------------------------- */

void link_init(struct link *l, struct object *owner, enum link_port port,
               bool once, const struct link_handler *handler)
{
    memset(l, 0, sizeof(*l));
    l->owner = owner;
    l->port = port;
    l->once = once;
    l->handler = handler;
    l->backoff = owner->m->backoff;
    l->timer = loop_timer_new(owner->m->loop, link_dial, l);
}

void link_open(struct link *l)
{
    if (l->state == LINK_CLOSED)
        link_dial(l);
}

struct buf *link_out(struct link *l)
{
    return conn_out(l->conn);
}

void link_flush(struct link *l)
{
    conn_flush(l->conn);
}

bool link_is_up(const struct link *l)
{
    return l->state == LINK_UP && !conn_is_closing(l->conn);
}

void link_stay(struct link *l)
{
    l->stay = true;
}

void link_fail(struct link *l, const char *reason)
{
    if (l->state != LINK_CLOSED)
        link_lost(l, reason);
}

void link_close(struct link *l)
{
    link_drop(l, "no longer needed");
    loop_timer_free(l->timer);
    l->timer = NULL;
}

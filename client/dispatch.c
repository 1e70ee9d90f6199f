#include "client/dispatch.h"

#include <stdlib.h>
#include <string.h>

/* A dispatcher that vanishes without a word is noticed within this time. */
#define DISPATCH_SILENCE_S 30

static void dispatch_dial(struct dispatch *d);

/* -- its connection -------------------------------------------------------- */

static enum conn_verdict dispatch_line(struct conn *c, void *arg, char *line,
                                       size_t len)
{
    struct dispatch *d = arg;

    (void)c;
    d->handler->line(d->owner, line, len);
    return CONN_NEXT;
}

static void dispatch_down(struct dispatch *d, enum dispatch_end end,
                          const char *reason)
{
    d->handler->down(d->owner, end, reason);
}

static enum conn_verdict dispatch_too_long(struct conn *c, void *arg)
{
    (void)arg;
    conn_abort(c, "an answer is too long");
    return CONN_NEXT;
}

static void dispatch_closed(struct conn *c, void *arg, const char *reason)
{
    struct dispatch *d = arg;
    bool eof = conn_is_eof(c);

    d->conn = NULL;
    dispatch_down(d, eof ? DISPATCH_EOF : DISPATCH_BROKEN, reason);
}

static const struct conn_handler dispatch_handler = {
    .line = dispatch_line,
    .too_long = dispatch_too_long,
    .closed = dispatch_closed,
};

static void dispatch_dialled(void *arg, int fd, struct tls_session *tls,
                             const char *error)
{
    struct dispatch *d = arg;
    struct muster *m = d->owner->m;
    struct conn_limits limits = manager_conn_limits(m);

    d->dial = NULL;
    if (fd < 0 && ++d->next < d->count) {
        dispatch_dial(d);
        return;
    }
    if (fd < 0) {
        dispatch_down(d, DISPATCH_NONE, error);
        return;
    }
    d->addrs[0] = d->addrs[d->next]; /* from here on no other will do */
    d->count = 1;
    d->conn =
        conn_new(m->loop, fd, "dispatcher", &limits, &dispatch_handler, d);
    if (tls)
        conn_start_tls(d->conn, tls, NULL);
    conn_watch_peer(d->conn, DISPATCH_SILENCE_S);
    manager_greet(m, d->conn);
    if (d->paused)
        conn_pause(d->conn);
    d->handler->up(d->owner);
}

static void dispatch_dial(struct dispatch *d)
{
    struct muster *m = d->owner->m;
    const struct addr *addr = &d->addrs[d->next];

    d->dial = dial_start(m->loop, addr, manager_tls(m, addr), m->connect_ms,
                         dispatch_dialled, d);
}

/* -- finding one ----------------------------------------------------------- */

static void found_service(void *arg, const struct muster_service *s)
{
    struct dispatch *d = arg;
    const char *addr = muster_service_get(s, "addr");
    const char *instance = muster_service_get(s, "instance");
    struct addr a;

    if (addr_parse(&a, addr ? addr : s->name, MANAGER_DISPATCHER_PORT) ||
        a.kind == ADDR_OFF)
        return;
    if (d->instance && instance && strcmp(instance, d->instance) == 0) {
        /* the others do not know that job */
        d->addrs[0] = a;
        d->count = 1;
        free(d->instance);
        d->instance = NULL;
        d->next = DISPATCH_ADDRS_MAX;
    } else if (d->count < DISPATCH_ADDRS_MAX && d->next == 0) {
        d->addrs[d->count++] = a;
    }
}

static void found_all(void *arg, const char *error, uint64_t revision)
{
    struct dispatch *d = arg;

    (void)revision;
    d->find = NULL;
    d->next = 0;
    if (error)
        dispatch_down(d, DISPATCH_NONE, error);
    else if (!d->count)
        dispatch_down(d, DISPATCH_NONE, "no dispatcher is registered");
    else
        dispatch_dial(d);
}

static const struct muster_find_callbacks found = {
    .on_service = found_service,
    .on_done = found_all,
};

/* -- interface ------------------------------------------------------------- */

void dispatch_init(struct dispatch *d, struct object *owner, const char *jid,
                   const struct dispatch_handler *handler)
{
    const char *dash = jid ? strrchr(jid, '-') : NULL;

    memset(d, 0, sizeof(*d));
    d->owner = owner;
    d->handler = handler;
    if (dash)
        d->instance = xstrndup(jid, (size_t)(dash - jid));
}

void dispatch_open(struct dispatch *d)
{
    struct muster *m = d->owner->m;

    if (m->dispatcher.kind != ADDR_OFF)
        dispatch_open_at(d, &m->dispatcher);
    else
        d->find = muster_find(m, "kind dispatcher", &found, d, NULL);
}

void dispatch_open_at(struct dispatch *d, const struct addr *addr)
{
    d->addrs[0] = *addr;
    d->count = 1;
    d->next = 0;
    dispatch_dial(d);
}

void dispatch_redial(struct dispatch *d)
{
    d->next = 0;
    dispatch_dial(d);
}

const struct addr *dispatch_addr(const struct dispatch *d)
{
    return &d->addrs[0];
}

struct buf *dispatch_out(struct dispatch *d)
{
    return conn_out(d->conn);
}

void dispatch_flush(struct dispatch *d)
{
    conn_flush(d->conn);
}

void dispatch_stop_reading(struct dispatch *d, bool paused)
{
    if (d->paused == paused)
        return;
    d->paused = paused;
    if (!d->conn)
        return;
    if (paused)
        conn_pause(d->conn);
    else
        conn_unpause(d->conn);
}

void dispatch_close(struct dispatch *d)
{
    muster_find_cancel(d->find);
    if (d->dial)
        dial_cancel(d->dial);
    if (d->conn) {
        conn_disown(d->conn);
        conn_close(d->conn, "no longer needed");
    }
    d->find = NULL;
    d->dial = NULL;
    d->conn = NULL;
    free(d->instance);
    d->instance = NULL;
}

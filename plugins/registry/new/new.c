#include "plugins/registry/new/new.h"

#include <stdlib.h>
#include <string.h>

#include "lib/audit.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "plugins/registry/new/ahead.h"
#include "plugins/registry/new/line.h"
#include "server/audit.h"
#include "plugins/registry/new/rights.h"
#include "server/musterd.h"

/* A connection that lost a service to another one, which may be about to take
 * over the others it had, is closed so much later, ms. */
#define NEW_GRACE_MS 1000
/* When another says to be what a service of it is, a connection is watched so
 * closely, seconds. */
#define NEW_DOUBT_S 10

struct session {
    struct musterd *m;
    struct conn *conn; /* NULL once closed */
    struct catalog_owner owner;
    struct asker asker;
    struct service *first; /* what a line without .of is about; or NULL */
    struct loop_timer *grace;
    const char *ends; /* it is closed for that once its request is answered */
    bool had_line;    /* the first line is behind */
    bool ack;
    bool first_line; /* the request under way is the first line */
    bool answered;   /* ... and has been answered */
    bool waiting;    /* ... or is still with the store */
    bool removing;   /* it is a .remove of ours */
};

static void session_free(struct session *s)
{
    loop_timer_free(s->grace);
    free(s);
}

/* -- losing services ------------------------------------------------------- */

/* Closes it; but what is with the store is answered before. */
static void session_close(struct session *s, const char *reason)
{
    if (s->waiting)
        s->ends = reason;
    else
        conn_close(s->conn, "%s", reason);
}

static void grace_over(void *arg)
{
    session_close(arg, "its services were taken over");
}

static void session_end(struct session *s, const char *reason)
{
    if (!s->owner.count) {
        session_close(s, reason);
        return;
    }
    if (!s->grace)
        s->grace = loop_timer_new(s->m->loop, grace_over, s);
    loop_timer_set(s->grace, NEW_GRACE_MS);
}

static void session_lost(struct catalog_owner *o, struct service *v,
                         enum catalog_loss why)
{
    struct session *s = container_of(o, struct session, owner);

    if (s->first == v)
        s->first = NULL;
    if (!s->conn)
        return;
    switch (why) {
    case LOST_REPLACED:
        conn_notice(s->conn, "%s was taken over by another connection",
                    v->name);
        session_end(s, "its service was taken over");
        break;
    case LOST_EXPIRED:
        conn_notice(s->conn, "%s expired: no line came for %u s", v->name,
                    v->ttl_ms / 1000);
        if (!o->count)
            session_close(s, "its service expired");
        break;
    case LOST_REMOVED:
        if (s->removing)
            break;
        conn_notice(s->conn, "%s was removed", v->name);
        if (!o->count)
            session_close(s, "its service was removed");
        break;
    }
}

static void session_doubted(struct catalog_owner *o)
{
    struct session *s = container_of(o, struct session, owner);

    if (s->conn)
        conn_watch_peer(s->conn, NEW_DOUBT_S);
}

/* -- answers --------------------------------------------------------------- */

static void session_refuse(struct session *s, enum refusal why,
                           const char *text)
{
    conn_refuse(s->conn, why, "%s", text);
    if (s->first_line)
        conn_close(s->conn, "its first line was refused");
}

static void session_accept(struct session *s, uint64_t revision)
{
    struct buf *out;

    if (!s->ack)
        return;
    out = conn_out(s->conn);
    buf_add(out, "ok ", 3);
    buf_add_u64(out, revision);
    buf_add_char(out, '\n');
    conn_flush(s->conn);
}

/* The store has answered, now or later. */
static void session_answered(void *arg, const struct catalog_result *r)
{
    struct session *s = arg;
    bool late = s->waiting;

    s->answered = true;
    s->waiting = false;
    s->removing = false;
    if (!s->conn) {
        /* the connection ended meanwhile: so does what it registered */
        catalog_owner_gone(s->m->catalog, &s->owner);
        session_free(s);
        return;
    }
    if (r->status == CATALOG_OK) {
        if (!s->first && r->service && r->service->owner == &s->owner)
            s->first = r->service;
        session_accept(s, r->revision);
    } else {
        session_refuse(s,
                       r->status == CATALOG_FAILED ? REFUSED_STORE
                                                   : refusal_of(r->text),
                       r->text);
    }
    if (s->ends)
        conn_close(s->conn, "%s", s->ends);
    else if (late)
        conn_resume(s->conn);
}

/* -- requests -------------------------------------------------------------- */

/* Who may do all takes any service out of quarantine, by that alone. */
static bool ends_quarantine(const struct session *s, const struct new_line *l)
{
    return conn_principal(s->conn)->admin && l->verb == NEW_UPDATE &&
           l->unset_count == 1 && word_is(&l->unsets[0], "conflict") &&
           !l->set_count && !l->has_ttl && !l->has_volatiles;
}

/* The service that a line may change: ours, or a persistent one. */
static struct service *
session_target(struct session *s, const struct new_line *l, const char **wrong)
{
    const struct word *name = &l->name;
    struct service *v = s->first;

    if (!name->text) {
        *wrong = "no service: say which with .of NAME, or .new NAME";
        return v;
    }
    v = catalog_find(s->m->catalog, name->text, name->len);
    *wrong = "no such service";
    if (v && v->owner != &s->owner && !v->persist && !ends_quarantine(s, l)) {
        *wrong = "that service belongs to another connection";
        return NULL;
    }
    return v;
}

static void request_from_line(struct catalog_request *q,
                              const struct new_line *l)
{
    *q = (struct catalog_request){
        .edit = {.sets = l->sets,
                 .set_count = l->set_count,
                 .unsets = l->unsets,
                 .unset_count = l->unset_count},
        .volatiles = l->has_volatiles ? &l->volatiles : NULL,
        .replace = l->replace,
        .set_ttl = l->has_ttl,
        .ttl_ms = (uint32_t)(l->ttl_s * 1000),
    };
}

static void session_request(struct session *s, const struct new_line *l,
                            struct service *v)
{
    const struct principal *p = conn_principal(s->conn);
    bool plain = p->all && !l->unset_count; /* its rights add nothing to it */
    struct catalog *c = s->m->catalog;
    struct catalog_request q;
    struct new_rights rights;

    request_from_line(&q, l);
    c->asker = &s->asker;
    q.may_all = p->admin;
    if (!plain)
        rights_complete(p, l, v, &q, &rights);
    s->removing = l->verb == NEW_REMOVE;
    s->answered = false;
    if (l->verb == NEW_REGISTER)
        catalog_register(c, &s->owner, &l->name, &q, session_answered, s);
    else if (l->verb == NEW_REMOVE)
        catalog_remove(c, v, &q, session_answered, s);
    else
        catalog_update(c, v, &q, session_answered, s);
    c->asker = NULL;
    if (!plain)
        new_rights_free(&rights);
    s->waiting = !s->answered;
}

/* Of a refusal, what the line was about. */
static void session_about(const struct session *s, const struct new_line *l)
{
    static const char *const actions[] = {[NEW_NOTHING] = "settings",
                                          [NEW_REGISTER] = "register",
                                          [NEW_UPDATE] = "update",
                                          [NEW_REMOVE] = "remove"};

    if (l->name.text)
        audit_about(actions[l->verb], l->name.text, l->name.len);
    else if (s->first)
        audit_about(actions[l->verb], s->first->name, s->first->name_len);
    else
        audit_about(actions[l->verb], NULL, 0);
}

/* False, and refused, if who speaks may not ask for that. */
static bool session_may(struct session *s, const struct new_line *l)
{
    char *error = rights_check(conn_principal(s->conn), l);

    if (!error)
        return true;
    session_refuse(s, REFUSED_RIGHT, error);
    free(error);
    return false;
}

static void session_do(struct session *s, const struct new_line *l)
{
    struct service *v = NULL;
    const char *wrong;

    if (!session_may(s, l))
        return;
    if (l->verb == NEW_NOTHING) {
        session_accept(s, catalog_revision(s->m->catalog));
        return;
    }
    if (l->verb != NEW_REGISTER) {
        v = session_target(s, l, &wrong);
        if (!v) {
            session_refuse(s, REFUSED_REQUEST, wrong);
            return;
        }
    }
    session_request(s, l, v);
}

/* With an audit log: a refusal is told with what was asked for, and nothing is
 * done that it could not tell of, if that is wanted. */
static void session_do_audited(struct session *s, const struct new_line *l)
{
    const char *full = l->verb == NEW_NOTHING ? NULL : audit_refusal();

    session_about(s, l);
    if (full)
        session_refuse(s, REFUSED_AUDIT, full);
    else
        session_do(s, l);
    audit_about(NULL, NULL, 0);
}

static enum conn_verdict new_line_came(struct conn *conn, void *arg, char *line,
                                       size_t len)
{
    struct session *s = arg;
    struct new_line_limits limits = {s->m->limits.name, s->m->limits.value};
    struct new_line l;
    const char *wrong;
    char *error;
    int n = musterd_split(s->m, line, len, &wrong);

    s->first_line = !s->had_line;
    s->had_line = true;
    if (s->first_line)
        conn_set_idle(conn, 0); /* who has registered may be quiet */
    error = n < 0 ? xstrdup(wrong)
                  : new_line_read(&l, s->m->words, n, s->first_line, &limits);
    if (error) {
        session_refuse(s, n < 0 ? REFUSED_REQUEST : l.why, error);
        free(error);
        return CONN_NEXT;
    }
    if (l.has_ack)
        s->ack = l.ack;
    musterd_tick(s->m);
    catalog_heard(s->m->catalog, &s->owner);
    if (audit_is_on())
        session_do_audited(s, &l);
    else
        session_do(s, &l);
    return s->waiting ? CONN_WAIT : CONN_NEXT;
}

/* Lines that came together, about several services, wait for memory together.
 */
static void new_look_ahead(struct conn *conn, void *arg, const char *bytes,
                           size_t len)
{
    const struct session *s = arg;
    struct warm_hint hints[CONN_BATCH];
    unsigned n;

    (void)conn;
    if (s->owner.count < 2 && *bytes != '.')
        return;
    n = new_ahead(bytes, len, hints, CONN_BATCH);
    if (n > 1)
        catalog_warm(s->m->catalog, hints, n);
}

static enum conn_verdict new_too_long(struct conn *conn, void *arg)
{
    struct session *s = arg;

    s->first_line = !s->had_line;
    s->had_line = true;
    (void)conn;
    session_refuse(s, REFUSED_LINE, refusal_text(REFUSED_LINE));
    return CONN_NEXT;
}

/* -- life ------------------------------------------------------------------ */

static void *new_open(struct conn *conn, void *ctx)
{
    struct session *s = xcalloc(1, sizeof(*s));

    s->m = ctx;
    s->conn = conn;
    s->asker = (struct asker){.conn = conn, .face = "new"};
    s->owner.lost = session_lost;
    s->owner.doubted = session_doubted;
    s->owner.from = conn_peer(conn);
    return s;
}

static void new_closed(struct conn *conn, void *arg, const char *reason)
{
    struct session *s = arg;

    (void)conn;
    (void)reason;
    if (s->waiting)
        asker_gone(&s->asker);
    s->conn = NULL;
    s->owner.from = NULL;
    loop_timer_free(s->grace);
    s->grace = NULL;
    s->first = NULL;
    musterd_tick(s->m);
    catalog_owner_gone(s->m->catalog, &s->owner);
    if (!s->waiting)
        session_free(s);
}

const struct listen_face *new_face(void)
{
    static const struct listen_face face = {
        .name = "new",
        .open = new_open,
        .handler = {.line = new_line_came,
                    .ahead = new_look_ahead,
                    .too_long = new_too_long,
                    .closed = new_closed},
    };

    return &face;
}

/*
 * Monitors: what is known of a selection of services is kept equal to what the
 * registry says, and the differences are told.
 *
 *   link up --READY--> catching up --"= REV"--> live --(link lost, "! REV")--
 *                          ^                                               |
 *                          +-----------------------------------------------+
 *
 * Every connection asks for everything there is (.since 0) and goes over what
 * is known in one pass: a registry that has started anew, or another one, may
 * have a revision like the one before and yet another history, so nothing is
 * built on revisions across connections.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/known.h"
#include "client/link.h"
#include "client/query.h"
#include "client/reply.h"

enum monitor_state {
    MONITOR_DOWN,     /* no connection, or READY has not come */
    MONITOR_CATCHING, /* what is there is being told */
    MONITOR_LIVE
};

struct muster_monitor {
    struct object obj;
    struct link link;
    struct muster_monitor_callbacks cb;
    void *arg;
    enum monitor_state state;
    bool error_told; /* of this outage */
    bool resync;     /* we missed something: no outage */
    char *question;  /* owned; the line, with its end */
    struct known known;
    struct reply_parser parser;
};

static struct muster_monitor *monitor_of(struct object *o)
{
    return container_of(o, struct muster_monitor, obj);
}

/* -- what is told ---------------------------------------------------------- */

static void tell_put(struct muster_monitor *w, enum known_news news,
                     const struct muster_service *s,
                     const struct muster_service *old)
{
    object_enter(&w->obj);
    if (news == KNOWN_ADDED && w->cb.on_add)
        w->cb.on_add(w->arg, s);
    if (news == KNOWN_CHANGED && w->cb.on_change)
        w->cb.on_change(w->arg, s, old);
    object_leave(&w->obj);
}

static bool tell_gone(void *arg, const struct muster_service *old)
{
    struct muster_monitor *w = arg;

    object_enter(&w->obj);
    if (w->cb.on_gone)
        w->cb.on_gone(w->arg, old);
    return object_leave(&w->obj);
}

/* Once in an outage, however many tries it takes. */
static bool tell_error(struct muster_monitor *w, const char *text)
{
    if (w->error_told)
        return true;
    w->error_told = true;
    object_enter(&w->obj);
    if (w->cb.on_error)
        w->cb.on_error(w->arg, text);
    return object_leave(&w->obj);
}

/* -- events ---------------------------------------------------------------- */

/* The registry is of no use as it is: tell, and try it again in a while. */
static void monitor_fail(struct muster_monitor *w, const char *why)
{
    link_stay(&w->link);
    if (tell_error(w, why))
        link_fail(&w->link, why);
}

static void monitor_put(struct muster_monitor *w,
                        const struct muster_service *s)
{
    struct muster_service *old = NULL;
    enum known_news news = known_put(&w->known, s, &old);

    if (w->known.count > w->obj.m->services_max) {
        free(known_take(&w->known, s->name));
        free(old);
        monitor_fail(w, "more services match than one monitor may know");
        return;
    }
    if (news != KNOWN_SAME)
        tell_put(w, news, s, old);
    free(old);
}

static void monitor_gone(struct muster_monitor *w,
                         const struct muster_service *s)
{
    struct muster_service *old = known_take(&w->known, s->name);

    if (old)
        tell_gone(w, old);
    free(old);
}

static void monitor_synced(struct muster_monitor *w, uint64_t revision)
{
    w->state = MONITOR_LIVE;
    object_enter(&w->obj);
    known_pass_end(&w->known, tell_gone, w);
    if (!w->obj.dead && w->cb.on_synced)
        w->cb.on_synced(w->arg, revision);
    object_leave(&w->obj);
}

/* Events were dropped because we were slow: everything is asked for again. */
static void monitor_missed(struct muster_monitor *w)
{
    w->resync = true;
    link_stay(&w->link);
    link_fail(&w->link, "the registry dropped events: catching up");
}

static void monitor_ready(struct muster_monitor *w)
{
    w->state = MONITOR_CATCHING;
    w->error_told = false;
    known_pass_begin(&w->known);
}

static void monitor_event(struct muster_monitor *w, const struct reply *r)
{
    switch (r->kind) {
    case REPLY_ADD:
    case REPLY_CHANGE: monitor_put(w, &r->service); break;
    case REPLY_GONE: monitor_gone(w, &r->service); break;
    case REPLY_MISSED: monitor_missed(w); break;
    case REPLY_SYNCED:
        if (w->state == MONITOR_CATCHING)
            monitor_synced(w, r->number);
        break;
    default: monitor_fail(w, "unexpected answer of an event port"); break;
    }
}

static void monitor_line(struct object *o, char *line, size_t len)
{
    struct muster_monitor *w = monitor_of(o);
    struct reply reply;

    reply_parse_event(&w->parser, line, len, &reply);
    if (reply.kind == REPLY_BAD || reply.kind == REPLY_ERROR)
        monitor_fail(w, reply.text);
    else if (w->state != MONITOR_DOWN)
        monitor_event(w, &reply);
    else if (reply.kind == REPLY_READY)
        monitor_ready(w);
    else if (reply.kind != REPLY_VERSION) /* told before it read our line */
        monitor_fail(w, "the registry does not begin with READY");
}

static void monitor_up(struct object *o)
{
    struct muster_monitor *w = monitor_of(o);

    buf_add_str(link_out(&w->link), w->question);
    link_flush(&w->link);
}

static void monitor_down(struct object *o, const char *reason, bool final)
{
    struct muster_monitor *w = monitor_of(o);
    bool resync = w->resync;

    (void) final;
    w->state = MONITOR_DOWN;
    w->resync = false;
    if (!resync)
        tell_error(w, reason);
}

static const struct link_handler monitor_link = {
    .up = monitor_up,
    .line = monitor_line,
    .down = monitor_down,
};

/* -- life ------------------------------------------------------------------ */

static void monitor_stop(struct object *o)
{
    link_close(&monitor_of(o)->link);
}

static void monitor_release(struct object *o)
{
    struct muster_monitor *w = monitor_of(o);

    known_free(&w->known);
    reply_parser_free(&w->parser);
    free(w->question);
    free(w);
}

static const struct object_class monitor_class = {
    .stop = monitor_stop,
    .release = monitor_release,
};

static char *monitor_question(const char *selector,
                              const struct muster_attr *directives,
                              size_t count, char **error)
{
    static const char *const known[] = {".hidden", NULL};
    struct buf out = BUF_INIT;
    char *line = NULL;

    /* directives first: a plain event port takes no other line for ours */
    buf_add_str(&out, ".detail 1 .since 0 .sync 1");
    if (manager_write_directives(&out, directives, count, known, error) &&
        query_write(&out, selector, error)) {
        buf_add_char(&out, '\n');
        line = xstrdup(buf_str(&out));
    }
    buf_free(&out);
    return line;
}

struct muster_monitor *
muster_monitor_with(struct muster *m, const char *selector,
                    const struct muster_attr *directives, size_t count,
                    const struct muster_monitor_callbacks *cb, void *arg,
                    char **error)
{
    char *question = monitor_question(selector, directives, count, error);
    struct muster_monitor *w;

    if (!question)
        return NULL;
    w = xcalloc(1, sizeof(*w));
    w->question = question;
    w->cb = *cb;
    w->arg = arg;
    object_begin(&w->obj, m, &monitor_class);
    link_init(&w->link, &w->obj, LINK_EVENT, false, &monitor_link);
    link_open(&w->link);
    return w;
}

struct muster_monitor *muster_monitor(struct muster *m, const char *selector,
                                      const struct muster_monitor_callbacks *cb,
                                      void *arg, char **error)
{
    return muster_monitor_with(m, selector, NULL, 0, cb, arg, error);
}

void muster_monitor_free(struct muster_monitor *w)
{
    if (w)
        object_end(&w->obj);
}

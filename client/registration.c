/*
 * Registrations: a service that is kept at the registry, one connection each,
 * so that a refusal of one is no matter of another.
 *
 *   down --link up: the whole line--> offered --ok--> registered
 *                                        |               |  ^
 *                                     error: refused    update ok
 *
 * One line is under way at a time; what is set meanwhile goes out as one update
 * against what the registry has acknowledged. Must not know the others.
 */
#include <stdlib.h>
#include <string.h>

#include "client/link.h"
#include "client/reply.h"
#include "lib/attrs.h"

struct muster_registration {
    struct object obj;
    struct link link;
    struct muster_registration_options o; /* name, … owned; attrs unused */
    struct attrs want;                    /* what is to be */
    struct attrs have;       /* what the registry has acknowledged */
    struct attrs sent;       /* in the line that is under way */
    bool under_way;          /* a line is not answered yet */
    unsigned beats;          /* empty lines before it that are not, either */
    bool registered;         /* acknowledged on this connection */
    bool mine;               /* acknowledged on any: replaced at a reconnect */
    bool perhaps_there;      /* a line went out that was not refused */
    bool removing;           /* freed, and still to be removed */
    struct backoff patience; /* between tries of a refused update */
    struct loop_timer *beat; /* the next empty line, for the ttl */
    struct loop_timer *answer; /* a line is not answered in time */
    struct loop_timer *retry;  /* the refused update again */
    struct loop_task update;   /* what was set goes out */
    struct reply_parser parser;
};

static struct muster_registration *registration_of(struct object *o)
{
    return container_of(o, struct muster_registration, obj);
}

/* -- lines out ------------------------------------------------------------- */

static void line_sent(struct muster_registration *r)
{
    buf_add_char(link_out(&r->link), '\n');
    link_flush(&r->link);
    attrs_free(&r->sent);
    attrs_copy(&r->sent, &r->want);
    r->under_way = true;
    loop_timer_set(r->answer, r->obj.m->request_ms);
}

/* The whole of it, as the first line of a connection. */
static void send_all(struct muster_registration *r)
{
    struct buf *out = link_out(&r->link);

    buf_add_words(out, r->o.name);
    attrs_write(&r->want, out);
    buf_add_pair(out, ".ack", "1");
    if (r->o.replace || r->mine)
        buf_add_pair(out, ".replace", "1");
    if (r->o.ttl_s) {
        buf_add_str(out, " .ttl ");
        buf_add_u64(out, r->o.ttl_s);
    }
    if (r->o.volatile_attrs)
        buf_add_pair(out, ".volatile", r->o.volatile_attrs);
    r->perhaps_there = true;
    line_sent(r);
}

/* The difference between what is to be and what is. False: there is none. */
static bool write_changes(struct muster_registration *r, struct buf *out)
{
    const struct attrs *want = &r->want, *have = &r->have;
    const char *value;
    bool any = false;
    size_t i;

    for (i = 0; i < want->count; i++) {
        value = attrs_get(have, want->list[i].name);
        if (value && strcmp(value, want->list[i].value) == 0)
            continue;
        buf_add_pair(out, want->list[i].name, want->list[i].value);
        any = true;
    }
    for (i = 0; i < have->count; i++) {
        if (attrs_get(want, have->list[i].name))
            continue;
        buf_add_pair(out, ".unset", have->list[i].name);
        any = true;
    }
    return any;
}

/* In the settling step: everything that was set in this turn. */
static void send_update(void *arg)
{
    struct muster_registration *r = arg;

    if (link_is_up(&r->link) && r->registered && !r->under_way &&
        write_changes(r, link_out(&r->link)))
        line_sent(r);
}

/* An update that is under way does as well. */
static void send_beat(void *arg)
{
    struct muster_registration *r = arg;

    loop_timer_set(r->beat, (uint64_t)r->o.ttl_s * 1000 / 3);
    if (!link_is_up(&r->link) || r->under_way)
        return;
    buf_add_char(link_out(&r->link), '\n');
    link_flush(&r->link);
    if (!r->beats++)
        loop_timer_set(r->answer, r->obj.m->request_ms);
}

/* A persistent service outlives its connection: it is taken over as one that
 * does not, and removed. */
static void send_remove(struct muster_registration *r)
{
    struct buf *out = link_out(&r->link);

    if (!r->registered && !r->under_way) {
        buf_add_words(out, r->o.name);
        buf_add_pair(out, ".replace", "1");
        buf_add_char(out, '\n');
    }
    buf_add_pair(out, ".remove", r->o.name);
    buf_add_char(out, '\n');
    link_flush(&r->link);
    object_end(&r->obj); /* what is queued still goes out */
}

/* -- answers --------------------------------------------------------------- */

static bool tell_refused(struct muster_registration *r, const char *text)
{
    object_enter(&r->obj);
    if (r->o.on_refused)
        r->o.on_refused(r->o.arg, text);
    return object_leave(&r->obj);
}

static void tell_registered(struct muster_registration *r, uint64_t revision)
{
    object_enter(&r->obj);
    if (r->o.on_registered)
        r->o.on_registered(r->o.arg, revision);
    object_leave(&r->obj);
}

static void accepted(struct muster_registration *r, uint64_t revision)
{
    if (r->beats) {
        if (--r->beats == 0 && !r->under_way)
            loop_timer_off(r->answer);
        return;
    }
    if (!r->under_way)
        return;
    r->under_way = false;
    loop_timer_off(r->answer);
    attrs_free(&r->have);
    r->have = r->sent;
    r->sent = (struct attrs){0};
    backoff_reset(&r->patience);
    loop_settle(r->obj.m->loop, &r->update);
    if (r->registered)
        return;
    r->registered = r->mine = true;
    if (r->o.ttl_s)
        loop_timer_set(r->beat, (uint64_t)r->o.ttl_s * 1000 / 3);
    tell_registered(r, revision);
}

/* The first line: the registry closes the connection. An update: the service
 * stays as it was. Neither: it was taken from us. */
static void refused(struct muster_registration *r, const char *text)
{
    bool update = r->registered && r->under_way && !r->beats;

    loop_timer_off(r->answer);
    r->under_way = false;
    if (!r->registered)
        r->perhaps_there = r->mine;
    if (update)
        loop_timer_set(r->retry, backoff_next(&r->patience, manager_chance()));
    else
        link_stay(&r->link);
    if (tell_refused(r, text) && !update)
        link_fail(&r->link, text);
}

static void registration_line(struct object *o, char *line, size_t len)
{
    struct muster_registration *r = registration_of(o);
    struct reply reply;

    reply_parse_new(&r->parser, line, len, &reply);
    if (reply.kind == REPLY_OK)
        accepted(r, reply.number);
    else if (reply.kind == REPLY_ERROR)
        refused(r, reply.text);
    else
        link_fail(&r->link, reply.text);
}

static void registration_up(struct object *o)
{
    struct muster_registration *r = registration_of(o);

    if (r->removing)
        send_remove(r);
    else
        send_all(r);
}

static void registration_down(struct object *o, const char *reason, bool final)
{
    struct muster_registration *r = registration_of(o);

    (void)reason;
    (void) final;
    r->registered = r->under_way = false;
    r->beats = 0;
    attrs_free(&r->have);
    loop_timer_off(r->beat);
    loop_timer_off(r->retry);
    if (!r->removing)
        loop_timer_off(r->answer);
}

static void answer_late(void *arg)
{
    struct muster_registration *r = arg;

    if (r->removing)
        object_end(&r->obj);
    else
        link_fail(&r->link, "no answer in time");
}

static const struct link_handler registration_link = {
    .up = registration_up,
    .line = registration_line,
    .down = registration_down,
};

/* -- life ------------------------------------------------------------------ */

static void registration_stop(struct object *o)
{
    struct muster_registration *r = registration_of(o);

    link_close(&r->link);
    loop_unsettle(o->m->loop, &r->update);
    loop_timer_free(r->beat);
    loop_timer_free(r->answer);
    loop_timer_free(r->retry);
}

static void registration_release(struct object *o)
{
    struct muster_registration *r = registration_of(o);

    attrs_free(&r->want);
    attrs_free(&r->have);
    attrs_free(&r->sent);
    reply_parser_free(&r->parser);
    free((char *)r->o.name);
    free((char *)r->o.volatile_attrs);
    free(r);
}

static const struct object_class registration_class = {
    .stop = registration_stop,
    .release = registration_release,
};

static const char *pair_wrong(const char *attr, const char *value)
{
    const char *why = attr_name_wrong(attr, strlen(attr));

    return why ? why : attr_value_wrong(value, strlen(value));
}

static bool options_right(const struct muster_registration_options *o,
                          char **error)
{
    const char *why;
    size_t i;

    why = o->name ? service_name_wrong(o->name, strlen(o->name))
                  : "a service needs a name";
    if (!why && o->volatile_attrs)
        why = attr_value_wrong(o->volatile_attrs, strlen(o->volatile_attrs));
    if (why) {
        manager_error(error, "%s", why);
        return false;
    }
    for (i = 0; i < o->attr_count; i++) {
        why = pair_wrong(o->attrs[i].name, o->attrs[i].value);
        if (why) {
            manager_error(error, "attribute %s: %s", o->attrs[i].name, why);
            return false;
        }
    }
    return true;
}

static void registration_timers(struct muster_registration *r)
{
    struct loop *loop = r->obj.m->loop;

    r->beat = loop_timer_new(loop, send_beat, r);
    r->answer = loop_timer_new(loop, answer_late, r);
    r->retry = loop_timer_new(loop, send_update, r);
    r->update = (struct loop_task){.fn = send_update, .arg = r};
}

struct muster_registration *
muster_register(struct muster *m, const struct muster_registration_options *o,
                char **error)
{
    struct muster_registration *r;
    size_t i;

    if (!options_right(o, error))
        return NULL;
    r = xcalloc(1, sizeof(*r));
    r->o = *o;
    r->o.name = xstrdup(o->name);
    if (o->volatile_attrs)
        r->o.volatile_attrs = xstrdup(o->volatile_attrs);
    for (i = 0; i < o->attr_count; i++)
        attrs_set(&r->want, o->attrs[i].name, o->attrs[i].value);
    if (o->persist && !attrs_get(&r->want, "persist"))
        attrs_set(&r->want, "persist", "1");
    r->patience = m->backoff;
    object_begin(&r->obj, m, &registration_class);
    registration_timers(r);
    link_init(&r->link, &r->obj, LINK_NEW, false, &registration_link);
    link_open(&r->link);
    return r;
}

bool muster_registration_set(struct muster_registration *r, const char *attr,
                             const char *value)
{
    if (pair_wrong(attr, value ? value : ""))
        return false;
    if (value)
        attrs_set(&r->want, attr, value);
    else
        attrs_unset(&r->want, attr);
    if (!r->obj.dead) {
        loop_timer_off(r->retry);
        loop_settle(r->obj.m->loop, &r->update);
    }
    return true;
}

void muster_registration_free(struct muster_registration *r)
{
    if (!r || r->obj.dead || r->removing)
        return;
    if (!r->o.persist || !r->perhaps_there) {
        object_end(&r->obj);
        return;
    }
    r->removing = true;
    r->o.on_registered = NULL;
    r->o.on_refused = NULL;
    loop_timer_set(r->answer, r->obj.m->request_ms);
    if (link_is_up(&r->link))
        send_remove(r);
}

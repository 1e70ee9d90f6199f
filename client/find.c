/*
 * Lookups: one question on a connection of its own, asked of the registries in
 * turn until one answers. That the answer is whole is proved by its last line,
 * `.end REVISION`; without it nothing is called an answer.
 */
#include <stdlib.h>
#include <string.h>

#include "client/link.h"
#include "client/query.h"
#include "client/reply.h"
#include "lib/attrs.h"

struct muster_find {
    struct object obj;
    struct link link;
    struct muster_find_callbacks cb;
    void *arg;
    char *question;    /* owned; the line, with its end */
    bool told;         /* a service was told: it cannot be asked again */
    uint64_t heard_ms; /* the latest line, or the start */
    struct loop_timer *timer;
    struct reply_parser parser;
};

static struct muster_find *find_of(struct object *o)
{
    return container_of(o, struct muster_find, obj);
}

/* The last call. */
static void find_end(struct muster_find *f, const char *error,
                     uint64_t revision)
{
    object_enter(&f->obj);
    object_end(&f->obj);
    if (f->cb.on_done)
        f->cb.on_done(f->arg, error, revision);
    object_leave(&f->obj);
}

static void find_up(struct object *o)
{
    struct muster_find *f = find_of(o);

    buf_add_str(link_out(&f->link), f->question);
    link_flush(&f->link);
}

static void find_line(struct object *o, char *line, size_t len)
{
    struct muster_find *f = find_of(o);
    struct reply reply;

    f->heard_ms = loop_now(o->m->loop);
    reply_parse_find(&f->parser, line, len, &reply);
    if (reply.kind != REPLY_SERVICE) {
        find_end(f, reply.kind == REPLY_END ? NULL : reply.text, reply.number);
        return;
    }
    f->told = true;
    object_enter(o);
    if (f->cb.on_service)
        f->cb.on_service(f->arg, &reply.service);
    object_leave(o);
}

static void find_down(struct object *o, const char *reason, bool final)
{
    struct muster_find *f = find_of(o);

    if (final || f->told)
        find_end(f, reason, 0);
}

static const struct link_handler find_link = {
    .up = find_up,
    .line = find_line,
    .down = find_down,
};

static void find_timer(void *arg)
{
    struct muster_find *f = arg;
    struct muster *m = f->obj.m;
    uint64_t silent = loop_now(m->loop) - f->heard_ms;

    if (silent >= m->request_ms)
        find_end(f, "the registry does not answer", 0);
    else
        loop_timer_set(f->timer, m->request_ms - silent);
}

static void find_stop(struct object *o)
{
    struct muster_find *f = find_of(o);

    link_close(&f->link);
    loop_timer_free(f->timer);
}

static void find_release(struct object *o)
{
    struct muster_find *f = find_of(o);

    reply_parser_free(&f->parser);
    free(f->question);
    free(f);
}

static const struct object_class find_class = {
    .stop = find_stop,
    .release = find_release,
};

/* -- the question ---------------------------------------------------------- */

/* The directives that leave the answer a list of lines up to .end. */
static const char *const find_directives[] = {
    ".names",  ".count",  ".limit", ".after", ".pinned",
    ".hidden", ".whoami", ".meta",  ".token", NULL};

/* The line that asks for it, to free(); or NULL and *error. */
static char *find_question(const char *selector,
                           const struct muster_attr *directives, size_t count,
                           char **error)
{
    struct buf out = BUF_INIT;
    char *line = NULL;

    if (query_write(&out, selector, error) &&
        manager_write_directives(&out, directives, count, find_directives,
                                 error)) {
        buf_add_pair(&out, ".keep", "1");
        buf_add_char(&out, '\n');
        line = xstrdup(buf_str(&out));
    }
    buf_free(&out);
    return line;
}

struct muster_find *muster_find_with(struct muster *m, const char *selector,
                                     const struct muster_attr *directives,
                                     size_t count,
                                     const struct muster_find_callbacks *cb,
                                     void *arg, char **error)
{
    char *question = find_question(selector, directives, count, error);
    struct muster_find *f;
    size_t i;

    if (!question)
        return NULL;
    f = xcalloc(1, sizeof(*f));
    f->question = question;
    f->cb = *cb;
    f->arg = arg;
    f->heard_ms = loop_now(m->loop);
    object_begin(&f->obj, m, &find_class);
    f->timer = loop_timer_new(m->loop, find_timer, f);
    loop_timer_set(f->timer, m->request_ms);
    link_init(&f->link, &f->obj, LINK_FIND, true, &find_link);
    for (i = 0; i < count; i++)
        f->link.silent |= strcmp(directives[i].name, ".token") == 0;
    link_open(&f->link);
    return f;
}

struct muster_find *muster_find(struct muster *m, const char *selector,
                                const struct muster_find_callbacks *cb,
                                void *arg, char **error)
{
    return muster_find_with(m, selector, NULL, 0, cb, arg, error);
}

void muster_find_cancel(struct muster_find *f)
{
    if (f)
        object_end(&f->obj);
}

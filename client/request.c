#include "client/request.h"

#include <stdlib.h>
#include <string.h>

#include "client/dispatch.h"
#include "client/reply.h"
#include "lib/attrs.h"

struct muster_request {
    struct object obj;
    struct dispatch dispatch;
    struct muster_request_callbacks cb;
    void *arg;
    char *line;        /* owned; the request, with its end */
    uint64_t heard_ms; /* the latest line, or the start */
    struct loop_timer *timer;
    struct reply_parser parser;
    const char **texts; /* owned; the words of a line for on_line */
    size_t texts_size;
};

static struct muster_request *request_of(struct object *o)
{
    return container_of(o, struct muster_request, obj);
}

/* The last call. */
static void request_end(struct muster_request *q, const char *error,
                        bool unreachable)
{
    object_enter(&q->obj);
    object_end(&q->obj);
    if (q->cb.on_done)
        q->cb.on_done(q->arg, error, unreachable);
    object_leave(&q->obj);
}

static void request_up(struct object *o)
{
    struct muster_request *q = request_of(o);

    buf_add_str(dispatch_out(&q->dispatch), q->line);
    dispatch_flush(&q->dispatch);
}

static void request_tell(struct muster_request *q, const struct word *words,
                         size_t count)
{
    size_t i;

    if (q->texts_size < count) {
        q->texts = xreallocarray(q->texts, count, sizeof(*q->texts));
        q->texts_size = count;
    }
    for (i = 0; i < count; i++)
        q->texts[i] = words[i].text;
    object_enter(&q->obj);
    if (q->cb.on_line)
        q->cb.on_line(q->arg, q->texts, count);
    object_leave(&q->obj);
}

static void request_line(struct object *o, char *line, size_t len)
{
    struct muster_request *q = request_of(o);
    const struct word *words;
    struct reply reply;
    size_t count;

    q->heard_ms = loop_now(o->m->loop);
    words = reply_parse_words(&q->parser, line, len, &reply, &count);
    if (words)
        request_tell(q, words, count);
    else
        request_end(q, reply.text, false);
}

static void request_down(struct object *o, enum dispatch_end end,
                         const char *reason)
{
    bool whole = end == DISPATCH_EOF;

    request_end(request_of(o), whole ? NULL : reason, !whole);
}

static const struct dispatch_handler request_dispatch = {
    .up = request_up,
    .line = request_line,
    .down = request_down,
};

static void request_timer(void *arg)
{
    struct muster_request *q = arg;
    struct muster *m = q->obj.m;
    uint64_t silent = loop_now(m->loop) - q->heard_ms;

    if (silent >= m->request_ms)
        request_end(q, "the dispatcher does not answer", true);
    else
        loop_timer_set(q->timer, m->request_ms - silent);
}

static void request_stop(struct object *o)
{
    struct muster_request *q = request_of(o);

    dispatch_close(&q->dispatch);
    loop_timer_free(q->timer);
}

static void request_release(struct object *o)
{
    struct muster_request *q = request_of(o);

    reply_parser_free(&q->parser);
    free(q->texts);
    free(q->line);
    free(q);
}

static const struct object_class request_class = {
    .stop = request_stop,
    .release = request_release,
};

static char *request_write(const char *const *words, size_t count, char **error)
{
    struct buf out = BUF_INIT;
    char *line = NULL;
    const char *why = count ? NULL : "no request";
    size_t i;

    for (i = 0; i < count && !why; i++) {
        why = attr_value_wrong(words[i], strlen(words[i]));
        buf_add_words(&out, words[i]);
    }
    if (why) {
        manager_error(error, "%s", why);
    } else {
        buf_add_char(&out, '\n');
        line = xstrdup(buf_str(&out));
    }
    buf_free(&out);
    return line;
}

struct muster_request *request_start(struct muster *m, const struct addr *at,
                                     const char *const *words, size_t count,
                                     const struct muster_request_callbacks *cb,
                                     void *arg, char **error)
{
    char *line = request_write(words, count, error);
    struct muster_request *q;

    if (!line)
        return NULL;
    q = xcalloc(1, sizeof(*q));
    q->line = line;
    q->cb = *cb;
    q->arg = arg;
    q->heard_ms = loop_now(m->loop);
    object_begin(&q->obj, m, &request_class);
    q->timer = loop_timer_new(m->loop, request_timer, q);
    loop_timer_set(q->timer, m->request_ms);
    /* "job JID" and the like: the second word, if any, may name a job */
    dispatch_init(&q->dispatch, &q->obj, count > 1 ? words[1] : NULL,
                  &request_dispatch);
    if (at)
        dispatch_open_at(&q->dispatch, at);
    else
        dispatch_open(&q->dispatch);
    return q;
}

struct muster_request *muster_request(struct muster *m,
                                      const char *const *words, size_t count,
                                      const struct muster_request_callbacks *cb,
                                      void *arg, char **error)
{
    return request_start(m, NULL, words, count, cb, arg, error);
}

void muster_request_cancel(struct muster_request *q)
{
    if (q)
        object_end(&q->obj);
}

/*
 * /v1/agent/monitor: the log of this daemon as it is written, line by line, for
 * as long as somebody reads it. Whoever reads too slowly misses lines, and is
 * told how many.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "plugins/registry/consul/call_impl.h"
#include "plugins/registry/consul/families.h"
#include "server/musterd.h"
#include "server/self.h"

#define LINES_MAX 65536 /* bytes that wait to be sent */

struct monitor {
    struct log_watcher watcher;
    struct call *call;
    struct buf lines;
    unsigned long missed;
    struct loop_task send; /* not from where something is logged */
};

static void send_lines(void *arg)
{
    struct monitor *o = arg;

    if (!http_stream_has_room(o->call->r))
        return;
    http_stream_add(o->call->r, buf_data(&o->lines), buf_len(&o->lines));
    buf_reset(&o->lines, LINES_MAX);
    if (!o->missed)
        return;
    buf_add_fmt(&o->lines, "%lu lines were missed here\n", o->missed);
    o->missed = 0;
    http_stream_add(o->call->r, buf_data(&o->lines), buf_len(&o->lines));
    buf_reset(&o->lines, LINES_MAX);
}

static void has_room(struct http_request *r, void *arg)
{
    (void)r;
    if (buf_len(&((struct monitor *)arg)->lines))
        send_lines(arg);
}

static void take_line(struct log_watcher *w, const char *line, size_t len)
{
    struct monitor *o = container_of(w, struct monitor, watcher);

    if (o->missed || buf_len(&o->lines) + len > LINES_MAX)
        o->missed++;
    else
        buf_add(&o->lines, line, len);
    loop_settle(o->call->m->loop, &o->send);
}

static void monitor_free(void *data)
{
    struct monitor *o = data;

    log_unwatch(&o->watcher);
    loop_unsettle(o->call->m->loop, &o->send);
    buf_free(&o->lines);
    free(o);
}

/* Consul's words for what ours are. */
static bool parse_level(const char *text, enum log_level *level)
{
    if (!strcasecmp(text, "trace") || !strcasecmp(text, "debug"))
        *level = MLOG_DEBUG;
    else if (!*text || !strcasecmp(text, "info"))
        *level = MLOG_INFO;
    else if (!strcasecmp(text, "warn"))
        *level = MLOG_WARN;
    else if (!strcasecmp(text, "err") || !strcasecmp(text, "error"))
        *level = MLOG_ERROR;
    else
        return false;
    return true;
}

static enum http_verdict get_monitor(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);
    enum log_level level = MLOG_INFO;
    const char *text;
    struct monitor *o;

    if (!c ||
        !call_demand(c, ACL_AGENT, c->m->self->node, (size_t)-1, ACL_READ))
        return HTTP_DONE;
    text = http_query(r, "loglevel");
    if (text && !parse_level(text, &level))
        return call_error(c, 400, "Unknown log level: %s", text);
    o = xcalloc(1, sizeof(*o));
    o->call = c;
    o->watcher.level = level;
    o->watcher.line = take_line;
    o->send = (struct loop_task){.fn = send_lines, .arg = o};
    c->data = o;
    c->free_data = monitor_free;
    call_stays(c);
    http_on_room(r, has_room, o);
    http_stream(r, 200, CALL_TEXT);
    log_watch(&o->watcher);
    return HTTP_LATER;
}

static const struct http_route rows[] = {
    {.methods = HTTP_GET,
     .path = "/v1/agent/monitor",
     .handler = get_monitor,
     .help = "The log as it is written; ?loglevel= the least important lines."},
};
const struct http_table consul_monitor = {rows, ARRAY_LEN(rows)};

/*
 * The Consul face: any bytes are requests, answered or refused. What is
 * answered is HTTP, each body is as long as it says, and what says that it is
 * JSON is; behind it the registry stands as it stood.
 */
#include "plugins/registry/consul/consul.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz/port.h"
#include "lib/auth/auth.h"
#include "lib/conf.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "plugins/registry/new/new.h"
#include "server/musterd.h"
#include "server/self.h"

#define QUIET 6 /* turns without an answer: no more will come */
#define L     "Host: a\r\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Others have been here: keys, a session, a service with a check. */
static const char fixture[] =
    "PUT /v1/kv/a/b HTTP/1.1\r\n" L "Content-Length: 3\r\n\r\nabc"
    "PUT /v1/kv/a/c?flags=7 HTTP/1.1\r\n" L "\r\n"
    "PUT /v1/agent/service/register HTTP/1.1\r\n" L "Content-Length: 50\r\n\r\n"
    "{\"ID\":\"w1\",\"Name\":\"web\",\"Port\":80,\"Tags\":[\"a\",\"b\"]}";
static const char registered[] = "s1 kind web host web1 .ack 1\n";

static const struct conf *small_conf(void)
{
    static const char *const options[] = {
        "registry.store=memory", "registry.changes=16",  "limits.attrs=64",
        "limits.name=64",        "limits.value=256",     "limits.services=64",
        "registry.kv_keys=64",   "registry.kv_value=4K", "consul.blocking=4",
        "http.header=2K",        "registry.sessions=16"};
    static const struct conf *conf;
    struct conf_source src = {.options = options,
                              .n_options = ARRAY_LEN(options)};
    struct conf_errors errs = {0};

    if (!conf) {
        log_set(MLOG_ERROR, LOG_TEXT);
        conf = conf_load(&src, &errs);
    }
    if (!conf)
        abort();
    return conf;
}

/* -- what comes back ------------------------------------------------------- */

static const char *line_end(const char *at, const char *end)
{
    const char *cr = at < end ? memchr(at, '\r', (size_t)(end - at)) : NULL;

    if (!cr || cr + 1 >= end || cr[1] != '\n')
        abort();
    return cr;
}

static void check_json(const char *bytes, size_t len)
{
    json_t *v = json_loadb(
        bytes, len, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL,
        NULL);

    if (!v)
        abort();
    json_decref(v);
}

static const char *take_chunks(const char *at, const char *end,
                               struct buf *body)
{
    unsigned long n;

    for (;;) {
        n = strtoul(at, NULL, 16);
        at = line_end(at, end) + 2;
        if ((size_t)(end - at) < n + 2)
            abort();
        if (!n)
            return at + 2;
        buf_add(body, at, n);
        at += n + 2;
    }
}

static const char *check_answer(const char *at, const char *end)
{
    const char *stop = line_end(at, end);
    bool chunked = false, json = false, none = !memcmp(at + 9, "204", 3);
    struct buf body = BUF_INIT;
    size_t length = 0;

    if (stop - at < 13 || memcmp(at, "HTTP/1.1 ", 9))
        abort();
    for (at = stop + 2; (stop = line_end(at, end)) != at; at = stop + 2) {
        if (!strncmp(at, "Content-Length: ", 16))
            length = strtoul(at + 16, NULL, 10);
        chunked |= !strncmp(at, "Transfer-Encoding: chunked", 26);
        json |= !strncmp(at, "Content-Type: application/json\r", 31);
        json &= strncmp(at, "Content-Encoding: ", 18) != 0;
    }
    at += 2;
    if (chunked) {
        at = take_chunks(at, end, &body);
    } else if (!none) {
        if ((size_t)(end - at) < length)
            abort();
        buf_add(&body, at, length);
        at += length;
    }
    if (json)
        check_json(buf_data(&body), buf_len(&body));
    buf_free(&body);
    return at;
}

static void check_answers(struct buf *in)
{
    const char *at, *end;

    buf_str(in);
    at = buf_data(in);
    end = at + buf_len(in);
    while (at < end) {
        if (end - at >= 25 && !memcmp(at, "HTTP/1.1 100 Continue\r\n\r\n", 25))
            at += 25;
        else
            at = check_answer(at, end);
    }
}

/* -- a run ----------------------------------------------------------------- */

static bool take(struct port_conn *p)
{
    bool any = false;
    ssize_t n;

    while ((n = read(p->fd, buf_reserve(&p->in, 65536), 65536)) > 0) {
        p->in.end += (size_t)n;
        any = true;
    }
    return any;
}

static void feed(struct port_conn *p, struct loop *l, const void *data,
                 size_t size, size_t piece)
{
    const char *bytes = data;
    size_t n;
    int i;

    for (; size; size -= n, bytes += n) {
        n = piece < size ? piece : size;
        if (send(p->fd, bytes, n, MSG_NOSIGNAL) < 0 && errno != EPIPE &&
            errno != ECONNRESET)
            abort();
        port_turn(l);
        take(p);
    }
    for (i = 0; i < QUIET; i++) {
        port_turn(l);
        if (take(p))
            i = 0;
    }
}

static void end(struct port_conn *p, struct loop *l)
{
    check_answers(&p->in);
    buf_reset(&p->in, 0);
    close(p->fd);
    p->fd = -1;
    port_close(p, l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t piece = size ? 1 + (size_t)*data * 16 : 1;
    struct loop *l;
    struct auth *auth;
    struct port_conn p, other, owner;
    struct musterd m;

    /* answers to HEAD have no body, whatever they say */
    if (size > 8192 || memmem(data, size, "HEAD", 4))
        return 0;
    l = loop_new(NULL);
    auth = auth_new(l);
    if (!musterd_init(&m, l, auth, small_conf()))
        abort();
    m.consul = consul_new(&m);
    consul_configure(m.consul, small_conf());
    port_open(&owner, l, new_face(), &m);
    port_send(&owner, l, registered, strlen(registered));
    port_open(&other, l, consul_face(), m.consul);
    feed(&other, l, fixture, strlen(fixture), sizeof(fixture));
    port_open(&p, l, consul_face(), m.consul);
    feed(&p, l, data + !!size, size - !!size, piece);
    end(&p, l);
    end(&other, l);
    port_close(&owner, l);
    consul_stop(m.consul, "the end");
    consul_free(m.consul);
    musterd_free(&m);
    auth_free(auth);
    loop_free(l);
    return 0;
}

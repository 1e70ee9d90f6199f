/*
 * The HTTP face of the dispatcher: the first byte says what is asked for, the
 * rest is the body or what stands behind the `?`. Whatever that is, the answer
 * is HTTP, no fault of ours, and JSON where it says so. There are no workers,
 * so that nothing is run.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dispatcher/core.h"
#include "fuzz/port.h"
#include "lib/conf.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "plugins/dispatch/exed/exed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const requests[] = {
    "POST /ping",   "POST /service",          "POST /execute",
    "POST /deploy", "POST /release",          "POST /task",
    "POST /facter", "POST /jobs/x/cancel",    "GET /ping",
    "GET /service", "GET /execute",           "GET /targets",
    "GET /jobs",    "GET /jobs/AAAAAAAA-1",   "GET /jobs/AAAAAAAA-1/events",
    "GET /release", "DELETE /jobs/AAAAAAAA-1"};

static const char first[] =
    "POST /ping HTTP/1.1\r\nHost: localhost\r\n"
    "Content-Type: application/json\r\nContent-Length: 45\r\n\r\n"
    "{\"targets\":[\"a\",\"b\"],\"options\":{\"wait\":\"1h\"}}";

static const struct conf *settings(void)
{
    static const char *const options[] = {
        "dispatcher.store=memory", "dispatcher.jobs=8", "dispatcher.queue=8"};
    static struct conf *conf;
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

static void check_json(const char *body, size_t len)
{
    json_t *o = json_loadb(body, len, JSON_DECODE_ANY, NULL);

    if (!o)
        abort();
    json_decref(o);
}

static void check_answer(const char *text, size_t len)
{
    const char *body = memmem(text, len, "\r\n\r\n", 4), *length;

    if (!len)
        return; /* it waits for a host */
    if (!body || memcmp(text, "HTTP/1.1 ", 9) || !memcmp(text + 9, "500", 3))
        abort();
    body += 4;
    length = memmem(text, (size_t)(body - text), "Content-Length: ", 16);
    if (!length)
        return; /* in chunks, or nothing */
    if (strtoul(length + 16, NULL, 10) != len - (size_t)(body - text))
        abort();
    if (memmem(text, (size_t)(body - text), "application/json", 16))
        check_json(body, len - (size_t)(body - text));
}

static void ask(struct loop *l, struct exed *e, const char *text, size_t len)
{
    struct port_conn p;
    ssize_t n;
    int i;

    port_open(&p, l, exed_face(), e);
    if (send(p.fd, text, len, MSG_NOSIGNAL) < 0 && errno != EPIPE)
        abort();
    for (i = 0; i < 4; i++) {
        port_turn(l);
        while ((n = read(p.fd, buf_reserve(&p.in, 65536), 65536)) > 0) {
            p.in.end += (size_t)n;
            i = 0;
        }
    }
    buf_str(&p.in);
    check_answer(buf_data(&p.in), buf_len(&p.in));
    buf_reset(&p.in, 0);
    close(p.fd);
    p.fd = -1;
    port_close(&p, l);
}

/* -- what is asked --------------------------------------------------------- */

static void add_request(struct buf *out, const uint8_t *data, size_t size)
{
    const char *line = requests[*data % ARRAY_LEN(requests)];
    bool post = *line == 'P';

    buf_add_str(out, line);
    for (size_t i = 1; i < size && !post; i++) {
        if (i == 1)
            buf_add_char(out, '?');
        buf_add_char(out,
                     data[i] > ' ' && data[i] < 0x7f ? (char)data[i] : '+');
    }
    buf_add_str(out, " HTTP/1.1\r\nHost: localhost\r\n");
    if (post)
        buf_add_fmt(out,
                    "Content-Type: application/json\r\n"
                    "Content-Length: %zu\r\n",
                    size - 1);
    buf_add_str(out, "\r\n");
    if (post)
        buf_add(out, data + 1, size - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct conf *conf = settings();
    struct dispatch_settings s;
    struct buf text = BUF_INIT;
    struct dispatch *d;
    char *error = NULL;
    struct exed *e;
    struct loop *l;

    if (!size || size > 900)
        return 0;
    l = loop_new(NULL);
    dispatch_settings_read(&s, conf);
    d = dispatch_new(l, &s, &error);
    memset(d->instance, 'A', INSTANCE_LEN);
    d->synced = true;
    e = exed_new(l, d, NULL);
    exed_configure(e, conf);
    ask(l, e, first, sizeof(first) - 1);
    add_request(&text, data, size);
    ask(l, e, buf_data(&text), buf_len(&text));
    buf_free(&text);
    exed_free(e);
    dispatch_free(d);
    loop_free(l);
    return 0;
}

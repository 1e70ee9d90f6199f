#include "client/cli/admin_call.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "lib/addr.h"
#include "lib/auth/auth_conf.h"
#include "lib/conf_errors.h"
#include "lib/conn.h"
#include "lib/dial.h"
#include "lib/mem.h"
#include "lib/tls_conf.h"

#define DIAL_MS    10000
#define LINE_MAX   65536
#define REPLY_MAX  (16 * 1024 * 1024) /* that goes into reply */
#define HINT_ADMIN "is registry.admin on? name it with --admin HOST:PORT"

/* What of the answer comes next. */
enum part {
    PART_STATUS,
    PART_HEADERS,
    PART_SIZE,  /* of a chunk */
    PART_BYTES, /* so many; then PART_END or the end */
    PART_END,   /* of a chunk */
    PART_TRAILER,
    PART_DONE
};

struct calling {
    struct cli *cli;
    struct admin_call *call;
    struct addr addr;
    char where[ADDR_TEXT_MAX];
    struct tls *tls;
    struct auth_files files;
    struct dial *dial;
    struct conn *conn;
    enum part part;
    bool chunked;
    uint64_t left; /* PART_BYTES */
};

/* -- ends ------------------------------------------------------------------ */

static void give_up(struct calling *k, const char *fmt, const char *why)
{
    if (!k->cli->stopped)
        cli_stop(k->cli, cli_fail(k->cli, CLI_UNREACHED, HINT_ADMIN, fmt,
                                  k->where, why));
}

/* The error of a refusal: {"error": "..."}. */
static char *answer_error(const struct admin_call *c)
{
    json_t *j = json_loadb(buf_data(&c->reply), buf_len(&c->reply), 0, NULL);
    const char *text = json_string_value(json_object_get(j, "error"));
    char *copy = text ? xstrdup(text) : xasprintf("status %d", c->status);

    json_decref(j);
    return copy;
}

static void call_done(struct calling *k)
{
    bool barred = k->call->status == 401 || k->call->status == 403;
    enum cli_status status = barred                   ? CLI_UNREACHED
                             : k->call->status == 404 ? CLI_NOBODY
                                                      : CLI_NO;
    char *text;

    k->part = PART_DONE;
    if (k->call->any || k->call->status / 100 == 2) {
        cli_stop(k->cli, CLI_OK);
        return;
    }
    text = answer_error(k->call);
    cli_stop(k->cli,
             cli_fail(k->cli, status,
                      barred ? "a token is named by MUSTER_TOKEN_FILE" : NULL,
                      "%s: %s", k->where, text));
    free(text);
}

/* -- the answer ------------------------------------------------------------ */

static void take_header(struct calling *k, char *line)
{
    char *value = strchr(line, ':');

    if (!value)
        return;
    *value++ = '\0';
    value += strspn(value, " \t");
    if (!strcasecmp(line, "Transfer-Encoding"))
        k->chunked = strcasecmp(value, "chunked") == 0;
    else if (!strcasecmp(line, "Content-Length"))
        k->left = strtoull(value, NULL, 10);
}

static void take_bytes(struct calling *k, uint64_t n)
{
    k->left = n;
    k->part = PART_BYTES;
    conn_take_bytes(k->conn, n);
}

static void headers_end(struct calling *k)
{
    if (k->call->status / 100 == 1) { /* 100 Continue: the answer follows */
        k->part = PART_STATUS;
    } else if (k->chunked) {
        k->part = PART_SIZE;
    } else if (k->left) {
        take_bytes(k, k->left);
    } else {
        call_done(k);
    }
}

static void take_size(struct calling *k, const char *line)
{
    char *end;
    unsigned long long n = strtoull(line, &end, 16);

    if (end == line)
        give_up(k, "%s: its answer is no HTTP%s", "");
    else if (n)
        take_bytes(k, n);
    else
        k->part = PART_TRAILER;
}

static void take_status(struct calling *k, const char *line)
{
    if (strncmp(line, "HTTP/1.", 7) != 0 || strlen(line) < 12) {
        give_up(k, "%s: its answer is no HTTP%s", "");
        return;
    }
    k->call->status = atoi(line + 9);
    k->part = PART_HEADERS;
}

static enum conn_verdict call_line(struct conn *c, void *arg, char *line,
                                   size_t len)
{
    struct calling *k = arg;

    (void)c;
    if (k->cli->stopped)
        return CONN_WAIT;
    switch (k->part) {
    case PART_STATUS: take_status(k, line); break;
    case PART_HEADERS:
        if (len)
            take_header(k, line);
        else
            headers_end(k);
        break;
    case PART_SIZE: take_size(k, line); break;
    case PART_END: k->part = PART_SIZE; break;
    case PART_TRAILER:
        if (!len)
            call_done(k);
        break;
    default: break;
    }
    return k->cli->stopped ? CONN_WAIT : CONN_NEXT;
}

/* True if the body is to go on. */
static bool take_body(struct calling *k, const char *bytes, size_t len)
{
    struct admin_call *c = k->call;

    if (c->piece && c->status / 100 == 2)
        return c->piece(c->arg, bytes, len);
    if (buf_len(&c->reply) + len <= REPLY_MAX)
        buf_add(&c->reply, bytes, len);
    return true;
}

static enum conn_verdict call_bytes(struct conn *c, void *arg,
                                    const char *bytes, size_t len)
{
    struct calling *k = arg;

    (void)c;
    if (k->cli->stopped)
        return CONN_WAIT;
    if (!take_body(k, bytes, len)) {
        cli_stop(k->cli, CLI_NO); /* it has complained */
        return CONN_WAIT;
    }
    k->left -= len;
    if (!k->left && k->chunked)
        k->part = PART_END;
    else if (!k->left)
        call_done(k);
    return k->cli->stopped ? CONN_WAIT : CONN_NEXT;
}

static void call_closed(struct conn *c, void *arg, const char *reason)
{
    struct calling *k = arg;

    (void)c;
    k->conn = NULL;
    give_up(k, "%s: the answer broke off: %s", reason);
}

/* -- the request ----------------------------------------------------------- */

static void write_request(struct calling *k)
{
    const struct admin_call *c = k->call;
    struct buf *out = conn_out(k->conn);

    buf_add_fmt(out, "%s %s HTTP/1.1\r\nHost: %s:%u\r\n", c->method, c->path,
                strchr(k->addr.host, ':') ? "localhost" : k->addr.host,
                k->addr.port);
    buf_add_str(out, "Connection: close\r\n");
    if (k->files.token)
        buf_add_fmt(out, "Authorization: Bearer %s\r\n", k->files.token);
    if (c->body)
        buf_add_fmt(out,
                    "Content-Type: application/json\r\n"
                    "Content-Length: %zu\r\n",
                    strlen(c->body));
    buf_add_str(out, "\r\n");
    if (c->body)
        buf_add_str(out, c->body);
    conn_flush(k->conn);
}

static void call_dialled(void *arg, int fd, struct tls_session *tls,
                         const char *error)
{
    static const struct conn_limits limits = {.line = LINE_MAX,
                                              .output = LINE_MAX};
    static const struct conn_handler handler = {
        .line = call_line, .bytes = call_bytes, .closed = call_closed};
    struct calling *k = arg;

    k->dial = NULL;
    if (fd < 0) {
        give_up(k, "cannot reach %s: %s", error);
        return;
    }
    k->conn = conn_new(k->cli->loop, fd, "admin", &limits, &handler, k);
    if (tls)
        conn_start_tls(k->conn, tls, NULL);
    write_request(k);
}

/* -- where ----------------------------------------------------------------- */

static const char *find_address(struct calling *k)
{
    const char *named = args_get(&k->cli->args, "admin"), *wrong;
    struct registry_addr r;
    size_t count;

    if (named)
        return addr_parse(&k->addr, named, ADMIN_PORT);
    wrong = registry_addr_parse(
        &r, conf_list(k->cli->conf, "client.registry", &count)[0]);
    if (wrong)
        return wrong;
    k->addr = (struct addr){.kind = ADDR_TCP, .port = ADMIN_PORT, .tls = r.tls};
    memcpy(k->addr.host, r.host, sizeof(r.host));
    return NULL;
}

/* False after complaining. */
static bool prepare(struct calling *k)
{
    struct tls_options tls = tls_conf_options(k->cli->conf);
    const char *wrong = find_address(k);
    struct conf_errors errs = {0};
    char *error = NULL;

    if (wrong) {
        cli_fail(k->cli, CLI_USAGE, NULL, "--admin: %s", wrong);
        return false;
    }
    addr_write(&k->addr, k->where, sizeof(k->where));
    if (!auth_files_read(&k->files, k->cli->conf, CONF_CLI, &errs)) {
        cli_fail(k->cli, CLI_USAGE, NULL, "%s",
                 errs.n ? errs.items[0].text : "the token is no good");
        conf_errors_free(&errs);
        return false;
    }
    k->tls = tls_new(&tls, &error);
    if (!k->tls) {
        cli_fail_text(k->cli, CLI_USAGE, error, NULL);
        return false;
    }
    k->cli->loop = loop_new(NULL);
    return k->cli->loop != NULL;
}

int admin_call(struct cli *cli, struct admin_call *call)
{
    struct calling k = {.cli = cli, .call = call};
    int status = CLI_USAGE;

    if (prepare(&k)) {
        k.dial =
            dial_start(cli->loop, &k.addr, k.tls, DIAL_MS, call_dialled, &k);
        status = cli_run(cli);
        if (k.conn)
            conn_close(k.conn, "answered");
        loop_settle_all(cli->loop);
    }
    tls_free(k.tls);
    auth_files_free(&k.files);
    return status;
}

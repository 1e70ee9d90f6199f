#include "client/cli/consul.h"

#include <stdlib.h>
#include <string.h>

#include "client/cli/text.h"
#include "lib/auth/secret.h"
#include "lib/mem.h"
#include "lib/tls_conf.h"

#define HINT_CONSUL                                                            \
    "is registry.consul on? name it with --consul HOST:PORT or MUSTER_CONSUL"
#define HINT_TOKEN                                                             \
    "name a file with a token that allows it: MUSTER_TOKEN_FILE, or the "      \
    "setting token_file; or CONSUL_HTTP_TOKEN"

/* -- where ----------------------------------------------------------------- */

/* As Consul's own commands take it: HOST:PORT, with a scheme before it or
 * not. */
static const char *parse_consul_addr(struct addr *a, const char *text)
{
    const char *wrong;
    bool tls = strncmp(text, "https://", 8) == 0;
    char *bare;
    size_t len;

    if (strncmp(text, "unix://", 7) == 0) {
        bare = xasprintf("unix!%s", text + 7);
    } else {
        text += tls ? 8 : strncmp(text, "http://", 7) == 0 ? 7 : 0;
        len = strlen(text);
        bare = xstrndup(text, len && text[len - 1] == '/' ? len - 1 : len);
    }
    wrong = addr_parse(a, bare, CONSUL_PORT);
    if (!wrong && tls)
        a->tls = true;
    free(bare);
    return wrong;
}

static const char *first_registry(struct consul *c)
{
    struct registry_addr r;
    const char *wrong;
    size_t count;

    wrong = registry_addr_parse(
        &r, conf_list(c->cli->conf, "client.registry", &count)[0]);
    if (wrong)
        return wrong;
    c->addr =
        (struct addr){.kind = ADDR_TCP, .port = CONSUL_PORT, .tls = r.tls};
    memcpy(c->addr.host, r.host, sizeof(r.host));
    return NULL;
}

/* False after complaining. */
static bool find_address(struct consul *c)
{
    const char *what = "--consul", *wrong;
    const char *named = args_get(&c->cli->args, "consul");

    if (!named) {
        what = "client.consul";
        named = conf_str(c->cli->conf, what);
    }
    if (!named) {
        what = "CONSUL_HTTP_ADDR";
        named = getenv(what);
    }
    if (named && *named)
        wrong = parse_consul_addr(&c->addr, named);
    else
        wrong = first_registry(c);
    if (!wrong && c->addr.kind == ADDR_OFF)
        wrong = "it is off";
    if (wrong)
        cli_fail(c->cli, CLI_USAGE, NULL, "%s: %s", what, wrong);
    return !wrong;
}

/* A token goes into a header line: what would end that is no token. */
static bool is_token(const char *token)
{
    for (; *token; token++)
        if ((unsigned char)*token < ' ' || *token == 0x7f)
            return false;
    return true;
}

/* False after complaining. */
static bool find_token(struct consul *c)
{
    const char *named = getenv("CONSUL_HTTP_TOKEN");
    char *error, *token = cli_token(c->cli, &error);

    if (error) {
        cli_fail_text(c->cli, CLI_USAGE, error, NULL);
        return false;
    }
    if (!token && named && *named)
        token = xstrdup(named);
    if (!token)
        return true;
    if (is_token(token))
        c->header = xasprintf("X-Consul-Token: %s\r\n", token);
    else
        cli_fail(c->cli, CLI_USAGE, NULL,
                 "CONSUL_HTTP_TOKEN is no token: it has control characters");
    secret_free(token);
    return c->header != NULL;
}

bool consul_begin(struct consul *c, struct cli *cli)
{
    struct tls_options tls = tls_conf_options(cli->conf);
    char *error = NULL;

    *c = (struct consul){.cli = cli};
    if (!find_address(c) || !find_token(c))
        return false;
    addr_write(&c->addr, c->where, sizeof(c->where));
    c->tls = tls_new(&tls, &error);
    if (!c->tls) {
        cli_fail_text(cli, CLI_USAGE, error, NULL);
        return false;
    }
    cli->loop = loop_new(NULL);
    return cli->loop != NULL;
}

void consul_end(struct consul *c)
{
    if (c->cli->loop)
        loop_settle_all(c->cli->loop);
    tls_free(c->tls);
    secret_free(c->header);
    c->tls = NULL;
    c->header = NULL;
}

/* -- asking ---------------------------------------------------------------- */

struct http_call *
consul_ask(struct consul *c, const char *method, const char *path,
           const struct buf *body, uint64_t quiet_ms,
           void (*done)(void *arg, const struct http_answer *a), void *arg)
{
    struct http_ask ask = {.method = method,
                           .path = path,
                           .header = c->header,
                           .type = "application/octet-stream",
                           .max = CONSUL_ANSWER_MAX,
                           .quiet_ms = quiet_ms,
                           .done = done,
                           .arg = arg};

    if (body) {
        ask.body = buf_len(body) ? buf_data(body) : "";
        ask.len = buf_len(body);
    }
    return http_call_start(c->cli->loop, &c->addr, c->tls, &ask);
}

/* The text of a refusal, without the end of its line. */
static int text_len(const struct http_answer *a)
{
    size_t len = buf_len(a->body);
    const char *text = buf_data(a->body);

    while (len && (text[len - 1] == '\n' || text[len - 1] == '\r'))
        len--;
    return len < 500 ? (int)len : 500;
}

int consul_fail(struct consul *c, const struct http_answer *a)
{
    bool barred = a->status == 401 || a->status == 403;
    enum cli_status status = barred             ? CLI_UNREACHED
                             : a->status == 404 ? CLI_NOBODY
                                                : CLI_NO;

    if (a->end == HTTP_CALL_UNREACHED)
        return cli_fail(c->cli, CLI_UNREACHED, HINT_CONSUL,
                        "cannot reach %s: %s", c->where, a->error);
    if (a->end != HTTP_CALL_ANSWERED)
        return cli_fail(c->cli, CLI_UNREACHED, HINT_CONSUL,
                        "%s: the answer broke off: %s", c->where, a->error);
    if (!text_len(a))
        return cli_fail(c->cli, status, barred ? HINT_TOKEN : NULL,
                        "%s: status %d", c->where, a->status);
    return cli_fail(c->cli, status, barred ? HINT_TOKEN : NULL, "%s: %.*s",
                    c->where, text_len(a), buf_data(a->body));
}

/* jansson's integers end at 2^63, flags at 2^64: numbers of 19 digits and more
 * become texts. */
static void quote_long_numbers(struct buf *out, const char *text, size_t len)
{
    bool quoted = false;
    size_t n;

    for (size_t i = 0; i < len; i += n) {
        n = 1;
        if (text[i] == '"')
            quoted = !quoted;
        else if (quoted && text[i] == '\\' && i + 1 < len)
            n = 2;
        else if (!quoted)
            while (i + n < len && text[i] >= '0' && text[i] <= '9' &&
                   text[i + n] >= '0' && text[i + n] <= '9')
                n++;
        if (n < 19) {
            buf_add(out, text + i, n);
            continue;
        }
        buf_add_char(out, '"');
        buf_add(out, text + i, n);
        buf_add_char(out, '"');
    }
}

json_t *consul_json(const struct http_answer *a)
{
    struct buf text = BUF_INIT;
    json_t *json = NULL;

    if (a->end != HTTP_CALL_ANSWERED || a->status != 200 || !buf_len(a->body))
        return NULL;
    quote_long_numbers(&text, buf_data(a->body), buf_len(a->body));
    json = json_loadb(buf_data(&text), buf_len(&text),
                      JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    buf_free(&text);
    return json;
}

int consul_strange(struct consul *c)
{
    return cli_fail(c->cli, CLI_NO, "is that the Consul API of a registry?",
                    "%s: its answer is not to be understood", c->where);
}

struct once {
    struct consul consul;
    const char *what;
    int (*tell)(struct consul *c, const struct http_answer *a);
};

static void once_done(void *arg, const struct http_answer *a)
{
    struct once *o = arg;
    struct cli *cli = o->consul.cli;
    int status;

    if (a->end == HTTP_CALL_ANSWERED && a->status / 100 == 2)
        status = o->tell(&o->consul, a);
    else if (a->end == HTTP_CALL_ANSWERED && a->status == 404 && o->what)
        status = cli_fail(cli, CLI_NOBODY, NULL, "there is no %s", o->what);
    else
        status = consul_fail(&o->consul, a);
    out_flush(&cli->out);
    cli_stop(cli, status);
}

int consul_once(struct cli *cli, const char *method, const char *path,
                const struct buf *body, const char *what,
                int (*tell)(struct consul *c, const struct http_answer *a))
{
    struct once o = {.what = what, .tell = tell};
    int status = CLI_USAGE;

    if (consul_begin(&o.consul, cli)) {
        consul_ask(&o.consul, method, path, body, 0, once_done, &o);
        status = cli_run(cli);
    }
    consul_end(&o.consul);
    return status;
}

/* -- paths ----------------------------------------------------------------- */

/* Without an empty part, . or .., which would be taken out of a path. */
static bool stays(const char *text)
{
    for (;;) {
        size_t len = strcspn(text, "/");

        if (len ? len <= 2 && !strncmp(text, "..", len) : *text)
            return false;
        text += len;
        if (!*text++)
            return true;
    }
}

static void add_encoded(struct buf *out, const char *text, const char *keep)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

    for (; *text; text++)
        if (strchr(plain, *text) || strchr(keep, *text))
            buf_add_char(out, *text);
        else
            buf_add_fmt(out, "%%%02X", (unsigned char)*text);
}

void consul_add_path(struct buf *out, const char *text)
{
    if (stays(text)) {
        add_encoded(out, text, "/");
        return;
    }
    for (; *text; text++) {
        const char one[] = {*text, '\0'};

        if (*text == '.')
            buf_add_str(out, "%2E");
        else
            add_encoded(out, one, "");
    }
}

void consul_add_query(struct buf *out, const char *name, const char *value)
{
    if (!name)
        return;
    buf_add_char(out, strchr(buf_str(out), '?') ? '&' : '?');
    buf_add_str(out, name);
    if (!value)
        return;
    buf_add_char(out, '=');
    add_encoded(out, value, "");
}

/* -- what answers hold ----------------------------------------------------- */

const char *consul_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

uint64_t consul_number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    if (json_is_string(value))
        return strtoull(json_string_value(value), NULL, 10);
    return (uint64_t)json_integer_value(value);
}

void consul_put(struct cli *cli, const char *text, size_t len)
{
    if (cli->out.tty)
        text_add_safe(out_buf(&cli->out), text, len);
    else
        buf_add(out_buf(&cli->out), text, len);
}

void consul_put_json(struct cli *cli, json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT | JSON_ENCODE_ANY |
                                        (cli->out.tty ? JSON_ENSURE_ASCII : 0));

    buf_add_str(out_buf(&cli->out), text);
    buf_add_char(out_buf(&cli->out), '\n');
    out_push(&cli->out);
    free(text);
    json_decref(object);
}

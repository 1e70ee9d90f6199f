#include "client/cli/admin_call.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/http_call.h"
#include "lib/addr.h"
#include "lib/auth/auth_conf.h"
#include "lib/auth/secret.h"
#include "lib/conf_errors.h"
#include "lib/mem.h"
#include "lib/tls_conf.h"

#define REPLY_MAX  (16 * 1024 * 1024) /* that goes into reply */
#define HINT_ADMIN "is registry.admin on? name it with --admin HOST:PORT"

struct calling {
    struct cli *cli;
    struct admin_call *call;
    struct addr addr;
    char where[ADDR_TEXT_MAX];
    struct tls *tls;
    struct auth_files files;
};

/* -- the answer ------------------------------------------------------------ */

/* The error of a refusal: {"error": "..."}. */
static char *answer_error(const struct admin_call *c)
{
    json_t *j = json_loadb(buf_data(&c->reply), buf_len(&c->reply), 0, NULL);
    const char *text = json_string_value(json_object_get(j, "error"));
    char *copy = text ? xstrdup(text) : xasprintf("status %d", c->status);

    json_decref(j);
    return copy;
}

static int answered(struct calling *k)
{
    bool barred = k->call->status == 401 || k->call->status == 403;
    enum cli_status status = barred                   ? CLI_UNREACHED
                             : k->call->status == 404 ? CLI_NOBODY
                                                      : CLI_NO;
    char *text;

    if (k->call->any || k->call->status / 100 == 2)
        return CLI_OK;
    text = answer_error(k->call);
    cli_fail(k->cli, status,
             barred ? "a token is named by MUSTER_TOKEN_FILE" : NULL, "%s: %s",
             k->where, text);
    free(text);
    return status;
}

static bool on_piece(void *arg, const char *bytes, size_t len)
{
    const struct admin_call *c = ((struct calling *)arg)->call;

    return c->piece(c->arg, bytes, len);
}

static void on_done(void *arg, const struct http_answer *a)
{
    struct calling *k = arg;
    int status = CLI_NO; /* HTTP_CALL_STOPPED: piece() has complained */

    k->call->status = a->status;
    k->call->reply = *a->body;
    *a->body = (struct buf)BUF_INIT;
    if (a->end == HTTP_CALL_ANSWERED)
        status = answered(k);
    else if (a->end == HTTP_CALL_UNREACHED)
        status = cli_fail(k->cli, CLI_UNREACHED, HINT_ADMIN,
                          "cannot reach %s: %s", k->where, a->error);
    else if (a->end == HTTP_CALL_BROKEN)
        status = cli_fail(k->cli, CLI_UNREACHED, HINT_ADMIN,
                          "%s: the answer broke off: %s", k->where, a->error);
    cli_stop(k->cli, status);
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

static void ask(struct calling *k)
{
    const struct admin_call *c = k->call;
    struct http_ask ask = {.method = c->method,
                           .path = c->path,
                           .type = "application/json",
                           .body = c->body,
                           .len = c->body ? strlen(c->body) : 0,
                           .max = REPLY_MAX,
                           .piece = c->piece ? on_piece : NULL,
                           .done = on_done,
                           .arg = k};
    char *token = NULL;

    if (k->files.token)
        token = xasprintf("Authorization: Bearer %s\r\n", k->files.token);
    ask.header = token;
    http_call_start(k->cli->loop, &k->addr, k->tls, &ask);
    secret_free(token);
}

int admin_call(struct cli *cli, struct admin_call *call)
{
    struct calling k = {.cli = cli, .call = call};
    int status = CLI_USAGE;

    if (prepare(&k)) {
        ask(&k);
        status = cli_run(cli);
        loop_settle_all(cli->loop);
    }
    tls_free(k.tls);
    auth_files_free(&k.files);
    return status;
}

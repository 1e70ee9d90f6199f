/*
 * muster health: asks a daemon over its admin face whether all is well, and
 * tells what ails.
 */
#include <jansson.h>
#include <string.h>

#include "client/cli/admin_call.h"
#include "client/cli/cli.h"
#include "client/cli/text.h"
#include "lib/mem.h"

/* What a text of the answer says; "?" for what is none. */
static const char *text_of(const json_t *answer, const char *key)
{
    const char *text = json_string_value(json_object_get(answer, key));

    return text ? text : "?";
}

static bool is_ok(const char *said)
{
    return strcmp(said, "ok") == 0;
}

static double uptime_of(const json_t *answer)
{
    return json_number_value(json_object_get(answer, "uptime"));
}

static void tell_json(struct cli *cli, json_t *answer)
{
    struct jline *j = jline_new(), *checks = jline_new();
    const char *name;
    json_t *said;

    jline_text(j, "status", text_of(answer, "status"));
    jline_text(j, "program", text_of(answer, "program"));
    jline_text(j, "version", text_of(answer, "version"));
    jline_int(j, "pid", json_integer_value(json_object_get(answer, "pid")));
    jline_int(j, "uptime", (long long)uptime_of(answer));
    json_object_foreach(json_object_get(answer, "checks"), name, said)
        jline_text(checks, name,
                   json_string_value(said) ? json_string_value(said) : "?");
    jline_object(j, "checks", checks);
    cli_json(cli, j);
}

static void add_safe(struct buf *out, const char *text)
{
    text_add_safe(out, text, strlen(text));
}

static void tell_checks(struct cli *cli, json_t *checks)
{
    struct buf *out = out_buf(&cli->out);
    const char *name, *text;
    json_t *said;

    json_object_foreach(checks, name, said)
    {
        text = json_string_value(said) ? json_string_value(said) : "?";
        if (is_ok(text) && !cli->verbose)
            continue;
        buf_add_str(out, "  ");
        add_safe(out, name);
        buf_add_str(out, ": ");
        add_safe(out, text);
        buf_add_char(out, '\n');
    }
}

static void tell(struct cli *cli, json_t *answer)
{
    struct buf *out = out_buf(&cli->out);

    if (cli->json) {
        tell_json(cli, answer);
        return;
    }
    add_safe(out, text_of(answer, "program"));
    buf_add_char(out, ' ');
    add_safe(out, text_of(answer, "version"));
    buf_add_str(out, ", up ");
    text_add_elapsed(out, (unsigned long long)(uptime_of(answer) * 1000));
    buf_add_str(out, ": ");
    add_safe(out, text_of(answer, "status"));
    buf_add_char(out, '\n');
    tell_checks(cli, json_object_get(answer, "checks"));
    out_flush(&cli->out);
}

/* Its answer, or NULL: it is none. */
static json_t *health_of(const struct admin_call *call)
{
    json_t *answer = NULL;

    if (buf_len(&call->reply))
        answer = json_loadb(buf_data(&call->reply), buf_len(&call->reply),
                            JSON_REJECT_DUPLICATES, NULL);
    if ((call->status == 200 || call->status == 503) &&
        json_is_object(json_object_get(answer, "checks")))
        return answer;
    json_decref(answer);
    return NULL;
}

int verb_health(struct cli *cli)
{
    struct admin_call call = {.method = "GET", .path = "/health", .any = true};
    int status = admin_call(cli, &call);
    json_t *answer;

    if (status == CLI_OK) {
        answer = health_of(&call);
        if (answer) {
            tell(cli, answer);
            status = call.status == 200 ? CLI_OK : CLI_NO;
        } else {
            status = cli_fail(
                cli, CLI_UNREACHED,
                call.status == 401 ? "a token is named by MUSTER_TOKEN_FILE"
                                   : "is that the admin face of a daemon?",
                "it does not tell its health: status %d", call.status);
        }
        json_decref(answer);
    }
    buf_free(&call.reply);
    return status;
}

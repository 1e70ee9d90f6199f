#include "client/cli/exec_request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/pairs.h"
#include "lib/base64.h"
#include "lib/mem.h"

static bool wrong(struct cli *cli, const char *hint, const char *text)
{
    cli_fail(cli, CLI_USAGE, hint, "exec: %s", text);
    return false;
}

/* -- the command ----------------------------------------------------------- */

/* The words quoted into one, as the worker splits them again. A line end
 * cannot stand in a line: of shell text it can be hidden, here it cannot. */
static bool add_argv(struct exec_request *r, struct cli *cli)
{
    const struct args *a = &cli->args;
    struct buf words = BUF_INIT;

    for (size_t i = 0; i < a->n_command; i++) {
        if (strchr(a->command[i], '\n')) {
            buf_free(&words);
            return wrong(cli,
                         "use -c 'shell text', which may have several "
                         "lines",
                         "a word of the command holds a line end");
        }
        buf_add_words(&words, a->command[i]);
    }
    attrs_set(&r->pairs, "argv", buf_str(&words));
    buf_free(&words);
    return true;
}

/* Text of several lines goes as one: eval of a printf that makes it again. */
static void add_shell(struct exec_request *r, const char *text)
{
    struct buf out = BUF_INIT;

    if (!strchr(text, '\n')) {
        attrs_set(&r->pairs, "cmd", text);
        return;
    }
    buf_add_str(&out, "eval \"$(printf %b '");
    for (; *text; text++) {
        if (*text == '\n')
            buf_add_str(&out, "\\n");
        else if (*text == '\\')
            buf_add_str(&out, "\\\\");
        else if (*text == '\'')
            buf_add_str(&out, "'\\''");
        else
            buf_add_char(&out, *text);
    }
    buf_add_str(&out, "')\"");
    attrs_set(&r->pairs, "cmd", buf_str(&out));
    buf_free(&out);
}

/* Another operation: its arguments are pairs. */
static bool add_op_args(struct exec_request *r, struct cli *cli)
{
    char *error;

    if (args_has(&cli->args, "shell"))
        return wrong(cli, NULL, "-c goes with the operation execute only");
    error = pairs_attrs(&r->pairs, cli->args.command, cli->args.n_command);
    if (!error)
        return true;
    cli_fail_text(cli, CLI_USAGE, error, NULL);
    return false;
}

static bool add_command(struct exec_request *r, struct cli *cli)
{
    const struct args *a = &cli->args;
    const char *shell = args_get(a, "shell");

    if (strcmp(r->op, "execute") != 0)
        return add_op_args(r, cli);
    if (shell && a->has_command)
        return wrong(cli, NULL, "either -c TEXT or -- COMMAND, not both");
    if (shell && !*shell)
        return wrong(cli, NULL, "-c with an empty text");
    if (shell) {
        add_shell(r, shell);
        return true;
    }
    if (a->n_command == 0)
        return wrong(cli, "muster exec -s role=web -- uptime",
                     "no command: put it after --");
    return add_argv(r, cli);
}

/* -- the target ------------------------------------------------------------ */

/* Each -s is a selector of its own, checked by itself: all must hold. */
static bool add_selectors(struct cli *cli, struct buf *on)
{
    const char *text;

    for (size_t i = 0; (text = args_nth(&cli->args, "selector", i)); i++) {
        char *word = (char *)text, *error;

        if (strspn(text, " \t") == strlen(text))
            return wrong(cli, "all workers are meant by --all only",
                         "an empty selector");
        error = pairs_selector(on, &word, 1);
        if (error) {
            cli_fail_text(cli, CLI_USAGE, error, NULL);
            return false;
        }
    }
    return true;
}

static bool add_target(struct exec_request *r, struct cli *cli)
{
    const struct args *a = &cli->args;
    struct buf on = BUF_INIT, hosts = BUF_INIT;
    const char *host;

    if (!add_selectors(cli, &on)) {
        buf_free(&on);
        return false;
    }
    for (size_t i = 0; (host = args_nth(a, "hosts", i)); i++)
        buf_add_fmt(&hosts, "%s%s", i ? "," : "", host);
    if (buf_len(&on) > 0)
        attrs_set(&r->pairs, ".on", buf_str(&on));
    else if (args_has(a, "all") || args_has(a, "selector"))
        attrs_set(&r->pairs, ".on", "all");
    if (buf_len(&hosts) > 0)
        attrs_set(&r->pairs, ".hosts", buf_str(&hosts));
    buf_free(&on);
    buf_free(&hosts);
    if (args_has(a, "any"))
        attrs_set(&r->pairs, ".any", "1");
    if (attrs_get(&r->pairs, ".on") || attrs_get(&r->pairs, ".hosts"))
        return true;
    return wrong(cli, "-s SELECTOR, -H HOST,HOST, or --all for every worker",
                 "no target");
}

/* -- options --------------------------------------------------------------- */

/* The protocol has seconds, with a fraction where they are not whole. */
static void add_time(struct exec_request *r, const char *name, const char *text)
{
    uint64_t ms = 0;

    if (!args_time(text, &ms))
        return;
    if (ms % 1000 == 0)
        attrs_set_fmt(&r->pairs, name, "%llu", (unsigned long long)ms / 1000);
    else
        attrs_set_fmt(&r->pairs, name, "%llu.%03llu",
                      (unsigned long long)ms / 1000,
                      (unsigned long long)ms % 1000);
}

/* The options whose row names an argument, or else a directive. */
static void add_options(struct exec_request *r, const struct args *a,
                        bool directives)
{
    for (size_t i = 0; i < a->n_given; i++) {
        const struct verb_option *o = a->given[i].option;

        if (!o->directive || (o->directive[0] == '.') != directives)
            continue;
        if (o->kind == VALUE_TIME)
            add_time(r, o->directive, a->given[i].value);
        else
            attrs_set(&r->pairs, o->directive, a->given[i].value);
    }
    if (directives && args_has(a, "detach"))
        attrs_set(&r->pairs, ".detach", "1");
}

static bool add_env(struct exec_request *r, struct cli *cli)
{
    struct buf words = BUF_INIT;
    const char *pair;

    for (size_t i = 0; (pair = args_nth(&cli->args, "env", i)); i++) {
        if (!strchr(pair, '=') || pair[0] == '=' || strchr(pair, '\n')) {
            buf_free(&words);
            return wrong(cli, NULL,
                         "--env takes NAME=VALUE, without a line end");
        }
        buf_add_words(&words, pair);
    }
    if (buf_len(&words) > 0)
        attrs_set(&r->pairs, "env", buf_str(&words));
    buf_free(&words);
    add_options(r, &cli->args, false);
    return true;
}

/* All of standard input, which a line carries in base64. */
static bool add_stdin(struct exec_request *r, struct cli *cli)
{
    struct buf in = BUF_INIT, text = BUF_INIT;
    ssize_t n = 1;

    if (!args_has(&cli->args, "stdin"))
        return true;
    while (n > 0 && buf_len(&in) <= EXEC_STDIN_MAX) {
        n = read(STDIN_FILENO, buf_reserve(&in, 4096), 4096);
        if (n > 0)
            in.end += (size_t)n;
    }
    if (n < 0)
        cli_fail(cli, CLI_USAGE, NULL, "exec: standard input: %s",
                 strerror(errno));
    else if (n > 0)
        wrong(cli, "put it where the hosts can fetch it",
              "standard input is larger than 40 KiB");
    else
        base64_encode(&text, buf_data(&in), buf_len(&in));
    attrs_set(&r->pairs, "stdin64", buf_str(&text));
    buf_free(&in);
    buf_free(&text);
    return n == 0;
}

/* No value may break the line that it will stand in. */
static bool values_fit(const struct exec_request *r, struct cli *cli)
{
    for (size_t i = 0; i < r->pairs.count; i++)
        if (strchr(r->pairs.list[i].value, '\n'))
            return wrong(cli, NULL, "a value holds a line end");
    return true;
}

bool exec_request_make(struct exec_request *r, struct cli *cli)
{
    const struct args *a = &cli->args;
    const char *op = args_get(a, "op");

    *r = (struct exec_request){.op = op ? op : "execute"};
    if (add_command(r, cli) && add_env(r, cli) && add_stdin(r, cli) &&
        add_target(r, cli)) {
        add_options(r, a, true);
        if (values_fit(r, cli))
            return true;
    }
    exec_request_free(r);
    return false;
}

void exec_request_free(struct exec_request *r)
{
    attrs_free(&r->pairs);
}

#include "client/cli/exec_request.h"

#include <stdlib.h>
#include <string.h>

#include "client/cli/exec_secret.h"
#include "client/cli/pairs.h"
#include "client/cli/slurp.h"
#include "lib/argument.h"
#include "lib/mem.h"

static bool wrong(struct cli *cli, const char *hint, const char *text)
{
    cli_fail(cli, CLI_USAGE, hint, "%s: %s", cli->verb->word, text);
    return false;
}

/* -- the command ----------------------------------------------------------- */

/* The words quoted into one, as the worker splits them again. */
static void add_argv(struct exec_request *r, const struct args *a)
{
    struct buf words = BUF_INIT;

    for (size_t i = 0; i < a->n_command; i++)
        argument_word(&words, a->command[i], strlen(a->command[i]));
    attrs_set(&r->pairs, "argv", buf_str(&words));
    buf_free(&words);
}

/* Another operation: its arguments are pairs. */
static bool add_op_args(struct exec_request *r, struct cli *cli)
{
    static const char *const executes[] = {"shell", "user", "cwd", "env"};
    const struct args *a = &cli->args;
    char *error;
    size_t i;

    for (i = 0; i < ARRAY_LEN(executes); i++)
        if (args_has(a, executes[i]))
            return wrong(cli, "muster exec runs commands",
                         "-c, --user, --cwd and --env are for muster exec");
    error = pairs_attrs(&r->pairs, a->words + 1, a->n_words - 1);
    if (!error)
        return true;
    cli_fail_text(cli, CLI_USAGE, error, NULL);
    return false;
}

static bool add_command(struct exec_request *r, struct cli *cli)
{
    const struct args *a = &cli->args;
    const char *shell = args_get(a, "shell");

    if (strcmp(cli->verb->word, "exec") != 0)
        return add_op_args(r, cli);
    if (shell && a->has_command)
        return wrong(cli, NULL, "either -c TEXT or -- COMMAND, not both");
    if (shell && !*shell)
        return wrong(cli, NULL, "-c with an empty text");
    if (shell) {
        attrs_set(&r->pairs, "cmd", shell);
        return true;
    }
    if (a->n_command == 0)
        return wrong(cli, "muster exec -s role=web -- uptime",
                     "no command: put it after --");
    add_argv(r, a);
    return true;
}

/* -- the target ------------------------------------------------------------ */

/* Whether it was given, where the verb has such an option. */
static bool is_given(const struct args *a, const char *name)
{
    const struct verb_option *o;

    for (o = a->verb->options; o->name; o++)
        if (strcmp(o->name, name) == 0)
            return args_has(a, name);
    return false;
}

/* Each -s is a selector of its own, checked by itself: all must hold. */
bool exec_request_selectors(struct cli *cli, struct buf *on)
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

    if (!exec_request_selectors(cli, &on)) {
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
    if (attrs_get(&r->pairs, ".on") || attrs_get(&r->pairs, ".hosts") ||
        is_given(a, "plan"))
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

bool exec_request_detaches(const struct args *a)
{
    return is_given(a, "detach") || is_given(a, "every");
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
    if (directives && exec_request_detaches(a))
        attrs_set(&r->pairs, ".detach", "1");
    if (directives && is_given(a, "overlap"))
        attrs_set(&r->pairs, ".overlap", "1");
}

static bool add_env(struct exec_request *r, struct cli *cli)
{
    struct buf words = BUF_INIT;
    const char *pair;

    for (size_t i = 0; (pair = args_nth(&cli->args, "env", i)); i++) {
        if (!strchr(pair, '=') || pair[0] == '=') {
            buf_free(&words);
            return wrong(cli, NULL, "--env takes NAME=VALUE");
        }
        argument_word(&words, pair, strlen(pair));
    }
    if (buf_len(&words) > 0)
        attrs_set(&r->pairs, "env", buf_str(&words));
    buf_free(&words);
    add_options(r, &cli->args, false);
    return true;
}

/* All of standard input or of a file, as it is. */
static bool add_stdin(struct exec_request *r, struct cli *cli)
{
    const char *file = args_get(&cli->args, "stdin-file");
    char *error;

    r->has_input = file || args_has(&cli->args, "stdin");
    if (!r->has_input)
        return true;
    if (file && args_has(&cli->args, "stdin"))
        return wrong(cli, NULL, "either --stdin or --stdin-file");
    error = slurp_bytes(file, EXEC_STDIN_MAX, &r->input);
    if (!error)
        return true;
    cli_fail(cli, CLI_USAGE, NULL, "%s: %s", cli->verb->word, error);
    free(error);
    return false;
}

/* No directive may break the line that it will stand in. */
static bool values_fit(const struct exec_request *r, struct cli *cli)
{
    for (size_t i = 0; i < r->pairs.count; i++)
        if (r->pairs.list[i].name[0] == '.' &&
            strchr(r->pairs.list[i].value, '\n'))
            return wrong(cli, NULL, "a value holds a line end");
    return true;
}

bool exec_request_make(struct exec_request *r, struct cli *cli, const char *op)
{
    const struct args *a = &cli->args;

    *r = (struct exec_request){.op = op ? op : "execute"};
    if (add_command(r, cli) && add_env(r, cli) && add_stdin(r, cli) &&
        exec_secrets_add(r, cli) && add_target(r, cli)) {
        add_options(r, a, true);
        if (values_fit(r, cli))
            return true;
    }
    exec_request_free(r);
    return false;
}

bool exec_request_begin(struct exec_request *r, struct cli *cli, const char *op)
{
    *r = (struct exec_request){.op = op};
    if (add_target(r, cli)) {
        add_options(r, &cli->args, true);
        if (values_fit(r, cli))
            return true;
    }
    exec_request_free(r);
    return false;
}

void exec_request_free(struct exec_request *r)
{
    exec_secrets_wipe(r);
    attrs_free(&r->pairs);
    buf_free(&r->input);
}

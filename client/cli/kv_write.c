/*
 * muster kv put and kv delete. What was asked for on a condition (--cas,
 * --acquire, --release) and did not hold is a no: exit status 1.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/kv.h"
#include "client/cli/slurp.h"
#include "lib/mem.h"

/* What the words say, with the file or standard input that they name. False
 * after complaining. */
static bool read_value(struct cli *cli, struct buf *value)
{
    const char *text = cli->args.n_words > 2 ? cli->args.words[2] : "";
    char *error = NULL;

    if (!strcmp(text, "-"))
        error = slurp_bytes(NULL, CONSUL_VALUE_MAX, value);
    else if (text[0] == '@')
        error = slurp_bytes(text + 1, CONSUL_VALUE_MAX, value);
    else
        buf_add_str(value, text);
    if (!error)
        return true;
    cli_fail(cli, CLI_USAGE, NULL, "kv put: %s", error);
    free(error);
    return false;
}

/* Flags and indexes have 64 bits, which VALUE_NUMBER has not. */
static bool number_fits(struct cli *cli, const char *name)
{
    const char *text = args_get(&cli->args, name);
    char *end;

    if (!text)
        return true;
    errno = 0;
    strtoull(text, &end, 10);
    if (*text >= '0' && *text <= '9' && !*end && !errno)
        return true;
    cli_fail(cli, CLI_USAGE, NULL, "--%s %s: not a whole number below 2^64",
             name, text);
    return false;
}

static bool conditions_fit(struct cli *cli)
{
    const struct args *a = &cli->args;

    if (args_has(a, "cas") + args_has(a, "acquire") + args_has(a, "release") <
        2)
        return number_fits(cli, "cas") && number_fits(cli, "flags");
    cli_fail(cli, CLI_USAGE, NULL,
             "kv put: --cas, --acquire and --release exclude each other");
    return false;
}

/* Why a condition did not hold. */
static const char *no_text(const struct args *a)
{
    if (args_has(a, "acquire"))
        return "it is held by another session, or was until a moment ago";
    if (args_has(a, "release"))
        return "that session does not hold it";
    return "its index is not that of --cas";
}

static int tell_truth(struct consul *c, const struct http_answer *a)
{
    struct cli *cli = c->cli;
    json_t *answer = consul_json(a), *object;
    bool yes = json_is_true(answer), good = json_is_boolean(answer);

    json_decref(answer);
    if (!good)
        return consul_strange(c);
    if (!yes)
        return cli_fail(cli, CLI_NO, NULL, "kv %s %s: nothing was done: %s",
                        cli->args.words[0], cli->args.words[1],
                        no_text(&cli->args));
    if (cli->json) {
        object = json_object();
        json_object_set_new(
            object, "key",
            kv_json_bytes(cli->args.words[1], strlen(cli->args.words[1])));
        json_object_set_new(object, "done", json_true());
        consul_put_json(cli, object);
    }
    return CLI_OK;
}

static void add_given(struct buf *path, const struct args *a, const char *name)
{
    consul_add_query(path, args_has(a, name) ? name : NULL, args_get(a, name));
}

int kv_put(struct cli *cli)
{
    static const char *const queries[] = {"cas", "flags", "acquire", "release"};
    struct buf path = BUF_INIT, value = BUF_INIT;
    int status = CLI_USAGE;

    if (conditions_fit(cli) && read_value(cli, &value)) {
        kv_path(&path, cli->args.words[1]);
        for (size_t i = 0; i < ARRAY_LEN(queries); i++)
            add_given(&path, &cli->args, queries[i]);
        status =
            consul_once(cli, "PUT", buf_str(&path), &value, NULL, tell_truth);
    }
    buf_free(&path);
    buf_free(&value);
    return status;
}

int kv_delete(struct cli *cli)
{
    const struct args *a = &cli->args;
    struct buf path = BUF_INIT;
    int status = CLI_USAGE;

    if (args_has(a, "recurse") && args_has(a, "cas")) {
        cli_fail(cli, CLI_USAGE, NULL,
                 "kv delete: --recurse and --cas exclude each other");
    } else if (number_fits(cli, "cas")) {
        kv_path(&path, a->words[1]);
        add_given(&path, a, "cas");
        add_given(&path, a, "recurse");
        status =
            consul_once(cli, "DELETE", buf_str(&path), NULL, NULL, tell_truth);
    }
    buf_free(&path);
    return status;
}

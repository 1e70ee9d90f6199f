#include "client/cli/ask.h"

#include <string.h>

/* The dispatcher's errors about what it does not know begin so. */
#define UNKNOWN "no job"
#define NOBODY  "no worker"

struct ask {
    struct cli *cli;
    ask_line_fn *line;
    void *arg;
};

static void on_line(void *arg, const char *const *words, size_t count)
{
    struct ask *a = arg;

    if (a->line && count > 0)
        a->line(a->arg, words, count);
}

static void on_done(void *arg, const char *error, bool unreachable)
{
    struct ask *a = arg;
    struct cli *cli = a->cli;
    int status = CLI_OK;

    out_flush(&cli->out);
    if (error && unreachable)
        status = cli_fail_dispatcher(cli, error, true);
    else if (error && strncmp(error, UNKNOWN, strlen(UNKNOWN)) == 0)
        status = cli_fail(cli, CLI_NOBODY, "muster jobs lists those it knows",
                          "%s", error);
    else if (error && strncmp(error, NOBODY, strlen(NOBODY)) == 0)
        status = cli_fail(cli, CLI_NOBODY, "muster find shows who is there",
                          "%s", error);
    else if (error)
        status = cli_fail(cli, CLI_NO, NULL, "%s", error);
    cli_stop(cli, status);
}

int ask_dispatcher(struct cli *cli, const char *const *words, size_t count,
                   ask_line_fn *line, void *arg)
{
    static const struct muster_request_callbacks cb = {on_line, on_done};
    struct ask a = {cli, line, arg};
    char *error;

    if (!cli_connect(cli))
        return CLI_USAGE;
    if (!muster_request(cli->muster, words, count, &cb, &a, &error))
        return cli_fail_text(cli, CLI_USAGE, error, NULL);
    return cli_run(cli);
}

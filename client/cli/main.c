/*
 * muster: the command line. It reads the command line by the table of verbs
 * (verbs.c), builds the configuration, and runs the verb.
 */
#include <string.h>
#include <unistd.h>

#include "client/cli/cli.h"

/* Asked before the rest of the line is understood: --json makes the complaint
 * about it JSON, too. */
static bool wants_json(char **argv)
{
    for (; *argv && strcmp(*argv, "--") != 0; argv++)
        if (strcmp(*argv, "--json") == 0)
            return true;
    return false;
}

static int run(struct cli *cli)
{
    int status;

    cli->verb = cli->args.verb;
    if (!cli->verb || args_has(&cli->args, "help"))
        cli->verb = verbs_find("help");
    if (!cli_begin(cli, &status))
        return status;
    return cli->verb->run(cli);
}

int main(int argc, char **argv)
{
    struct cli cli = {0};
    struct args_error error;
    int status;

    out_init(&cli.out, STDOUT_FILENO);
    if (args_parse(&cli.args, argc, argv, &error)) {
        status = run(&cli);
    } else {
        cli.json = wants_json(argv);
        status = cli_fail_text(&cli, CLI_USAGE, error.text, error.hint);
    }
    cli_end(&cli);
    return status;
}

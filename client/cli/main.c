/*
 * muster: the command line. It reads the command line by the table of verbs
 * (verbs.c), builds the configuration, and runs the verb.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/cli.h"
#include "lib/loop.h"

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

/* A socket must not get the number of a standard descriptor that is closed. */
static void fill_standard(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

int main(int argc, char **argv)
{
    struct cli cli = {0};
    struct args_error error;
    int status;

    fill_standard();
    loop_complaints(NULL); /* what fails is told by who tried it */
    out_init(&cli.out, STDOUT_FILENO);
    if (args_parse(&cli.args, argc, argv, &error)) {
        status = run(&cli);
    } else {
        cli.json = wants_json(argv);
        cli.err_color = cli_wants_color(&cli, STDERR_FILENO);
        status = cli_fail_text(&cli, CLI_USAGE, error.text, error.hint);
    }
    out_flush(&cli.out);
    if (cli.out.failed && status == CLI_OK)
        status = CLI_NO;
    cli_end(&cli);
    return status;
}

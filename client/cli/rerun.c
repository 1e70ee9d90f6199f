/* muster rerun JID: a job again, where it did not end well. */
#include "client/cli/life.h"

int verb_rerun(struct cli *cli)
{
    const char *jid = cli->args.words[0];
    struct muster_exec *exec;
    struct life life;
    char *error;
    int status;

    if (!cli_connect(cli))
        return CLI_USAGE;
    life_begin(&life, cli, "rerun");
    life.detach = args_has(&cli->args, "detach");
    exec = muster_rerun(cli->muster, jid, args_get(&cli->args, "where"),
                        life.detach, life_callbacks(), &life, &error);
    status = exec ? life_run(&life, exec)
                  : cli_fail_text(cli, CLI_USAGE, error, NULL);
    life_end(&life);
    return status;
}

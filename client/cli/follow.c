/* muster follow JID: a job's life from its start, then live. */
#include "client/cli/life.h"

int verb_follow(struct cli *cli)
{
    const char *jid = cli->args.words[0];
    struct muster_exec *exec;
    struct life life;
    char *error;
    int status;

    if (!cli_connect(cli))
        return CLI_USAGE;
    life_begin(&life, cli, "follow");
    exec = muster_follow(cli->muster, jid, life_callbacks(), &life, &error);
    status = exec ? life_run(&life, exec)
                  : cli_fail_text(cli, CLI_USAGE, error, NULL);
    life_end(&life);
    return status;
}

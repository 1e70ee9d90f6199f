/* muster version */
#include "client/cli/cli.h"

int verb_version(struct cli *cli)
{
    struct jline *j;

    if (!cli->json) {
        buf_add_fmt(out_buf(&cli->out), "muster %s\n", muster_version());
        return CLI_OK;
    }
    j = jline_new();
    jline_text(j, "program", "muster");
    jline_text(j, "version", muster_version());
    cli_json(cli, j);
    return CLI_OK;
}

/* muster delete JID: the dispatcher forgets a job that is done. */
#include "client/cli/ask.h"

int verb_delete(struct cli *cli)
{
    const char *words[] = {"delete", cli->args.words[0]};

    return ask_dispatcher(cli, words, 2, NULL, NULL);
}

/* muster cancel JID: ends a job on all its hosts. */
#include "client/cli/ask.h"

int verb_cancel(struct cli *cli)
{
    const char *words[] = {"cancel", cli->args.words[0]};

    return ask_dispatcher(cli, words, 2, NULL, NULL);
}

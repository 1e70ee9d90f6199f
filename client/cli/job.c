/* muster job JID: what was asked, and where each host stands. */
#include "client/cli/ask.h"
#include "client/cli/records.h"

static void on_line(void *arg, const char *const *words, size_t count)
{
    records_add(arg, words, count);
}

int verb_job(struct cli *cli)
{
    const char *words[] = {"job", cli->args.words[0]};
    struct records r;
    int status;

    records_begin(&r, cli, "name", "");
    status = ask_dispatcher(cli, words, 2, on_line, &r);
    records_end(&r);
    return status;
}

/* muster jobs [SELECTOR]: the jobs that the dispatcher knows. */
#include <string.h>

#include "client/cli/ask.h"
#include "client/cli/records.h"

struct listing {
    struct records records;
    bool names; /* ids only */
};

static void on_line(void *arg, const char *const *words, size_t count)
{
    struct listing *l = arg;

    records_add(&l->records, words, l->names ? 1 : count);
}

int verb_jobs(struct cli *cli)
{
    struct listing l = {.names = args_has(&cli->args, "names")};
    struct buf selector = BUF_INIT;
    const char *words[] = {"jobs", NULL};
    int status;

    if (!cli_selector(cli, &selector))
        status = CLI_USAGE;
    else {
        size_t count = buf_len(&selector) > 0 ? 2 : 1;

        words[1] = buf_str(&selector);
        records_begin(&l.records, cli, "jid", "");
        status = ask_dispatcher(cli, words, count, on_line, &l);
        records_end(&l.records);
        if (status == CLI_OK && l.records.count == 0)
            status = CLI_NOBODY;
    }
    buf_free(&selector);
    return status;
}

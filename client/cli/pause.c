/*
 * muster pause and resume: nothing starts, of one job or of all, and goes on.
 * muster drain and undrain: a worker gets no more jobs, and gets them again.
 */
#include <stdio.h>
#include <string.h>

#include "client/cli/ask.h"
#include "lib/mem.h"

int verb_pause(struct cli *cli)
{
    const char *words[] = {cli->verb->word,
                           cli->args.n_words ? cli->args.words[0] : NULL};

    return ask_dispatcher(cli, words, 1 + cli->args.n_words, NULL, NULL);
}

/* The time is asked for in seconds. */
static int drain_for(struct cli *cli)
{
    const char *time = args_get(&cli->args, "for");
    const char *words[4] = {"drain", cli->args.words[0], cli->args.words[1]};
    size_t count = 3;
    char seconds[24];
    uint64_t ms;

    if (time && args_time(time, &ms)) {
        snprintf(seconds, sizeof(seconds), "%llu",
                 (unsigned long long)(ms + 999) / 1000);
        words[count++] = seconds;
    }
    return ask_dispatcher(cli, words, count, NULL, NULL);
}

int verb_drain(struct cli *cli)
{
    const char *words[] = {"undrain", cli->args.words[0]};

    if (strcmp(cli->verb->word, "drain") == 0)
        return drain_for(cli);
    return ask_dispatcher(cli, words, 2, NULL, NULL);
}

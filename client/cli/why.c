/* muster why JID [HOST]: what happened to a job's task there, with times. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/cli/ask.h"
#include "client/cli/json.h"
#include "client/cli/text.h"

#define TIME_MAX 40 /* bytes of a time for people, with NUL */

/* 1700000000.123, as people write it here. */
static void write_time(const char *text, char *out, size_t size)
{
    const char *point = strchr(text, '.');
    time_t seconds = (time_t)strtoll(text, NULL, 10);
    struct tm tm;
    size_t n = 0;

    if (localtime_r(&seconds, &tm))
        n = strftime(out, size, "%Y-%m-%d %H:%M:%S", &tm);
    snprintf(out + n, size - n, "%.4s", point ? point : "");
}

static void print_entry(struct cli *cli, const char *const *words)
{
    struct buf *out = out_buf(&cli->out);
    char when[TIME_MAX];

    write_time(words[1], when, sizeof(when));
    buf_add_fmt(out, cli->color ? "%s  \x1b[1m%-9s\x1b[0m" : "%s  %-9s", when,
                words[2]);
    if (*words[3])
        buf_add_str(out, "  ");
    text_add_safe(out, words[3], strlen(words[3]));
    buf_add_char(out, '\n');
}

static void print_json(struct cli *cli, const char *const *words, bool entry)
{
    struct jline *j = jline_new();

    if (entry) {
        jline_value(j, "at", words[1]);
        jline_text(j, "kind", words[2]);
        jline_text(j, "text", words[3]);
    } else {
        jline_value(j, "cut", words[1]);
    }
    cli_json(cli, j);
}

/* at TIME KIND TEXT, or cut N */
static void on_line(void *arg, const char *const *words, size_t count)
{
    struct cli *cli = arg;
    bool entry = count == 4 && strcmp(words[0], "at") == 0;

    if (!entry && (count != 2 || strcmp(words[0], "cut") != 0))
        return;
    if (cli->json)
        print_json(cli, words, entry);
    else if (entry)
        print_entry(cli, words);
    else
        buf_add_fmt(out_buf(&cli->out), "... %s more are not kept\n", words[1]);
}

int verb_why(struct cli *cli)
{
    const char *words[] = {"why", cli->args.words[0], NULL};

    if (cli->args.n_words > 1)
        words[2] = cli->args.words[1];
    return ask_dispatcher(cli, words, cli->args.n_words + 1, on_line, cli);
}

/* muster plan: where a request would run, and the id to run it by. */
#include <stdlib.h>
#include <string.h>

#include "client/cli/ask.h"
#include "client/cli/exec_request.h"
#include "client/cli/json.h"
#include "client/cli/text.h"
#include "lib/mem.h"

static void print_plan(struct cli *cli, const char *id, const char *n)
{
    struct jline *j;

    if (!cli->json) {
        buf_add_fmt(out_buf(&cli->out), "plan %s: %s host%s\n", id, n,
                    strcmp(n, "1") == 0 ? "" : "s");
        return;
    }
    j = jline_new();
    jline_text(j, "plan", id);
    jline_value(j, "hosts", n);
    cli_json(cli, j);
}

static void print_host(struct cli *cli, const char *host, const char *why)
{
    struct buf *out = out_buf(&cli->out);
    struct jline *j;

    if (cli->json) {
        j = jline_new();
        jline_text(j, "host", host);
        jline_bool(j, "runs", why == NULL);
        if (why)
            jline_text(j, "why", why);
        cli_json(cli, j);
        return;
    }
    buf_add_str(out, why ? "- " : "  ");
    text_add_safe(out, host, strlen(host));
    if (why) {
        buf_add_str(out, "  ");
        text_add_safe(out, why, strlen(why));
    }
    buf_add_char(out, '\n');
}

/* plan ID N, host HOST, skip HOST WHY */
static void on_line(void *arg, const char *const *words, size_t count)
{
    struct cli *cli = arg;

    if (count == 3 && strcmp(words[0], "plan") == 0)
        print_plan(cli, words[1], words[2]);
    else if (count == 2 && strcmp(words[0], "host") == 0)
        print_host(cli, words[1], NULL);
    else if (count == 3 && strcmp(words[0], "skip") == 0)
        print_host(cli, words[1], words[2]);
}

int verb_plan(struct cli *cli)
{
    const char *op = args_get(&cli->args, "op");
    struct exec_request r;
    const char **words;
    size_t n = 0;
    int status;

    if (!exec_request_begin(&r, cli, op ? op : "execute"))
        return CLI_USAGE;
    words = xcalloc(2 + 2 * r.pairs.count, sizeof(*words));
    words[n++] = "plan";
    words[n++] = r.op;
    for (size_t i = 0; i < r.pairs.count; i++) {
        words[n++] = r.pairs.list[i].name;
        words[n++] = r.pairs.list[i].value;
    }
    status = ask_dispatcher(cli, words, n, on_line, cli);
    free(words);
    exec_request_free(&r);
    return status;
}

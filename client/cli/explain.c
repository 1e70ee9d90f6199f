/* muster explain HOST: which terms of a selector hold for it, and why. */
#include <stdlib.h>
#include <string.h>

#include "client/cli/ask.h"
#include "client/cli/exec_request.h"
#include "client/cli/json.h"
#include "client/cli/records.h"
#include "client/cli/text.h"

struct explaining {
    struct cli *cli;
    bool matches;
};

static void add_pair(struct buf *out, const char *name, const char *value)
{
    buf_add_str(out, name);
    text_add_safe(out, value, strlen(value));
}

static void print_term(struct cli *cli, const char *term, bool holds,
                       const struct muster_service *s)
{
    const char *value = muster_service_get(s, "value");
    const char *age = muster_service_get(s, "age");
    struct buf *out = out_buf(&cli->out);

    buf_add_str(out, holds ? "  yes  " : "  no   ");
    text_add_safe(out, term, strlen(term));
    if (value)
        add_pair(out, "    it has: ", value);
    else
        buf_add_str(out, "    it has none");
    if (age) {
        buf_add_str(out, ", for ");
        text_add_elapsed(out, (uint64_t)(1000 * strtod(age, NULL)));
    }
    buf_add_char(out, '\n');
}

static void print_host(struct cli *cli, const char *host, bool matches,
                       const struct muster_service *s)
{
    const char *drained = muster_service_get(s, "drained");
    struct buf *out = out_buf(&cli->out);

    text_add_safe(out, host, strlen(host));
    buf_add_str(out, matches ? " matches" : " does not match");
    if (drained)
        add_pair(out, ", but is drained: ", drained);
    if (muster_service_get(s, "link"))
        buf_add_str(out, ", but is not connected");
    buf_add_char(out, '\n');
}

static void print_json(struct cli *cli, const char *key, const char *what,
                       bool yes, const struct muster_service *s)
{
    struct jline *j = jline_new();
    const char *age = muster_service_get(s, "age");

    jline_text(j, key, what);
    jline_bool(j, strcmp(key, "term") == 0 ? "holds" : "matches", yes);
    for (size_t i = 0; i < s->attr_count; i++)
        if (s->attrs[i].value != age)
            jline_text(j, s->attrs[i].name, s->attrs[i].value);
    if (age)
        jline_value(j, "age", age);
    cli_json(cli, j);
}

/* matches HOST 0|1 [attr value]..., then term TEXT 0|1 [attr value]... */
static void on_line(void *arg, const char *const *words, size_t count)
{
    struct explaining *x = arg;
    struct muster_service s;
    bool host, yes;

    if (count < 3)
        return;
    host = strcmp(words[0], "matches") == 0;
    yes = strcmp(words[2], "1") == 0;
    s = records_make(words + 2, count - 2);
    if (host)
        x->matches = yes;
    if (x->cli->json)
        print_json(x->cli, host ? "host" : "term", words[1], yes, &s);
    else if (host)
        print_host(x->cli, words[1], yes, &s);
    else
        print_term(x->cli, words[1], yes, &s);
    free((void *)s.attrs);
}

/* Exit status 0: it matches, 1: it does not. */
int verb_explain(struct cli *cli)
{
    struct explaining x = {.cli = cli};
    struct buf on = BUF_INIT;
    const char *words[] = {"explain", cli->args.words[0], "all"};
    int status = CLI_USAGE;

    if (exec_request_selectors(cli, &on)) {
        if (buf_len(&on))
            words[2] = buf_str(&on);
        status = ask_dispatcher(cli, words, 3, on_line, &x);
        if (status == CLI_OK && !x.matches)
            status = CLI_NO;
    }
    buf_free(&on);
    return status;
}

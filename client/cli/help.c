/*
 * muster help: the list of verbs, or one of them with its options; with
 * --json the table itself, which the tests hold the manual to.
 */
#include <string.h>

#include "client/cli/cli.h"
#include "lib/suggest.h"
#include "lib/mem.h"

static void heading(struct cli *cli, const char *text)
{
    buf_add_fmt(out_buf(&cli->out), cli->color ? "\x1b[1m%s\x1b[0m\n" : "%s\n",
                text);
}

/* "-s, --selector SELECTOR", "    --table[=A,B]" */
static void option_name(struct buf *out, const struct verb_option *o)
{
    if (o->letter)
        buf_add_fmt(out, "-%c, --%s", o->letter, o->name);
    else
        buf_add_fmt(out, "    --%s", o->name);
    if (o->kind == VALUE_OPTIONAL)
        buf_add_fmt(out, "[=%s]", o->value);
    else if (o->kind != VALUE_NONE)
        buf_add_fmt(out, " %s", o->value);
}

static void print_options(struct cli *cli, const struct verb_option *o)
{
    struct buf name = BUF_INIT, *out = out_buf(&cli->out);

    for (; o && o->name; o++) {
        buf_reset(&name, 0);
        option_name(&name, o);
        if (buf_len(&name) > 27)
            buf_add_fmt(out, "  %s\n%31s%s\n", buf_str(&name), "", o->help);
        else
            buf_add_fmt(out, "  %-27s  %s\n", buf_str(&name), o->help);
    }
    buf_free(&name);
}

static void print_verb(struct cli *cli, const struct verb *v)
{
    struct buf *out = out_buf(&cli->out);

    buf_add_fmt(out, "usage: muster %s%s%s\n", v->word, *v->usage ? " " : "",
                v->usage);
    buf_add_fmt(out, "%c%s.\n", v->help[0] - 'a' + 'A', v->help + 1);
    if (v->more)
        buf_add_fmt(out, "\n%s", v->more);
    if (v->options_of) {
        buf_add_fmt(out, "\nIts options: muster help %s\n", v->options_of);
    } else if (v->options) {
        buf_add_char(out, '\n');
        heading(cli, "options");
        print_options(cli, v->options);
    }
    buf_add_str(out, "\nThe options of every verb: muster help\n");
}

static void print_all(struct cli *cli)
{
    struct buf *out = out_buf(&cli->out);
    size_t count;
    const struct verb *table = verbs_table(&count);

    buf_add_str(out, "usage: muster VERB [OPTION...] [WORD...]\n\n");
    heading(cli, "verbs");
    for (size_t i = 0; i < count; i++)
        buf_add_fmt(out, "  %-12s %s\n", table[i].word, table[i].help);
    buf_add_char(out, '\n');
    heading(cli, "options of every verb");
    print_options(cli, verbs_globals());
    buf_add_str(out, "\nmuster help VERB explains one. To try it all out: "
                     "muster dev\n");
}

/* -- as JSON --------------------------------------------------------------- */

static void add_options(struct jline *j, const char *key,
                        const struct verb_option *o)
{
    for (; o && o->name; o++) {
        struct jline *one = jline_new();
        char letter[2] = {o->letter, 0};

        jline_text(one, "name", o->name);
        if (o->letter)
            jline_text(one, "letter", letter);
        if (o->kind != VALUE_NONE)
            jline_text(one, "value", o->value);
        jline_text(one, "help", o->help);
        jline_append(j, key, one);
    }
}

static void json_verb(struct cli *cli, const struct verb *v)
{
    struct jline *j = jline_new();

    jline_text(j, "verb", v->word);
    jline_text(j, "usage", v->usage);
    jline_text(j, "help", v->help);
    if (v->options_of)
        jline_text(j, "options_of", v->options_of);
    else
        add_options(j, "options", v->options);
    cli_json(cli, j);
}

static void json_all(struct cli *cli)
{
    struct jline *j = jline_new();
    size_t count;
    const struct verb *table = verbs_table(&count);

    add_options(j, "globals", verbs_globals());
    cli_json(cli, j);
    for (size_t i = 0; i < count; i++)
        json_verb(cli, &table[i]);
}

/* `muster help VERB`, `muster VERB --help`, `muster help`, `muster`. */
int verb_help(struct cli *cli)
{
    const struct args *a = &cli->args;
    const struct verb *v = a->verb;
    bool by_name = v && strcmp(v->word, "help") == 0;

    if (by_name && a->n_words > 0)
        v = verbs_find(a->words[0]);
    else if (by_name && !args_has(a, "help"))
        v = NULL;
    if (by_name && a->n_words > 0 && !v)
        return cli_fail(cli, CLI_USAGE, "muster help lists them", "no verb %s",
                        a->words[0]);
    if (cli->json)
        v ? json_verb(cli, v) : json_all(cli);
    else
        v ? print_verb(cli, v) : print_all(cli);
    return a->verb || args_has(a, "help") ? CLI_OK : CLI_USAGE;
}

/*
 * muster find: a lookup, its answer as lines, names, a number, a table or JSON.
 * The registry does the narrowing; nothing is kept here but what a table needs
 * for its widths.
 */
#include <stdlib.h>
#include <string.h>

#include "client/cli/cli.h"
#include "client/cli/service_table.h"

struct find {
    struct cli *cli;
    struct service_table *table; /* or NULL */
    uint64_t matched;            /* services told */
    bool count;                  /* --count: the only "service" is a number */
};

static void print_json(struct find *f, const struct muster_service *s)
{
    struct jline *j = jline_new();

    jline_text(j, "name", s->name);
    if (!args_has(&f->cli->args, "names"))
        jline_attrs(j, "attrs", s->attrs, s->attr_count);
    cli_json(f->cli, j);
}

static void print_count(struct find *f, const char *number)
{
    struct jline *j;

    f->matched = strtoull(number, NULL, 10);
    if (!f->cli->json) {
        buf_add_fmt(out_buf(&f->cli->out), "%s\n", number);
        return;
    }
    j = jline_new();
    jline_int(j, "count", (long long)f->matched);
    cli_json(f->cli, j);
}

static void on_service(void *arg, const struct muster_service *s)
{
    struct find *f = arg;

    if (f->count) {
        print_count(f, s->name);
        return;
    }
    f->matched++;
    if (f->cli->json)
        print_json(f, s);
    else if (f->table)
        service_table_add(f->table, s);
    else
        cli_service_line(f->cli, s);
}

static void on_done(void *arg, const char *error, uint64_t revision)
{
    struct find *f = arg;

    (void)revision;
    if (f->table)
        service_table_end(f->table);
    out_flush(&f->cli->out);
    if (error) {
        cli_stop(f->cli, cli_fail_registry(f->cli, error));
        return;
    }
    if (!f->matched && f->cli->out.tty && !f->count && !f->cli->json)
        cli_note(f->cli, "nothing matches");
    cli_stop(f->cli, f->matched ? CLI_OK : CLI_NOBODY);
}

static size_t directives(const struct args *a, struct muster_attr *d)
{
    size_t n = 0;

    if (args_has(a, "names"))
        d[n++] = (struct muster_attr){".names", "1"};
    if (args_has(a, "count"))
        d[n++] = (struct muster_attr){".count", "1"};
    if (args_has(a, "limit"))
        d[n++] = (struct muster_attr){".limit", args_get(a, "limit")};
    if (args_has(a, "after"))
        d[n++] = (struct muster_attr){".after", args_get(a, "after")};
    return n;
}

/* What to print: at most one of these. */
static bool one_form(struct cli *cli)
{
    const struct args *a = &cli->args;
    int forms =
        args_has(a, "names") + args_has(a, "count") + args_has(a, "table");

    if (forms < 2 && !(args_has(a, "table") && cli->json))
        return true;
    cli_fail(cli, CLI_USAGE, NULL,
             "find: --names, --count and --table (or --table and --json) "
             "exclude each other");
    return false;
}

int verb_find(struct cli *cli)
{
    static const struct muster_find_callbacks cb = {on_service, on_done};
    struct find f = {.cli = cli, .count = args_has(&cli->args, "count")};
    struct buf selector = BUF_INIT;
    struct muster_attr d[4];
    char *error;
    int status = CLI_USAGE;

    if (one_form(cli) && cli_selector(cli, &selector)) {
        size_t n = directives(&cli->args, d);

        if (!cli_connect(cli))
            ;
        else if (muster_find_with(cli->muster, buf_str(&selector), d, n, &cb,
                                  &f, &error)) {
            if (args_has(&cli->args, "table"))
                f.table = service_table_new(cli, "name",
                                            args_get(&cli->args, "table"));
            status = cli_run(cli);
        } else {
            cli_fail_text(cli, status, error, NULL);
        }
    }
    buf_free(&selector);
    return status;
}

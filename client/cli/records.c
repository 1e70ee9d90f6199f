#include "client/cli/records.h"

#include <stdlib.h>

#include "lib/mem.h"

void records_begin(struct records *r, struct cli *cli, const char *key,
                   const char *columns)
{
    *r = (struct records){.cli = cli, .key = key};
    if (cli->out.tty && !cli->json)
        r->table = service_table_new(cli, key, columns);
}

static void print_json(struct records *r, const struct muster_service *s)
{
    struct jline *j = jline_new();

    jline_text(j, r->key, s->name);
    for (size_t i = 0; i < s->attr_count; i++)
        jline_text(j, s->attrs[i].name, s->attrs[i].value);
    cli_json(r->cli, j);
}

void records_add(struct records *r, const char *const *words, size_t count)
{
    size_t pairs = (count - 1) / 2;
    struct muster_attr *attrs = xcalloc(pairs + 1, sizeof(*attrs));
    struct muster_service s = {words[0], attrs, pairs};

    for (size_t i = 0; i < pairs; i++) {
        attrs[i].name = words[1 + 2 * i];
        attrs[i].value = words[2 + 2 * i];
    }
    r->count++;
    if (r->cli->json)
        print_json(r, &s);
    else if (r->table)
        service_table_add(r->table, &s);
    else
        cli_service_line(r->cli, &s);
    free(attrs);
}

void records_end(struct records *r)
{
    if (r->table)
        service_table_end(r->table);
    r->table = NULL;
    out_flush(&r->cli->out);
}

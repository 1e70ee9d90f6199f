#include "client/cli/records.h"

#include <stdlib.h>
#include <string.h>

#include "client/cli/jobs_text.h"
#include "lib/mem.h"

struct muster_service records_make(const char *const *words, size_t count)
{
    size_t pairs = (count - 1) / 2;
    struct muster_attr *attrs = xcalloc(pairs + 1, sizeof(*attrs));

    for (size_t i = 0; i < pairs; i++) {
        attrs[i].name = words[1 + 2 * i];
        attrs[i].value = words[2 + 2 * i];
    }
    return (struct muster_service){words[0], attrs, pairs};
}

static void add_json(struct jline *j, const struct muster_attr *a)
{
    if (strcmp(a->name, "rc") == 0 && strcmp(a->value, "-") == 0)
        jline_null(j, a->name);
    else if (jobs_is_number(a->name))
        jline_value(j, a->name, a->value);
    else
        jline_text(j, a->name, a->value);
}

void records_print(struct cli *cli, const char *key,
                   const struct muster_service *s)
{
    struct jline *j;

    if (!cli->json) {
        cli_service_line(cli, s);
        return;
    }
    j = jline_new();
    jline_text(j, key, s->name);
    for (size_t i = 0; i < s->attr_count; i++)
        add_json(j, &s->attrs[i]);
    cli_json(cli, j);
}

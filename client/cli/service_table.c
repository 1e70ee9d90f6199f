#include "client/cli/service_table.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/columns.h"
#include "lib/mem.h"

#define LOOK_AT     200 /* services that are looked at for their attributes */
#define COLUMNS_MAX 64  /* attributes that become columns */

/* A service that waits until the columns are known. */
struct held {
    char *name;
    struct muster_attr *attrs; /* owned texts */
    size_t count;
};

struct service_table {
    struct cli *cli;
    const char *title;
    char *names[COLUMNS_MAX]; /* of the attributes, owned */
    size_t n_names;
    struct held held[LOOK_AT];
    size_t n_held;
    bool asked; /* they were named by the user */
    bool begun; /* columns stand */
    struct columns columns;
};

static void add_name(struct service_table *t, const char *name, size_t len)
{
    for (size_t i = 0; i < t->n_names; i++)
        if (strlen(t->names[i]) == len && !strncmp(t->names[i], name, len))
            return;
    if (len > 0 && t->n_names < COLUMNS_MAX)
        t->names[t->n_names++] = xstrndup(name, len);
}

static void begin(struct service_table *t)
{
    struct cli *cli = t->cli;
    const char *cells[COLUMNS_MAX + 1] = {t->title};

    for (size_t i = 0; i < t->n_names; i++)
        cells[i + 1] = t->names[i];
    columns_init(&t->columns, t->n_names + 1,
                 cli->out.tty ? cli_terminal_width(cli->out.fd) : 0,
                 cli->color);
    columns_row(&t->columns, cells, out_buf(&cli->out));
    t->begun = true;
}

struct service_table *service_table_new(struct cli *cli, const char *title,
                                        const char *attrs)
{
    struct service_table *t = xcalloc(1, sizeof(*t));

    t->cli = cli;
    t->title = title;
    for (const char *p = attrs; *p; p += strcspn(p, ",")) {
        p += *p == ',';
        add_name(t, p, strcspn(p, ","));
    }
    t->asked = t->n_names > 0;
    return t;
}

static void write_row(struct service_table *t, const struct muster_service *s)
{
    const char *cells[COLUMNS_MAX + 1] = {s->name};

    for (size_t i = 0; i < t->n_names; i++) {
        const char *value = muster_service_get(s, t->names[i]);

        cells[i + 1] = value ? value : "";
    }
    columns_row(&t->columns, cells, out_buf(&t->cli->out));
    out_push(&t->cli->out);
}

static void hold(struct service_table *t, const struct muster_service *s)
{
    struct held *h = &t->held[t->n_held++];

    h->name = xstrdup(s->name);
    h->count = s->attr_count;
    h->attrs = xcalloc(s->attr_count + 1, sizeof(*h->attrs));
    for (size_t i = 0; i < s->attr_count; i++) {
        h->attrs[i].name = xstrdup(s->attrs[i].name);
        h->attrs[i].value = xstrdup(s->attrs[i].value);
        add_name(t, h->attrs[i].name, strlen(h->attrs[i].name));
    }
}

static void held_free(struct held *h)
{
    for (size_t i = 0; i < h->count; i++) {
        free((char *)h->attrs[i].name);
        free((char *)h->attrs[i].value);
    }
    free(h->attrs);
    free(h->name);
}

static void release(struct service_table *t)
{
    begin(t);
    for (size_t i = 0; i < t->n_held; i++) {
        struct held *h = &t->held[i];
        struct muster_service s = {h->name, h->attrs, h->count};

        write_row(t, &s);
        held_free(h);
    }
    t->n_held = 0;
}

void service_table_add(struct service_table *t, const struct muster_service *s)
{
    if (!t->begun && t->asked)
        begin(t);
    if (!t->begun) {
        hold(t, s);
        if (t->n_held == LOOK_AT)
            release(t);
        return;
    }
    write_row(t, s);
}

void service_table_end(struct service_table *t)
{
    size_t hidden = 0;

    if (!t->begun && t->n_held > 0)
        release(t);
    if (t->begun)
        hidden = columns_end(&t->columns, out_buf(&t->cli->out));
    out_flush(&t->cli->out);
    if (hidden > 0)
        cli_note(t->cli, "%zu more columns do not fit: --table=%s,... chooses",
                 hidden, t->names[0]);
    for (size_t i = 0; i < t->n_names; i++)
        free(t->names[i]);
    free(t);
}

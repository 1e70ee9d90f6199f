/*
 * muster services and muster nodes: what the catalog of a registry has, in the
 * Consul sense of the words: nodes, services, checks.
 */
#include <stdlib.h>
#include <string.h>

#include "client/cli/columns.h"
#include "client/cli/consul.h"
#include "lib/mem.h"

/* -- rows ------------------------------------------------------------------ */

#define CELLS_MAX 6

/* A table for people, a line of words for pipes, an object for --json. */
struct rows {
    struct cli *cli;
    const char *const *titles; /* also the keys of objects */
    size_t count;              /* of cells; the last may be a list of texts */
    struct columns columns;
    size_t told;
};

static void rows_begin(struct rows *r, struct cli *cli,
                       const char *const *titles, size_t count)
{
    *r = (struct rows){.cli = cli, .titles = titles, .count = count};
    columns_init(&r->columns, count, cli_terminal_width(cli->out.fd),
                 cli->color);
    if (cli->out.tty && !cli->json)
        columns_row(&r->columns, titles, out_buf(&cli->out));
}

/* "a,b" of a list, a text as it is. */
static void add_cell(struct buf *out, const json_t *value)
{
    const json_t *item;
    size_t i;

    if (json_is_string(value))
        buf_add_str(out, json_string_value(value));
    json_array_foreach(value, i, item)
    {
        buf_add_str(out, i ? "," : "");
        buf_add_str(out, json_string_value(item));
    }
}

static void put_row(struct rows *r, json_t **values)
{
    struct buf cells[CELLS_MAX] = {BUF_INIT}, line = BUF_INIT;
    const char *texts[CELLS_MAX];

    for (size_t i = 0; i < r->count; i++) {
        add_cell(&cells[i], values[i]);
        texts[i] = buf_len(&cells[i]) ? buf_str(&cells[i]) : "";
        buf_add_words(&line, texts[i]);
    }
    if (r->cli->out.tty) {
        columns_row(&r->columns, texts, out_buf(&r->cli->out));
    } else {
        buf_add(out_buf(&r->cli->out), buf_data(&line), buf_len(&line));
        buf_add_char(out_buf(&r->cli->out), '\n');
    }
    out_push(&r->cli->out);
    for (size_t i = 0; i < r->count; i++)
        buf_free(&cells[i]);
    buf_free(&line);
}

/* One row; the values are taken over. */
static void rows_add(struct rows *r, json_t **values)
{
    json_t *o;

    r->told++;
    if (!r->cli->json) {
        put_row(r, values);
    } else {
        o = json_object();
        for (size_t i = 0; i < r->count; i++)
            json_object_set(o, r->titles[i], values[i]);
        consul_put_json(r->cli, o);
    }
    for (size_t i = 0; i < r->count; i++)
        json_decref(values[i]);
}

static int rows_end(struct rows *r)
{
    columns_end(&r->columns, out_buf(&r->cli->out));
    if (!r->told && r->cli->out.tty && !r->cli->json)
        cli_note(r->cli, "nothing matches");
    return r->told ? CLI_OK : CLI_NOBODY;
}

/* A copy of what the object has there: a text or a list of texts. */
static json_t *get(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key), *item;
    json_t *list;
    size_t i;

    if (!json_is_array(value))
        return json_string(consul_text(object, key));
    list = json_array();
    json_array_foreach(value, i, item)
    {
        if (json_is_string(item))
            json_array_append_new(list, json_string(json_string_value(item)));
    }
    return list;
}

static json_t *get_address(const char *host, const json_t *service)
{
    const char *own = consul_text(service, "Address");
    unsigned long long port = consul_number(service, "Port");

    host = *own ? own : host;
    if (!port)
        return json_string(host);
    return json_sprintf(strchr(host, ':') ? "[%s]:%llu" : "%s:%llu", host,
                        port);
}

/* -- services -------------------------------------------------------------- */

/* The worst of an instance's checks. */
static const char *worst(const json_t *checks)
{
    static const char *const order[] = {"passing", "warning", "critical"};
    const json_t *check;
    size_t i, at = 0;

    json_array_foreach(checks, i, check)
    {
        for (size_t n = at + 1; n < ARRAY_LEN(order); n++)
            if (!strcmp(consul_text(check, "Status"), order[n]))
                at = n;
    }
    return order[at];
}

/* No instance came: there is none, or none that is asked for. */
static int no_instance(struct cli *cli)
{
    const char *name = cli->args.words[0];

    if (args_has(&cli->args, "tag") || args_has(&cli->args, "passing"))
        return cli_fail(cli, CLI_NOBODY, NULL,
                        "no instance of a service %s matches --tag or "
                        "--passing",
                        name);
    return cli_fail(cli, CLI_NOBODY, NULL, "there is no service %s", name);
}

static int tell_instances(struct consul *c, const struct http_answer *a)
{
    static const char *const titles[] = {"node", "id", "address", "status",
                                         "tags"};
    json_t *all = consul_json(a), *entry;
    struct rows rows;
    size_t i;

    if (!json_is_array(all)) {
        json_decref(all);
        return consul_strange(c);
    }
    if (!json_array_size(all)) {
        json_decref(all);
        return no_instance(c->cli);
    }
    rows_begin(&rows, c->cli, titles, ARRAY_LEN(titles));
    json_array_foreach(all, i, entry)
    {
        const json_t *node = json_object_get(entry, "Node");
        const json_t *service = json_object_get(entry, "Service");
        json_t *values[] = {
            get(node, "Node"), get(service, "ID"),
            get_address(consul_text(node, "Address"), service),
            json_string(worst(json_object_get(entry, "Checks"))),
            get(service, "Tags")};

        rows_add(&rows, values);
    }
    json_decref(all);
    return rows_end(&rows);
}

static int tell_services(struct consul *c, const struct http_answer *a)
{
    static const char *const titles[] = {"service", "tags"};
    json_t *all = consul_json(a), *tags;
    struct rows rows;
    const char *name;

    if (!json_is_object(all)) {
        json_decref(all);
        return consul_strange(c);
    }
    rows_begin(&rows, c->cli, titles, ARRAY_LEN(titles));
    json_object_foreach(all, name, tags)
    {
        json_t *values[] = {json_string(name), get(all, name)};

        rows_add(&rows, values);
    }
    json_decref(all);
    return rows_end(&rows);
}

int verb_services(struct cli *cli)
{
    const struct args *a = &cli->args;
    const char *name = a->n_words ? a->words[0] : NULL;
    struct buf path = BUF_INIT;
    int status;

    if (!name && (args_has(a, "tag") || args_has(a, "passing")))
        return cli_fail(cli, CLI_USAGE, NULL,
                        "services: --tag and --passing need the NAME of a "
                        "service");
    buf_add_str(&path, name ? "/v1/health/service/" : "/v1/catalog/services");
    if (name)
        consul_add_path(&path, name);
    for (size_t i = 0; args_nth(a, "tag", i); i++)
        consul_add_query(&path, "tag", args_nth(a, "tag", i));
    consul_add_query(&path, args_has(a, "passing") ? "passing" : NULL, "1");
    status = consul_once(cli, "GET", buf_str(&path), NULL, NULL,
                         name ? tell_instances : tell_services);
    buf_free(&path);
    return status;
}

/* -- nodes ----------------------------------------------------------------- */

static int tell_node(struct consul *c, const struct http_answer *a)
{
    static const char *const titles[] = {"service", "id", "address", "tags"};
    json_t *all = consul_json(a), *node, *service;
    struct rows rows;
    const char *id;

    if (json_is_null(all)) {
        json_decref(all);
        return cli_fail(c->cli, CLI_NOBODY, NULL, "there is no node %s",
                        c->cli->args.words[0]);
    }
    if (!json_is_object(json_object_get(all, "Services"))) {
        json_decref(all);
        return consul_strange(c);
    }
    node = json_object_get(all, "Node");
    rows_begin(&rows, c->cli, titles, ARRAY_LEN(titles));
    json_object_foreach(json_object_get(all, "Services"), id, service)
    {
        json_t *values[] = {get(service, "Service"), get(service, "ID"),
                            get_address(consul_text(node, "Address"), service),
                            get(service, "Tags")};

        rows_add(&rows, values);
    }
    json_decref(all);
    rows_end(&rows);
    return CLI_OK;
}

static int tell_nodes(struct consul *c, const struct http_answer *a)
{
    static const char *const titles[] = {"node", "address", "id"};
    json_t *all = consul_json(a), *node;
    struct rows rows;
    size_t i;

    if (!json_is_array(all)) {
        json_decref(all);
        return consul_strange(c);
    }
    rows_begin(&rows, c->cli, titles, ARRAY_LEN(titles));
    json_array_foreach(all, i, node)
    {
        json_t *values[] = {get(node, "Node"), get(node, "Address"),
                            get(node, "ID")};

        rows_add(&rows, values);
    }
    json_decref(all);
    return rows_end(&rows);
}

int verb_nodes(struct cli *cli)
{
    const struct args *a = &cli->args;
    const char *name = a->n_words ? a->words[0] : NULL;
    struct buf path = BUF_INIT;
    int status;

    buf_add_str(&path, name ? "/v1/catalog/node/" : "/v1/catalog/nodes");
    if (name)
        consul_add_path(&path, name);
    status = consul_once(cli, "GET", buf_str(&path), NULL, NULL,
                         name ? tell_node : tell_nodes);
    buf_free(&path);
    return status;
}

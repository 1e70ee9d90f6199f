/*
 * muster config: what a program would use, where each value comes from, and
 * every mistake in it. What it shows is a configuration itself.
 */
#include <stdlib.h>
#include <string.h>

#include "client/cli/cli.h"
#include "client/cli/text.h"
#include "lib/auth/auth_conf.h"
#include "lib/mem.h"

#define ORIGIN_COLUMN 44 /* where the origins begin, if there is room */

static const struct {
    const char *name;
    unsigned program;
} programs[] = {
    {"musterd", CONF_MUSTERD},
    {"muster-dispatch", CONF_DISPATCH},
    {"muster-worker", CONF_WORKER},
    {"muster", CONF_CLI},
};

/* The programs that are asked about: one, or all. */
static unsigned wanted_programs(const struct cli *cli)
{
    const char *name = args_get(&cli->args, "program");

    for (size_t i = 0; name != NULL && i < ARRAY_LEN(programs); i++)
        if (strcmp(programs[i].name, name) == 0)
            return programs[i].program;
    return CONF_ALL;
}

/* -- mistakes -------------------------------------------------------------- */

static void tell_mistake(struct cli *cli, const struct conf_error *e)
{
    struct jline *j = jline_new();

    jline_text(j, "error", e->text);
    jline_text(j, "where", e->where);
    if (e->line > 0)
        jline_int(j, "line", e->line);
    jline_int(j, "exit", CLI_NO);
    cli_json(cli, j);
}

static int tell_mistakes(struct cli *cli, struct conf_errors *errs)
{
    for (size_t i = 0; cli->json && i < errs->n; i++)
        tell_mistake(cli, &errs->items[i]);
    if (!cli->json)
        conf_errors_print(errs, stderr, "muster");
    conf_errors_free(errs);
    return CLI_NO;
}

static int config_check(struct cli *cli)
{
    struct jline *j;

    if (!cli->json) {
        buf_add_str(out_buf(&cli->out), "ok\n");
        return CLI_OK;
    }
    j = jline_new();
    jline_bool(j, "ok", true);
    cli_json(cli, j);
    return CLI_OK;
}

/* -- lines ----------------------------------------------------------------- */

/* "KEY: VALUE    # ORIGIN", as the file could have it. */
static void show_line(struct cli *cli, const char *line, const char *origin)
{
    struct buf *out = out_buf(&cli->out);
    size_t width = text_width(line, strlen(line));

    text_add_safe(out, line, strlen(line));
    text_pad(out, width, ORIGIN_COLUMN);
    buf_add_str(out, cli->color ? "\x1b[2m  # " : "  # ");
    text_add_safe(out, origin, strlen(origin));
    buf_add_str(out, cli->color ? "\x1b[0m\n" : "\n");
    out_push(&cli->out);
}

/* Each entry of a map has an origin of its own. */
static void show_entries(struct cli *cli, const char *key)
{
    struct conf_map_entry entry;
    char *text, *line;

    for (size_t i = 0; i < conf_map_size(cli->conf, key); i++) {
        entry = conf_map_at(cli->conf, key, i);
        text = conf_quote(entry.value);
        line = xasprintf("%s.%s: %s", key, entry.name, text);
        show_line(cli, line, entry.origin);
        free(line);
        free(text);
    }
}

/* The origin, and what % stands for here. */
static char *origin_text(const struct conf *conf, const struct conf_setting *s)
{
    const char *origin = conf_origin(conf, s->key);

    if (*conf_text(conf, s->key) == '\0')
        return xstrdup("not set");
    if (s->type == CONF_ID && strchr(conf_text(conf, s->key), '%') != NULL)
        return xasprintf("%s; here %s", origin, conf_str(conf, s->key));
    return xstrdup(origin);
}

static void show_setting(struct cli *cli, const struct conf_setting *s)
{
    const char *text = conf_text(cli->conf, s->key);
    char *line, *origin;

    if ((s->type == CONF_MAP || s->type == CONF_ACTIONS) &&
        conf_map_size(cli->conf, s->key) > 0) {
        show_entries(cli, s->key);
        return;
    }
    line = xasprintf(*text == '\0' ? "#%s:%s" : "%s: %s", s->key, text);
    origin = origin_text(cli->conf, s);
    show_line(cli, line, origin);
    free(line);
    free(origin);
}

/* -- objects --------------------------------------------------------------- */

static void add_map(struct jline *j, const struct conf *conf, const char *key)
{
    size_t n = conf_map_size(conf, key);
    struct muster_attr *attrs = xcalloc(n + 1, sizeof(*attrs));
    struct conf_map_entry entry;

    for (size_t i = 0; i < n; i++) {
        entry = conf_map_at(conf, key, i);
        attrs[i] = (struct muster_attr){entry.name, entry.value};
    }
    jline_attrs(j, "value", attrs, n);
    free(attrs);
}

/* A value as JSON has it; durations and sizes as texts, and as numbers too. */
static void add_value(struct jline *j, const struct conf *conf,
                      const struct conf_setting *s)
{
    const char *const *list;
    const char *text;
    size_t n;

    switch (s->type) {
    case CONF_BOOL: jline_bool(j, "value", conf_bool(conf, s->key)); return;
    case CONF_INT: jline_int(j, "value", conf_int(conf, s->key)); return;
    case CONF_MAP:
    case CONF_ACTIONS: add_map(j, conf, s->key); return;
    case CONF_LISTEN:
    case CONF_BINDS:
    case CONF_REGISTRIES:
    case CONF_WORDS:
        list = conf_list(conf, s->key, &n);
        jline_list(j, "value", list, n);
        return;
    default: break;
    }
    text = conf_str(conf, s->key);
    if (text != NULL)
        jline_text(j, "value", text);
    else
        jline_null(j, "value");
    if (s->type == CONF_DURATION)
        jline_int(j, "ms", conf_duration_ms(conf, s->key));
    if (s->type == CONF_SIZE)
        jline_int(j, "bytes", (long long)conf_size(conf, s->key));
}

static void show_object(struct cli *cli, const struct conf_setting *s)
{
    struct jline *j = jline_new();

    jline_text(j, "key", s->key);
    add_value(j, cli->conf, s);
    jline_bool(j, "set", conf_is_set(cli->conf, s->key));
    jline_text(j, "origin", conf_origin(cli->conf, s->key));
    jline_bool(j, "reloadable", s->reloadable);
    cli_json(cli, j);
}

/* -- the verb -------------------------------------------------------------- */

/* Which file and profile there are to be seen in the origins. */
static void show_head(struct cli *cli)
{
    const char *file = conf_file(cli->conf);
    const char *profile = conf_profile(cli->conf);
    struct buf *out = out_buf(&cli->out);

    buf_add_str(out, "# file: ");
    if (file != NULL)
        text_add_safe(out, file, strlen(file));
    else
        buf_add_str(out, "none (there is no " CONF_DEFAULT_FILE ")");
    buf_add_str(out, "\n# profile: ");
    if (profile != NULL)
        text_add_safe(out, profile, strlen(profile));
    else
        buf_add_str(out, "none");
    buf_add_char(out, '\n');
}

static int config_show(struct cli *cli)
{
    bool all = args_has(&cli->args, "effective");
    unsigned wanted = wanted_programs(cli);
    size_t n;
    const struct conf_setting *table = conf_table(cli->conf, &n);

    if (!cli->json)
        show_head(cli);
    for (size_t i = 0; i < n; i++) {
        if ((table[i].programs & wanted) == 0 ||
            (!all && !conf_is_set(cli->conf, table[i].key)))
            continue;
        if (cli->json)
            show_object(cli, &table[i]);
        else
            show_setting(cli, &table[i]);
    }
    return CLI_OK;
}

int verb_config(struct cli *cli)
{
    const char *word = cli->args.words[0];
    bool check = strcmp(word, "check") == 0, good;
    struct auth_files files;
    struct conf_errors errs = {0};

    if (!check && strcmp(word, "show") != 0)
        return cli_fail(cli, CLI_USAGE, "muster config check, or show",
                        "config %s: there is no such thing", word);
    cli->conf = cli_load_conf(cli, &errs);
    if (cli->conf == NULL)
        return tell_mistakes(cli, &errs);
    if (!check)
        return config_show(cli);
    good = conf_check_local(cli->conf, wanted_programs(cli), &errs);
    good =
        auth_files_read(&files, cli->conf, wanted_programs(cli), &errs) && good;
    auth_files_free(&files);
    return good ? config_check(cli) : tell_mistakes(cli, &errs);
}

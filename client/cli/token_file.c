/*
 * Tokens in a file, for daemons that know no registry with a store. It is
 * edited as text, so that comments and the order of tokens stay as they are;
 * and what comes out is read again, and must hold what was meant, before it
 * takes the place of the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "client/cli/token.h"
#include "lib/auth/private_file.h"
#include "lib/auth/rights.h"
#include "lib/auth/secret.h"
#include "lib/auth/tokens.h"
#include "lib/conf_yaml.h"
#include "lib/mem.h"

/* A file that is being edited. */
struct edit {
    struct cli *cli;
    const char *path;
    int lock; /* its folder, locked: one edits at a time */
    char *text;
    size_t len;
    struct tokens *tokens; /* what it holds */
};

static int mistakes(struct cli *cli, struct conf_errors *errs)
{
    size_t i;

    for (i = 0; i + 1 < errs->n; i++)
        cli_note(cli, "%s: %s", errs->items[i].where, errs->items[i].text);
    if (errs->n)
        cli_fail(cli, CLI_USAGE, NULL, "%s: %s", errs->items[i].where,
                 errs->items[i].text);
    conf_errors_free(errs);
    return CLI_USAGE;
}

static void edit_end(struct edit *e)
{
    if (e->lock >= 0)
        close(e->lock);
    free(e->text);
    tokens_free(e->tokens);
}

static int lock_folder(const char *path)
{
    char *copy = xstrdup(path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0)
        while (flock(fd, LOCK_EX) < 0 && errno == EINTR)
            continue;
    free(copy);
    return fd;
}

/* Reads it; make says that one that is not there is an empty one. A status. */
static int edit_begin(struct edit *e, struct cli *cli, const char *path,
                      bool make, bool lock)
{
    struct conf_errors errs = {0};
    char *why = NULL;

    *e = (struct edit){.cli = cli, .path = path, .lock = -1};
    if (lock)
        e->lock = lock_folder(path);
    if (make && access(path, F_OK) < 0 && errno == ENOENT)
        e->text = xstrdup("");
    else
        e->text = private_read(path, CONF_FILE_MAX, &e->len, &why);
    if (!e->text) {
        cli_fail(cli, CLI_USAGE, NULL, "%s: %s", path, why);
        free(why);
        return CLI_USAGE;
    }
    e->tokens = tokens_parse(e->text, e->len, path, &errs);
    return e->tokens ? CLI_OK : mistakes(cli, &errs);
}

/* The new text in the place of the old, if it holds that many tokens, and this
 * one among them or not. */
static int edit_save(struct edit *e, struct buf *text, size_t count,
                     const char *name, bool there)
{
    struct conf_errors errs = {0};
    struct tokens *t =
        tokens_parse(buf_str(text), buf_len(text), e->path, &errs);
    bool good = t && t->count == count && !tokens_find(t, name) == !there;
    char *why = NULL;

    tokens_free(t);
    conf_errors_free(&errs);
    if (!good)
        return cli_fail(e->cli, CLI_NO, "edit it by hand: muster-tokens(5)",
                        "%s: it is not written with each token on lines of "
                        "its own",
                        e->path);
    why = private_write(e->path, buf_data(text), buf_len(text));
    if (!why)
        return CLI_OK;
    cli_fail(e->cli, CLI_NO, NULL, "%s", why);
    free(why);
    return CLI_NO;
}

/* -- create ---------------------------------------------------------------- */

static void add_field(struct buf *out, const char *field, const char *value)
{
    char *quoted = conf_quote(value);

    buf_add_fmt(out, "  %s: %s\n", field, quoted);
    free(quoted);
}

static void add_list(struct buf *out, const char *field, const struct globs *g)
{
    unsigned i;
    char *quoted;

    for (i = 0; i < g->count; i++) {
        quoted = conf_quote(g->list[i]);
        if (i)
            buf_add_fmt(out, ", %s", quoted);
        else
            buf_add_fmt(out, "  %s: [%s", field, quoted);
        free(quoted);
    }
    if (g->count)
        buf_add_str(out, "]\n");
}

static void add_pins(struct buf *out, const struct attrs *pins)
{
    char *name, *value;
    size_t i;

    if (pins->count)
        buf_add_str(out, "  pin:\n");
    for (i = 0; i < pins->count; i++) {
        name = conf_quote(pins->list[i].name);
        value = conf_quote(pins->list[i].value);
        buf_add_fmt(out, "    %s: %s\n", name, value);
        free(name);
        free(value);
    }
}

static void add_scope(struct buf *out, const char *field,
                      const struct scope *scope)
{
    struct buf text = BUF_INIT;

    if (scope->kind == SCOPE_ALL)
        add_field(out, field, "all");
    if (scope->kind == SCOPE_SELECTED) {
        selector_write_pairs(&scope->selector, &text);
        add_field(out, field, buf_str(&text));
    }
    buf_free(&text);
}

static void add_token(struct buf *out, const struct principal *p)
{
    char hash[HASH_TEXT_MAX], expires[RIGHTS_TIME_MAX];

    secret_hash_write(p->hash, hash);
    buf_add_fmt(out, "%s:\n", p->name);
    add_field(out, "hash", hash);
    if (p->cert)
        add_field(out, "cert", p->cert);
    if (p->expires) {
        rights_time_write(p->expires, expires);
        add_field(out, "expires", expires);
    }
    add_list(out, "register", &p->names);
    add_list(out, "set", &p->sets);
    add_pins(out, &p->pins);
    add_scope(out, "find", &p->find);
    add_scope(out, "watch", &p->watch);
    add_scope(out, "exec", &p->exec);
    add_list(out, "ops", &p->ops);
    add_list(out, "kv_read", &p->key_reads);
    add_list(out, "kv_write", &p->key_writes);
    if (p->admin)
        add_field(out, "admin", "on");
}

static int file_create(struct cli *cli, const char *where,
                       const struct principal *p)
{
    struct buf text = BUF_INIT;
    struct edit e;
    int status = edit_begin(&e, cli, where, true, true);

    if (status == CLI_OK && tokens_find(e.tokens, p->name))
        status = cli_fail(cli, CLI_NO, "revoke it first, or take another name",
                          "%s: there is a token %s", where, p->name);
    if (status == CLI_OK) {
        buf_add(&text, e.text, e.len);
        if (e.len && e.text[e.len - 1] != '\n')
            buf_add_char(&text, '\n');
        add_token(&text, p);
        status = edit_save(&e, &text, e.tokens->count + 1, p->name, true);
    }
    buf_free(&text);
    edit_end(&e);
    return status;
}

/* -- list and show --------------------------------------------------------- */

static int no_token(struct cli *cli, const char *where, const char *name)
{
    return cli_fail(cli, CLI_NOBODY, NULL, "%s: there is no token %s", where,
                    name);
}

static int file_list(struct cli *cli, const char *where, const char *name,
                     void (*fn)(struct cli *cli, const struct principal *p))
{
    struct edit e;
    int status = edit_begin(&e, cli, where, false, false);
    size_t i;

    if (status == CLI_OK && name && !tokens_find(e.tokens, name))
        status = no_token(cli, where, name);
    for (i = 0; status == CLI_OK && i < e.tokens->count; i++)
        if (!name || !strcmp(name, e.tokens->list[i]->name))
            fn(cli, e.tokens->list[i]);
    edit_end(&e);
    return status;
}

/* -- revoke ---------------------------------------------------------------- */

/* Where line n (from 1) begins; the end of the text for one behind it. */
static const char *line_at(const char *text, int n)
{
    const char *next;

    while (--n > 0 && (next = strchr(text, '\n')))
        text = next + 1;
    return n > 0 ? text + strlen(text) : text;
}

/* The end of a token's lines: comments in front of the next one stay. */
static int last_line(const char *text, const struct conf_node *token)
{
    int line = token->next ? token->next->line : 0;
    const char *at;

    if (!line) /* the last: to the end, and a line is what ends in LF */
        for (line = 2, at = text; (at = strchr(at, '\n')); at++)
            line++;
    while (line - 1 > token->line) {
        at = line_at(text, line - 1);
        if (*at != '#' && *at != '\n' && *at)
            break;
        line--;
    }
    return line;
}

static void cut_token(const struct edit *e, const struct conf_node *token,
                      struct buf *out)
{
    const char *from = line_at(e->text, token->line);
    const char *to = line_at(e->text, last_line(e->text, token));

    buf_add(out, e->text, (size_t)(from - e->text));
    buf_add_str(out, to);
}

static int file_revoke(struct cli *cli, const char *where, const char *name)
{
    struct conf_errors errs = {0};
    struct buf text = BUF_INIT;
    struct conf_node *top = NULL;
    struct edit e;
    int status = edit_begin(&e, cli, where, false, true);

    if (status == CLI_OK && !tokens_find(e.tokens, name))
        status = no_token(cli, where, name);
    if (status == CLI_OK) {
        top = conf_yaml_parse(e.text, e.len, where, &errs);
        cut_token(&e, conf_node_get(top, name), &text);
        status = edit_save(&e, &text, e.tokens->count - 1, name, false);
    }
    conf_node_free(top);
    conf_errors_free(&errs);
    buf_free(&text);
    edit_end(&e);
    return status;
}

const struct token_place token_file_place = {
    .create = file_create, .list = file_list, .revoke = file_revoke};

#include "client/cli/exec_secret.h"

#include <stdlib.h>
#include <string.h>

#include "client/cli/slurp.h"
#include "lib/mem.h"

#define SECRET_MAX (32UL * 1024) /* bytes: it has to fit into a line */

static bool wrong(struct cli *cli, const char *name, const char *text)
{
    cli_fail(cli, CLI_USAGE, NULL, "exec: secret %.60s: %s", name, text);
    return false;
}

static bool add(struct exec_request *r, struct cli *cli, const char *name,
                const char *value)
{
    const char *before = attrs_get(&r->pairs, ".secret");

    if (attrs_get(&r->pairs, name))
        return wrong(cli, name, "there is an argument of that name already");
    attrs_set(&r->pairs, name, value);
    if (before)
        attrs_set_fmt(&r->pairs, ".secret", "%s,%s", before, name);
    else
        attrs_set(&r->pairs, ".secret", name);
    return true;
}

static void wipe(struct buf *b)
{
    if (b->data)
        explicit_bzero(b->data, b->size);
    buf_free(b);
}

/* NAME=@FILE or NAME=-, without the last line end. */
static bool add_file(struct exec_request *r, struct cli *cli, const char *text)
{
    const char *equals = strchr(text, '=');
    struct buf value = BUF_INIT;
    char *name, *error;
    bool good;

    if (!equals || (equals[1] != '@' && strcmp(equals + 1, "-") != 0))
        return wrong(cli, "",
                     "write --secret NAME=@FILE or NAME=- (never the "
                     "secret itself)");
    if (equals[1] == '-' && r->has_input && args_has(&cli->args, "stdin"))
        return wrong(cli, "", "--stdin has standard input already");
    name = xmemdup0(text, (size_t)(equals - text));
    error =
        slurp_bytes(equals[1] == '@' ? equals + 2 : NULL, SECRET_MAX, &value);
    if (!error && memchr(buf_str(&value), '\0', buf_len(&value)))
        error = xstrdup("it holds a NUL");
    if (!error && buf_len(&value) && value.data[value.end - 1] == '\n')
        value.end--;
    good = error ? wrong(cli, name, error) : add(r, cli, name, buf_str(&value));
    wipe(&value);
    free(error);
    free(name);
    return good;
}

/* NAME, or NAME=VARIABLE */
static bool add_variable(struct exec_request *r, struct cli *cli,
                         const char *text)
{
    const char *equals = strchr(text, '=');
    char *name =
        xmemdup0(text, equals ? (size_t)(equals - text) : strlen(text));
    const char *value = getenv(equals ? equals + 1 : name);
    bool good = value ? add(r, cli, name, value)
                      : wrong(cli, name, "no such variable in the environment");

    free(name);
    return good;
}

bool exec_secrets_add(struct exec_request *r, struct cli *cli)
{
    const char *text;

    for (size_t i = 0; (text = args_nth(&cli->args, "secret", i)); i++)
        if (!add_file(r, cli, text))
            return false;
    for (size_t i = 0; (text = args_nth(&cli->args, "secret-env", i)); i++)
        if (!add_variable(r, cli, text))
            return false;
    return true;
}

void exec_secrets_wipe(struct exec_request *r)
{
    const char *names = attrs_get(&r->pairs, ".secret");

    for (size_t i = 0; names && i < r->pairs.count; i++) {
        struct attr *a = &r->pairs.list[i];
        const char *at = strstr(names, a->name);

        if (a->name[0] != '.' && at)
            explicit_bzero(a->value, strlen(a->value));
    }
}

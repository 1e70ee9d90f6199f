/*
 * muster release and muster deploy: jobs of the operations of these names,
 * composed of words and options that say what they mean.
 */
#include <stdlib.h>
#include <string.h>

#include "client/cli/exec_request.h"
#include "client/cli/life.h"
#include "client/cli/slurp.h"
#include "lib/mem.h"

#define OBJECT_MAX (1024UL * 1024) /* bytes of @FILE */

/* An option whose value is JSON, or @FILE with it: as the argument name. False
 * after complaining. */
static bool add_object(struct exec_request *r, struct cli *cli,
                       const char *option, const char *name)
{
    const char *text = args_get(&cli->args, option);
    struct buf file = BUF_INIT;
    char *why;

    if (!text)
        return true;
    if (text[0] != '@') {
        attrs_set(&r->pairs, name, text);
        return true;
    }
    why = slurp_bytes(text + 1, OBJECT_MAX, &file);
    if (why)
        cli_fail(cli, CLI_USAGE, NULL, "%s: --%s: %s", r->op, option, why);
    else
        attrs_set(&r->pairs, name, buf_str(&file));
    buf_free(&file);
    free(why);
    return !why;
}

int verb_release(struct cli *cli)
{
    const struct args *a = &cli->args;
    const char *type = args_get(a, "type");
    struct exec_request r;

    if (!exec_request_begin(&r, cli, "release"))
        return CLI_USAGE;
    attrs_set(&r.pairs, "appname", a->words[0]);
    attrs_set(&r.pairs, "apptype", type ? type : "common");
    attrs_set(&r.pairs, "revision",
              a->n_words > 1            ? a->words[1]
              : args_has(a, "rollback") ? "previous"
                                        : "?");
    if (args_has(a, "rollback"))
        attrs_set(&r.pairs, "rollback", "1");
    if (add_object(&r, cli, "opts", "extra_opts"))
        return exec_request_run(&r, cli);
    exec_request_free(&r);
    return CLI_USAGE;
}

int verb_deploy(struct cli *cli)
{
    const struct args *a = &cli->args;
    const char *tag = args_get(a, "tag");
    struct exec_request r;

    if (!exec_request_begin(&r, cli, "deploy"))
        return CLI_USAGE;
    attrs_set(&r.pairs, "role", a->words[0]);
    if (tag)
        attrs_set(&r.pairs, "partial", tag);
    if (add_object(&r, cli, "vars", "extra_vars"))
        return exec_request_run(&r, cli);
    exec_request_free(&r);
    return CLI_USAGE;
}

#include "client/cli/remove.h"

#include <stdlib.h>
#include <string.h>

#include "client/cli/pairs.h"
#include "lib/attrs.h"

#define AGAIN_MS 10   /* between looks whether it is gone */
#define GIVE_UP  1000 /* looks */

struct removing {
    struct cli *cli;
    const char *name;
    struct attrs attrs; /* as it was found */
    char *selector;     /* that finds it alone */
    bool found;         /* by the present look */
    bool asked;         /* its removal was asked for */
    unsigned looks;
    struct muster_registration *registration;
    struct loop_timer *again;
};

/* A name is a glob to `.name`: its special characters are escaped. */
static char *name_selector(const char *name)
{
    struct buf glob = BUF_INIT, out = BUF_INIT;
    char *text;

    for (const char *p = name; *p; p++) {
        if (strchr("*?[]\\", *p))
            buf_add_char(&glob, '\\');
        buf_add_char(&glob, *p);
    }
    buf_add_pair(&out, ".name", buf_str(&glob));
    text = xstrdup(buf_str(&out));
    buf_free(&glob);
    buf_free(&out);
    return text;
}

static void look(struct removing *r);

static void on_again(void *arg)
{
    look(arg);
}

/* -- taking it over -------------------------------------------------------- */

static void on_registered(void *arg, uint64_t revision)
{
    struct removing *r = arg;

    (void)revision;
    muster_registration_free(r->registration);
    r->registration = NULL;
    r->asked = true;
    look(r);
}

static void on_refused(void *arg, const char *text)
{
    struct removing *r = arg;

    cli_stop(r->cli, cli_fail(r->cli, CLI_UNREACHED, NULL,
                              "%s cannot be removed: %s", r->name, text));
}

static void take_over(struct removing *r)
{
    struct muster_attr *list = xcalloc(r->attrs.count + 1, sizeof(*list));
    struct muster_registration_options o = {
        .name = r->name,
        .attrs = list,
        .attr_count = r->attrs.count,
        .persist = true,
        .replace = true,
        .on_registered = on_registered,
        .on_refused = on_refused,
        .arg = r,
    };
    char *error;

    for (size_t i = 0; i < r->attrs.count; i++) {
        list[i].name = r->attrs.list[i].name;
        list[i].value = r->attrs.list[i].value;
    }
    r->registration = muster_register(r->cli->muster, &o, &error);
    free(list);
    if (!r->registration)
        cli_stop(r->cli, cli_fail_text(r->cli, CLI_NO, error, NULL));
}

/* -- looking --------------------------------------------------------------- */

static void on_service(void *arg, const struct muster_service *s)
{
    struct removing *r = arg;

    if (strcmp(s->name, r->name) != 0)
        return;
    r->found = true;
    attrs_free(&r->attrs);
    for (size_t i = 0; i < s->attr_count; i++)
        attrs_set(&r->attrs, s->attrs[i].name, s->attrs[i].value);
}

static bool is_persistent(const struct removing *r)
{
    const char *persist = attrs_get(&r->attrs, "persist");

    return persist && atol(persist) != 0;
}

static void looked(struct removing *r)
{
    struct cli *cli = r->cli;

    if (!r->found && r->asked)
        cli_stop(cli, CLI_OK);
    else if (!r->found)
        cli_stop(cli, cli_fail(cli, CLI_NOBODY, "muster find --names lists all",
                               "there is no service %s", r->name));
    else if (!is_persistent(r))
        cli_stop(cli,
                 cli_fail(cli, CLI_NO, "end the program that registered it",
                          "%s belongs to a connection, and goes with it",
                          r->name));
    else if (!r->asked)
        take_over(r);
    else if (++r->looks < GIVE_UP)
        loop_timer_set(r->again, AGAIN_MS);
    else
        cli_stop(cli,
                 cli_fail(cli, CLI_NO, NULL, "%s is still there", r->name));
}

static void on_done(void *arg, const char *error, uint64_t revision)
{
    struct removing *r = arg;

    (void)revision;
    if (error)
        cli_stop(r->cli, cli_fail_registry(r->cli, error));
    else
        looked(r);
}

static void look(struct removing *r)
{
    static const struct muster_find_callbacks cb = {on_service, on_done};
    char *error;

    r->found = false;
    if (!muster_find(r->cli->muster, r->selector, &cb, r, &error))
        cli_stop(r->cli, cli_fail_text(r->cli, CLI_USAGE, error, NULL));
}

int remove_service(struct cli *cli, const char *name)
{
    struct removing r = {.cli = cli, .name = name};
    char *error = pairs_name_wrong(name);
    int status;

    if (cli->args.n_words > 1 || cli->args.has_command)
        error = error ? error : xstrdup("--remove takes a name only");
    if (error)
        return cli_fail_text(cli, CLI_USAGE, error, NULL);
    if (!cli_connect(cli))
        return CLI_USAGE;
    r.selector = name_selector(name);
    r.again = loop_timer_new(cli->loop, on_again, &r);
    look(&r);
    status = cli_run(cli);
    loop_timer_free(r.again);
    attrs_free(&r.attrs);
    free(r.selector);
    return status;
}

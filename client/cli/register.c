/*
 * muster register: a service, for as long as this runs, or as long as a
 * command does; or (--persist) for ever. --remove is in remove.c.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/cli.h"
#include "client/cli/pairs.h"
#include "client/cli/remove.h"
#include "client/cli/spawn.h"

struct registering {
    struct cli *cli;
    const char *name;
    bool once;       /* --persist without a command: exit when it is done */
    bool registered; /* at least once */
    size_t lost;     /* links that were not to be had, before that */
    bool down;       /* the link is lost, and that was said */
    pid_t child;     /* -- COMMAND; 0: not started */
};

static void told(struct registering *r, uint64_t revision)
{
    struct cli *cli = r->cli;
    struct jline *j;

    if (cli->json) {
        j = jline_new();
        jline_text(j, "event", "registered");
        jline_text(j, "name", r->name);
        jline_int(j, "revision", (long long)revision);
        cli_json(cli, j);
        out_flush(&cli->out);
    } else if (cli->verbose || (cli->err_tty && !r->cli->args.has_command)) {
        cli_note(cli, "%s %s%s", r->name,
                 r->registered ? "is registered again" : "is registered",
                 r->once || r->registered ? "" : " until Ctrl-C");
    }
}

static void start_command(struct registering *r)
{
    struct cli *cli = r->cli;
    struct spawn s = {(const char *const *)cli->args.command, -1, -1};
    char *error = spawn_start(&s, &r->child);

    if (error)
        cli_stop(cli, cli_fail_text(cli, 127, error, NULL));
}

static void on_registered(void *arg, uint64_t revision)
{
    struct registering *r = arg;
    bool first = !r->registered;

    told(r, revision);
    r->registered = true;
    r->down = false;
    if (r->once)
        cli_stop(r->cli, CLI_OK);
    else if (first && r->cli->args.has_command)
        start_command(r);
}

static void on_refused(void *arg, const char *text)
{
    struct registering *r = arg;
    bool taken = strstr(text, "duplicate service name") != NULL;

    if (r->registered && strstr(text, "taken over")) {
        cli_stop(r->cli, cli_fail(r->cli, CLI_NO, NULL,
                                  "%s was taken over by another registration",
                                  r->name));
        return;
    }
    if (r->registered) {
        cli_note(r->cli, "%s: %s; trying again", r->name, text);
        return;
    }
    cli_stop(r->cli, cli_fail(r->cli, CLI_NO,
                              taken ? "--replace takes the name over" : NULL,
                              "%s is refused: %s", r->name, text));
}

/* -- signals --------------------------------------------------------------- */

/* A command gets Ctrl-C from the terminal itself; others are handed on. */
static void on_signal(struct registering *r, int signo)
{
    if (r->child == 0)
        cli_stop(r->cli, CLI_OK);
    else if (signo != SIGINT)
        kill(r->child, signo);
}

static void on_int(void *arg)
{
    on_signal(arg, SIGINT);
}

static void on_term(void *arg)
{
    on_signal(arg, SIGTERM);
}

static void on_hup(void *arg)
{
    on_signal(arg, SIGHUP);
}

static void on_child(void *arg)
{
    struct registering *r = arg;
    int how;

    if (r->child > 0 && spawn_ended(r->child, &how)) {
        r->child = 0;
        cli_stop(r->cli, spawn_status(how));
    }
}

/* -- the registry ---------------------------------------------------------- */

/* One that was never there is an error; one that is lost comes back. */
static void on_lost(void *arg, const char *text)
{
    struct registering *r = arg;

    if (!r->registered && ++r->lost >= r->cli->registries)
        cli_stop(r->cli, cli_fail_registry(r->cli, text));
    else if (r->registered && !r->down)
        cli_note(r->cli, "%s; trying again", text);
    r->down = r->registered;
}

static int run(struct registering *r)
{
    struct loop *l = r->cli->loop;
    struct loop_signal *signals[] = {
        loop_signal_new(l, SIGINT, on_int, r),
        loop_signal_new(l, SIGTERM, on_term, r),
        loop_signal_new(l, SIGHUP, on_hup, r),
        loop_signal_new(l, SIGCHLD, on_child, r),
    };
    int status = cli_run(r->cli);

    for (size_t i = 0; i < ARRAY_LEN(signals); i++)
        loop_signal_free(signals[i]);
    return status;
}

static int register_with(struct registering *r, const struct attrs *attrs)
{
    const struct args *a = &r->cli->args;
    struct muster_attr *list = xcalloc(attrs->count + 1, sizeof(*list));
    struct muster_registration_options o = {
        .name = r->name,
        .attrs = list,
        .attr_count = attrs->count,
        .persist = args_has(a, "persist"),
        .volatile_attrs = args_get(a, "volatile"),
        .replace = args_has(a, "replace"),
        .on_registered = on_registered,
        .on_refused = on_refused,
        .arg = r,
    };
    uint64_t ttl_ms;
    char *error;
    int status;

    for (size_t i = 0; i < attrs->count; i++) {
        list[i].name = attrs->list[i].name;
        list[i].value = attrs->list[i].value;
    }
    if (args_has(a, "ttl") && args_time(args_get(a, "ttl"), &ttl_ms))
        o.ttl_s = (unsigned)((ttl_ms + 999) / 1000);
    if (muster_register(r->cli->muster, &o, &error))
        status = run(r);
    else
        status = cli_fail_text(r->cli, CLI_USAGE, error, NULL);
    free(list);
    return status;
}

int verb_register(struct cli *cli)
{
    const struct args *a = &cli->args;
    struct registering r = {.cli = cli, .name = a->words[0]};
    struct attrs attrs = {0};
    char *error;
    int status = CLI_USAGE;

    if (args_has(a, "remove"))
        return remove_service(cli, r.name);
    if (a->has_command && a->n_command == 0)
        return cli_fail(cli, CLI_USAGE, NULL, "register: no command after --");
    r.once = args_has(a, "persist") && !a->has_command;
    error = pairs_name_wrong(r.name);
    if (!error)
        error = pairs_attrs(&attrs, a->words + 1, a->n_words - 1);
    cli->on_link_lost = on_lost;
    cli->link_arg = &r;
    if (error)
        cli_fail_text(cli, CLI_USAGE, error, NULL);
    else if (cli_connect(cli))
        status = register_with(&r, &attrs);
    cli->on_link_lost = NULL;
    cli->link_arg = NULL;
    attrs_free(&attrs);
    return status;
}

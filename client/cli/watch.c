/*
 * muster watch: services as they come, change and go; first those that are
 * there. It goes on over reconnects, telling only the differences.
 */
#include <signal.h>

#include "client/cli/cli.h"

struct watch {
    struct cli *cli;
    bool synced; /* all that was there has been told once */
    bool down;   /* the link is lost, and that was said */
};

static const char *event_name(char sign)
{
    return sign == '+' ? "add" : sign == '=' ? "change" : "gone";
}

static void print_json(struct watch *w, char sign,
                       const struct muster_service *s,
                       const struct muster_service *old)
{
    struct jline *j = jline_new();

    jline_text(j, "event", event_name(sign));
    jline_text(j, "name", s->name);
    jline_attrs(j, "attrs", s->attrs, s->attr_count);
    if (old)
        jline_attrs(j, "old", old->attrs, old->attr_count);
    cli_json(w->cli, j);
}

static void print_line(struct watch *w, char sign,
                       const struct muster_service *s)
{
    struct buf *out = out_buf(&w->cli->out);
    const char *color = sign == '+' ? "32" : sign == '=' ? "33" : "31";

    if (w->cli->color)
        buf_add_fmt(out, "\x1b[%sm", color);
    buf_add_char(out, sign);
    if (w->cli->color)
        buf_add_str(out, "\x1b[0m");
    buf_add_char(out, ' ');
    cli_service_line(w->cli, s);
}

static void print(struct watch *w, char sign, const struct muster_service *s,
                  const struct muster_service *old)
{
    if (w->cli->json)
        print_json(w, sign, s, old);
    else
        print_line(w, sign, s);
    if (w->synced)
        out_flush(&w->cli->out);
}

static void on_add(void *arg, const struct muster_service *s)
{
    print(arg, '+', s, NULL);
}

static void on_change(void *arg, const struct muster_service *s,
                      const struct muster_service *old)
{
    print(arg, '=', s, old);
}

static void on_gone(void *arg, const struct muster_service *old)
{
    print(arg, '-', old, NULL);
}

static void on_synced(void *arg, uint64_t revision)
{
    struct watch *w = arg;
    struct jline *j;

    if (w->cli->json) {
        j = jline_new();
        jline_text(j, "event", "synced");
        jline_int(j, "revision", (long long)revision);
        cli_json(w->cli, j);
    }
    if (w->down)
        cli_note(w->cli, "the registry is back");
    w->down = false;
    w->synced = true;
    out_flush(&w->cli->out);
}

/* A registry that was never there is an error; one that is lost comes back. */
static void on_error(void *arg, const char *text)
{
    struct watch *w = arg;

    out_flush(&w->cli->out);
    if (!w->synced) {
        cli_stop(w->cli, cli_fail_registry(w->cli, text));
        return;
    }
    if (!w->down)
        cli_note(w->cli, "%s; trying again", text);
    w->down = true;
}

static void on_signal(void *arg)
{
    struct watch *w = arg;

    cli_stop(w->cli, CLI_OK);
}

static int watch_run(struct watch *w, const char *selector)
{
    static const struct muster_monitor_callbacks cb = {
        on_add, on_change, on_gone, on_synced, on_error};
    struct cli *cli = w->cli;
    struct loop_signal *sigint, *sigterm;
    char *error;
    int status;

    if (!muster_monitor(cli->muster, selector, &cb, w, &error))
        return cli_fail_text(cli, CLI_USAGE, error, NULL);
    sigint = loop_signal_new(cli->loop, SIGINT, on_signal, w);
    sigterm = loop_signal_new(cli->loop, SIGTERM, on_signal, w);
    status = cli_run(cli);
    loop_signal_free(sigint);
    loop_signal_free(sigterm);
    return status;
}

int verb_watch(struct cli *cli)
{
    struct watch w = {.cli = cli};
    struct buf selector = BUF_INIT;
    int status = CLI_USAGE;

    if (cli_selector(cli, &selector) && cli_connect(cli))
        status = watch_run(&w, buf_str(&selector));
    buf_free(&selector);
    return status;
}

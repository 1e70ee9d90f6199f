#include "client/cli/consul_follow.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#define WAIT_S 60
/* of silence: the wait, its jitter of a sixteenth, and some */
#define QUIET_MS ((WAIT_S + WAIT_S / 16 + 10) * 1000)

static void ask(void *arg);

/* -- trouble --------------------------------------------------------------- */

static void wait_and_ask(struct consul_follow *f)
{
    uint32_t chance;

    if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) != sizeof(chance))
        chance = UINT32_MAX / 2;
    f->index = 0;
    loop_timer_set(f->timer, backoff_next(&f->backoff, chance));
}

static void trouble(struct consul_follow *f, const struct http_answer *a)
{
    struct cli *cli = f->consul->cli;

    out_flush(&cli->out);
    if (!f->answered || a->status == 401 || a->status == 403 ||
        a->status == 400) {
        cli_stop(cli, consul_fail(f->consul, a));
        return;
    }
    if (!f->down && a->error)
        cli_note(cli, "%s: %s; trying again", f->consul->where, a->error);
    else if (!f->down)
        cli_note(cli, "%s: status %d; trying again", f->consul->where,
                 a->status);
    f->down = true;
    wait_and_ask(f);
}

/* -- answers --------------------------------------------------------------- */

static void take_answer(struct consul_follow *f, const struct http_answer *a)
{
    struct cli *cli = f->consul->cli;
    bool news = !f->index || a->index != f->index;

    if (f->down)
        cli_note(cli, "%s is back", f->consul->where);
    f->down = false;
    f->answered = true;
    backoff_reset(&f->backoff);
    f->index = a->index < f->index && !f->hash ? 0 : a->index;
    if (news)
        f->news(f->arg, a);
    out_flush(&cli->out);
    if (!cli->stopped && f->path && !f->call) /* unless it was ended */
        ask(f);
}

static void on_answer(void *arg, const struct http_answer *a)
{
    struct consul_follow *f = arg;

    f->call = NULL;
    if (a->end != HTTP_CALL_ANSWERED || (a->status != 200 && a->status != 404))
        trouble(f, a);
    else if (!a->index)
        cli_stop(f->consul->cli, consul_strange(f->consul));
    else
        take_answer(f, a);
}

static void ask(void *arg)
{
    struct consul_follow *f = arg;
    struct buf path = BUF_INIT;
    char number[24];

    buf_add_str(&path, f->path);
    if (f->index) {
        snprintf(number, sizeof(number), "%llu", (unsigned long long)f->index);
        consul_add_query(&path, "index", number);
        snprintf(number, sizeof(number), "%ds", WAIT_S);
        consul_add_query(&path, "wait", number);
    }
    f->call = consul_ask(f->consul, "GET", buf_str(&path), NULL, QUIET_MS,
                         on_answer, f);
    buf_free(&path);
}

/* -- beginning and end ----------------------------------------------------- */

void consul_follow_again(struct consul_follow *f)
{
    http_call_cancel(f->call);
    loop_timer_off(f->timer);
    f->call = NULL;
    f->index = 0;
    ask(f);
}

void consul_follow_begin(struct consul_follow *f)
{
    f->backoff = (struct backoff){.min_ms = 100, .max_ms = 10000};
    f->timer = loop_timer_new(f->consul->cli->loop, ask, f);
    ask(f);
}

void consul_follow_end(struct consul_follow *f)
{
    http_call_cancel(f->call);
    loop_timer_free(f->timer);
    free(f->path);
    f->call = NULL;
    f->timer = NULL;
    f->path = NULL;
}

static void on_signal(void *arg)
{
    cli_stop(arg, CLI_OK);
}

int consul_follow_run(struct consul_follow *f)
{
    struct cli *cli = f->consul->cli;
    struct loop_signal *sigint, *sigterm;
    int status;

    sigint = loop_signal_new(cli->loop, SIGINT, on_signal, cli);
    sigterm = loop_signal_new(cli->loop, SIGTERM, on_signal, cli);
    consul_follow_begin(f);
    status = cli_run(cli);
    consul_follow_end(f);
    loop_signal_free(sigint);
    loop_signal_free(sigterm);
    return status;
}

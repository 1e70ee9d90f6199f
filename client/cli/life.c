#include "client/cli/life.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "client/cli/life_print.h"
#include "client/cli/status_text.h"
#include "client/cli/report.h"
#include "lib/mem.h"

/* The dispatcher's error of a job that found nobody begins so. */
#define NOBODY "no worker matches"
/* And that about a job which it does not know. */
#define UNKNOWN "no job"

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static void finish(struct life *l, int status)
{
    l->exec = NULL;
    cli_stop(l->cli, status);
}

/* -- what the job says ----------------------------------------------------- */

static void on_submit(void *arg, const char *jid, unsigned hosts)
{
    struct life *l = arg;

    free(l->jid);
    l->jid = xstrdup(jid);
    l->roster.total = hosts;
    print_submit(l, jid, hosts);
}

static void on_held(void *arg, const char *jid, time_t next)
{
    struct life *l = arg;

    free(l->jid);
    l->jid = xstrdup(jid);
    print_held(l, jid, next);
}

static void on_retry(void *arg, const char *host, unsigned attempt,
                     const struct muster_attr *pairs, size_t count)
{
    print_retry(arg, host, attempt, pairs, count);
}

static void on_merged(void *arg, const char *jid)
{
    print_merged(arg, jid);
}

static void on_ack(void *arg, const char *host)
{
    struct life *l = arg;

    roster_ack(&l->roster, host);
    print_ack(l, host);
}

static void on_output(void *arg, const char *host, enum muster_stream stream,
                      const char *text, size_t len, bool whole)
{
    print_output(arg, host, stream, text, len, whole);
}

static void on_cut(void *arg, const char *host, enum muster_stream stream,
                   uint64_t bytes)
{
    print_cut(arg, host, stream, bytes);
}

static void on_result(void *arg, const char *host, const char *json, size_t len)
{
    print_result(arg, host, json, len);
}

static void on_progress(void *arg, const char *host, unsigned percent,
                        const char *text, size_t len)
{
    print_progress(arg, host, percent, text, len);
}

static void on_exit_host(void *arg, const char *host,
                         const struct muster_result *r)
{
    struct life *l = arg;

    roster_exit(&l->roster, host, r);
    print_exit(l, host, r);
}

/* The worst of the hosts' ends; a job that had none found nobody. */
static int job_status(const struct life *l, const struct muster_summary *s)
{
    if (l->detach)
        return CLI_OK;
    if (l->roster.total == 0 && l->roster.ended == 0)
        return l->interrupt.cancelling ? CLI_CANCELLED : CLI_NOBODY;
    if (l->roster.worst == CLI_OK && s->state == 2)
        return CLI_NO;
    return l->roster.worst;
}

static void on_done(void *arg, const struct muster_summary *s)
{
    struct life *l = arg;
    int status = job_status(l, s);

    status_end(&l->status);
    print_done(l, s, status);
    finish(l, status);
}

/* Why a job is not followed to its end: the exit status, after saying so. */
static int failed(struct life *l, const char *text, bool unreachable)
{
    struct cli *cli = l->cli;
    char *hint;
    int status;

    if (begins(text, UNKNOWN) && l->jid)
        return cli_fail(cli, CLI_LOST, "was it started again?",
                        "%s: the dispatcher has forgotten job %s", l->verb,
                        l->jid);
    if (begins(text, UNKNOWN))
        return cli_fail(cli, CLI_NOBODY, "muster jobs lists those it knows",
                        "%s: %s", l->verb, text);
    if (begins(text, NOBODY))
        return cli_fail(cli, CLI_NOBODY,
                        "muster find shows who is there; --wait TIME waits",
                        "%s: %s", l->verb, text);
    if (!unreachable)
        return cli_fail(cli, CLI_NO, NULL, "%s: %s", l->verb, text);
    if (!l->jid)
        return cli_fail_dispatcher(cli, text, true);
    hint = xasprintf("the job goes on: muster follow %s", l->jid);
    status = cli_fail(cli, CLI_UNREACHED, hint, "%s: %s", l->verb, text);
    free(hint);
    return status;
}

static void on_error(void *arg, const char *text, bool unreachable)
{
    struct life *l = arg;

    status_end(&l->status);
    print_close_line(l);
    out_push(&l->cli->out);
    finish(l, failed(l, text, unreachable));
}

const struct muster_exec_callbacks *life_callbacks(void)
{
    static const struct muster_exec_callbacks cb = {
        .on_submit = on_submit,
        .on_merged = on_merged,
        .on_held = on_held,
        .on_retry = on_retry,
        .on_ack = on_ack,
        .on_output = on_output,
        .on_cut = on_cut,
        .on_result = on_result,
        .on_progress = on_progress,
        .on_exit = on_exit_host,
        .on_done = on_done,
        .on_error = on_error,
    };

    return &cb;
}

/* -- standard output ------------------------------------------------------- */

static void out_full(void *arg)
{
    struct life *l = arg;

    if (l->exec)
        muster_exec_pause(l->exec);
}

static void out_room(void *arg)
{
    struct life *l = arg;

    if (l->exec && !l->interrupt.asking)
        muster_exec_resume(l->exec);
}

/* Nobody reads any more: the job goes on without us. */
static void out_broken(void *arg)
{
    struct life *l = arg;

    interrupt_end(&l->interrupt);
    if (l->exec)
        muster_exec_detach(l->exec);
    l->exec = NULL;
    status_end(&l->status);
}

static void out_before(void *arg)
{
    struct life *l = arg;

    status_hide(&l->status);
}

static void out_after(void *arg)
{
    struct life *l = arg;

    status_show(&l->status);
}

/* In a pipe what reads us may well write on the same terminal: a line that is
 * drawn in place would be in its way. */
static bool wants_status(const struct life *l)
{
    struct stat st;

    if (!l->cli->err_tty || l->cli->quiet || l->detach)
        return false;
    return l->cli->out.tty || fstat(l->cli->out.fd, &st) < 0 ||
           !(S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
}

static void begin_output(struct life *l)
{
    struct out *out = &l->cli->out;

    out->on_full = out_full;
    out->on_room = out_room;
    out->on_broken = out_broken;
    out->before = out->tty ? out_before : NULL;
    out->after = out->tty ? out_after : NULL;
    out->arg = l;
    out_begin_async(out, l->cli->loop);
}

/* The dispatcher is away; libmuster tries to find it again for a while. */
static void link_lost(void *arg, const char *text)
{
    struct life *l = arg;

    status_hide(&l->status);
    cli_note(l->cli, "%s; trying again", text);
    status_show(&l->status);
}

/* -- from beginning to end ------------------------------------------------- */

void life_begin(struct life *l, struct cli *cli, const char *verb)
{
    *l = (struct life){.cli = cli, .verb = verb, .began = loop_clock()};
    l->interrupt.tty = -1;
    if (args_has(&cli->args, "group"))
        l->fold = fold_new();
}

void life_detach(struct life *l, int status)
{
    status_end(&l->status);
    if (l->exec)
        muster_exec_detach(l->exec);
    l->exec = NULL;
    print_done(l, NULL, status);
    if (!l->cli->json && l->jid && status != CLI_CANCELLED)
        cli_note(l->cli, "detached; to see it again: muster follow %s", l->jid);
    else if (!l->cli->json && !l->jid)
        cli_note(l->cli, "given up before the job was submitted");
    cli_stop(l->cli, status);
}

int life_run(struct life *l, struct muster_exec *exec)
{
    struct cli *cli = l->cli;
    int status;

    l->exec = exec;
    cli->on_link_lost = link_lost;
    cli->link_arg = l;
    begin_output(l);
    if (wants_status(l))
        status_begin(&l->status, cli->loop, status_text, l);
    if (!l->detach)
        interrupt_begin(&l->interrupt, l, cli->loop);
    status = cli_run(cli);
    cli->on_link_lost = NULL;
    interrupt_end(&l->interrupt);
    status_end(&l->status);
    out_end(&cli->out);
    roster_sort(&l->roster);
    if (!l->detach)
        report_end(cli, &l->roster, loop_clock() - l->began);
    return status;
}

void life_end(struct life *l)
{
    fold_free(l->fold);
    roster_free(&l->roster);
    free(l->jid);
}

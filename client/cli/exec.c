/*
 * muster exec, and run, which asks for any operation: the request is composed
 * from the command line here; what comes of it is life.c's.
 */
#include <stdlib.h>
#include <string.h>

#include "client/cli/exec_request.h"
#include "client/cli/life.h"
#include "lib/mem.h"

static struct muster_exec *submit(struct life *life,
                                  const struct exec_request *r, char **error)
{
    size_t count = r->pairs.count;
    struct muster_attr *pairs = xcalloc(count + 1, sizeof(*pairs));
    struct muster_exec *exec;

    for (size_t i = 0; i < count; i++) {
        pairs[i].name = r->pairs.list[i].name;
        pairs[i].value = r->pairs.list[i].value;
    }
    if (r->has_input)
        exec = muster_exec_input(life->cli->muster, r->op, pairs, count,
                                 buf_data(&r->input), buf_len(&r->input),
                                 life_callbacks(), life, error);
    else
        exec = muster_exec(life->cli->muster, r->op, pairs, count,
                           life_callbacks(), life, error);
    free(pairs);
    return exec;
}

/* -- the column of hosts --------------------------------------------------- */

static void on_worker(void *arg, const struct muster_service *s)
{
    struct life *life = arg;
    const char *host = muster_service_get(s, "host");

    if (host)
        roster_widen(&life->roster, host);
}

static void on_workers(void *arg, const char *error, uint64_t revision)
{
    (void)arg;
    (void)error; /* then the column grows as hosts are heard of */
    (void)revision;
}

/* On a terminal the column is as wide as the widest host from the start: their
 * names are looked up while the job is submitted. */
static void look_up_hosts(struct life *life, const struct exec_request *r)
{
    static const struct muster_find_callbacks cb = {on_worker, on_workers};
    const char *on = attrs_get(&r->pairs, ".on");
    bool any = attrs_get(&r->pairs, ".any") != NULL;
    struct buf selector = BUF_INIT;
    char *error = NULL;

    if (!on || any || !life->cli->out.tty || life->cli->json || life->fold ||
        life->detach)
        return;
    buf_add_str(&selector, "kind=worker");
    if (strcmp(on, "all") != 0)
        buf_add_fmt(&selector, " %s", on);
    muster_find(life->cli->muster, buf_str(&selector), &cb, life, &error);
    free(error);
    buf_free(&selector);
}

int exec_request_run(struct exec_request *r, struct cli *cli)
{
    struct muster_exec *exec;
    struct life life;
    char *error;
    int status = CLI_USAGE;

    if (cli_connect(cli)) {
        life_begin(&life, cli, cli->verb->word);
        life.detach = exec_request_detaches(&cli->args);
        exec = submit(&life, r, &error);
        if (exec)
            look_up_hosts(&life, r);
        status = exec ? life_run(&life, exec)
                      : cli_fail_text(cli, CLI_USAGE, error, NULL);
        life_end(&life);
    }
    exec_request_free(r);
    return status;
}

static int make_and_run(struct cli *cli, const char *op)
{
    struct exec_request request;

    if (!exec_request_make(&request, cli, op))
        return CLI_USAGE;
    return exec_request_run(&request, cli);
}

int verb_exec(struct cli *cli)
{
    return make_and_run(cli, NULL);
}

int verb_run(struct cli *cli)
{
    return make_and_run(cli, cli->args.words[0]);
}

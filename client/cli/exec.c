/*
 * muster exec: the request is composed from the command line here; what comes
 * of it is life.c's.
 */
#include <stdlib.h>

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
    exec = muster_exec(life->cli->muster, r->op, pairs, count, life_callbacks(),
                       life, error);
    free(pairs);
    return exec;
}

int verb_exec(struct cli *cli)
{
    struct exec_request request;
    struct muster_exec *exec;
    struct life life;
    char *error;
    int status = CLI_USAGE;

    if (!exec_request_make(&request, cli))
        return CLI_USAGE;
    if (cli_connect(cli)) {
        life_begin(&life, cli, "exec");
        life.detach = args_has(&cli->args, "detach");
        exec = submit(&life, &request, &error);
        status = exec ? life_run(&life, exec)
                      : cli_fail_text(cli, CLI_USAGE, error, NULL);
        life_end(&life);
    }
    exec_request_free(&request);
    return status;
}

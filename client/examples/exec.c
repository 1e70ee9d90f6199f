/*
 * Runs a shell command on every worker that a selector selects:
 *
 *   exec REGISTRY SELECTOR COMMAND
 *   exec 127.0.0.1 role=web uptime
 */
#include <event2/event.h>
#include <muster.h>
#include <stdio.h>
#include <stdlib.h>

struct job {
    struct event_base *base;
    int status; /* to exit with */
};

static void on_submit(void *arg, const char *jid, unsigned hosts)
{
    (void)arg;
    printf("# job %s on %u hosts\n", jid, hosts);
}

static void on_ack(void *arg, const char *host)
{
    (void)arg;
    printf("# %s has it\n", host);
}

static void on_output(void *arg, const char *host, enum muster_stream stream,
                      const char *text, size_t len, bool whole)
{
    (void)arg;
    printf("%s %s ", host, stream == MUSTER_STDERR ? "!" : "|");
    fwrite(text, 1, len, stdout);
    printf(whole ? "\n" : "\\\n");
}

static void on_exit_of(void *arg, const char *host,
                       const struct muster_result *r)
{
    (void)arg;
    printf("# %s: %s, %d\n", host, r->reason, r->rc);
}

static void on_done(void *arg, const struct muster_summary *s)
{
    struct job *job = arg;

    printf("# ok %u, failed %u, unreachable %u\n", s->ok, s->failed,
           s->unreachable);
    job->status = s->state != 0;
    event_base_loopbreak(job->base);
}

static void on_error(void *arg, const char *text, bool unreachable)
{
    struct job *job = arg;

    fprintf(stderr, "exec: %s\n", text);
    job->status = unreachable ? 4 : 1;
    event_base_loopbreak(job->base);
}

int main(int argc, char **argv)
{
    static const struct muster_exec_callbacks callbacks = {
        .on_submit = on_submit,
        .on_ack = on_ack,
        .on_output = on_output,
        .on_exit = on_exit_of,
        .on_done = on_done,
        .on_error = on_error,
    };
    struct muster_options options = {0};
    struct job job = {.status = 1};
    struct muster_attr args[] = {{"cmd", NULL}, {".on", NULL}};
    struct muster *m;
    char *error = NULL;

    if (argc != 4) {
        fprintf(stderr, "usage: exec REGISTRY SELECTOR COMMAND\n");
        return 2;
    }
    options.registries = argv[1];
    args[0].value = argv[3];
    args[1].value = argv[2];
    job.base = event_base_new();
    m = muster_new(job.base, &options, &error);
    if (m && muster_exec(m, "execute", args, 2, &callbacks, &job, &error))
        event_base_dispatch(job.base);
    else
        fprintf(stderr, "exec: %s\n", error);

    muster_free(m);
    event_base_free(job.base);
    free(error);
    return job.status;
}

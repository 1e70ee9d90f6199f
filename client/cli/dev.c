/*
 * muster dev: the life of a whole muster on one machine. Children are in our
 * process group and die with us, however we go; nothing is left behind.
 */
#include "client/cli/dev.h"

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/cli/spawn.h"
#include "lib/mem.h"

#define START_MS    15000 /* for all of it to come up */
#define END_MS      8000  /* for all of it to go; then it is killed */
#define WORKERS_MAX 500

/* -- ending ---------------------------------------------------------------- */

static void signal_all(struct dev *d, int signo)
{
    for (size_t i = d->count; i-- > 0;)
        if (d->children[i].pid > 0)
            kill(d->children[i].pid, signo);
}

static bool all_gone(const struct dev *d)
{
    for (size_t i = 0; i < d->count; i++)
        if (d->children[i].pid > 0)
            return false;
    return true;
}

static void end(struct dev *d, int status)
{
    if (d->ending)
        return;
    d->ending = true;
    d->status = status;
    signal_all(d, SIGTERM);
    loop_timer_set(d->deadline, END_MS);
    if (all_gone(d))
        cli_stop(d->cli, d->status);
}

static void on_deadline(void *arg)
{
    struct dev *d = arg;

    if (d->ending) {
        signal_all(d, SIGKILL);
        return;
    }
    end(d, cli_fail(d->cli, CLI_NO, "muster dev -v shows their logs",
                    "dev: not all of it came up in %d s", START_MS / 1000));
}

/* An impatient second one does not wait for the end of what runs. */
static void on_signal(void *arg)
{
    struct dev *d = arg;

    if (d->ending)
        signal_all(d, SIGKILL);
    else
        end(d, CLI_OK);
}

/* -- children -------------------------------------------------------------- */

static void say_ended(struct dev_child *c, int how)
{
    struct cli *cli = c->dev->cli;
    bool start = !c->is_ready;
    const char *hint = start ? "are the ports taken? --ports any" : NULL;

    if (WIFSIGNALED(how))
        cli_fail(cli, CLI_NO, NULL, "dev: %s (%s) was killed by signal %d",
                 c->name, c->program, WTERMSIG(how));
    else
        cli_fail(cli, CLI_NO, hint, "dev: %s (%s) ended with exit status %d",
                 c->name, c->program, WEXITSTATUS(how));
}

static void on_child(void *arg)
{
    struct dev *d = arg;
    int how;

    for (size_t i = 0; i < d->count; i++) {
        struct dev_child *c = &d->children[i];

        if (c->pid <= 0 || !spawn_ended(c->pid, &how))
            continue;
        c->pid = 0;
        dev_child_close(c);
        if (d->ending)
            continue;
        say_ended(c, how);
        end(d, CLI_NO);
    }
    if (d->ending && all_gone(d))
        cli_stop(d->cli, d->status);
}

/* -- coming up ------------------------------------------------------------- */

/* Ports of the registry's three addresses, as clients want them. */
static char *registry_name(const struct dev_child *c)
{
    static const char *const faces[] = {"new", "find", "event"};
    struct buf out = BUF_INIT;
    char text[80], *name;

    for (size_t i = 0; i < ARRAY_LEN(faces); i++) {
        const char *address =
            dev_child_address(c, faces[i], text, sizeof(text));
        const char *port = address ? strrchr(address, ':') : NULL;

        if (i == 0 && port)
            buf_add(&out, address, (size_t)(port - address));
        buf_add_str(&out, port ? port : ":0");
    }
    name = xstrdup(buf_str(&out));
    buf_free(&out);
    return name;
}

static void on_add(void *arg, const struct muster_service *s)
{
    struct dev *d = arg;

    (void)s;
    d->seen++;
    if (d->up || d->ending || d->seen < d->count - 1)
        return;
    d->up = true;
    loop_timer_off(d->deadline);
    dev_print(d);
}

/* Who has said it is ready is not yet known to the registry: that is seen
 * there. */
static void watch_registry(struct dev *d)
{
    static const struct muster_monitor_callbacks cb = {.on_add = on_add};
    struct muster_options o = {.registries = d->registry,
                               .backoff_max_ms = 200};
    char *error = NULL;

    d->cli->muster = muster_new(loop_base(d->cli->loop), &o, &error);
    if (!d->cli->muster ||
        !muster_monitor(d->cli->muster, "kind=worker,dispatcher", &cb, d,
                        &error))
        end(d, cli_fail_text(d->cli, CLI_NO, error, NULL));
}

void dev_child_ready(struct dev_child *c)
{
    struct dev *d = c->dev;
    char text[80];

    d->ready++;
    if (c == &d->children[DEV_DISPATCHER])
        d->dispatcher = xstrdup(
            dev_child_address(c, "exec", text, sizeof(text)) ? text : "?");
    if (d->ready == d->count && !d->ending)
        watch_registry(d);
    if (c != &d->children[DEV_REGISTRY] || d->ending)
        return;
    d->registry = registry_name(c);
    for (size_t i = DEV_DISPATCHER; i < d->count; i++)
        if (!dev_child_start(&d->children[i])) {
            end(d, CLI_NO);
            return;
        }
}

static void name_children(struct dev *d)
{
    for (size_t i = 0; i < d->count; i++) {
        struct dev_child *c = &d->children[i];

        c->dev = d;
        c->ready = c->err = -1;
        c->mask = i == 0 ? CONF_MUSTERD : i == 1 ? CONF_DISPATCH : CONF_WORKER;
        c->program = i == 0   ? "musterd"
                     : i == 1 ? "muster-dispatch"
                              : "muster-worker";
        if (i < DEV_WORKER)
            snprintf(c->name, sizeof(c->name), "%s",
                     i == 0 ? "registry" : "dispatcher");
        else
            snprintf(c->name, sizeof(c->name), "dev%zu", i - DEV_WORKER + 1);
    }
}

static int run(struct dev *d)
{
    struct loop *l = d->cli->loop;
    struct loop_signal *signals[] = {
        loop_signal_new(l, SIGINT, on_signal, d),
        loop_signal_new(l, SIGTERM, on_signal, d),
        loop_signal_new(l, SIGHUP, on_signal, d),
        loop_signal_new(l, SIGCHLD, on_child, d),
    };
    int status;

    d->deadline = loop_timer_new(l, on_deadline, d);
    loop_timer_set(d->deadline, START_MS);
    if (dev_child_start(&d->children[DEV_REGISTRY]))
        status = cli_run(d->cli);
    else
        status = CLI_NO;
    loop_timer_free(d->deadline);
    for (size_t i = 0; i < ARRAY_LEN(signals); i++)
        loop_signal_free(signals[i]);
    return status;
}

static int remove_one(const char *path, const struct stat *st, int kind,
                      struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

/* What a set-up keeps from job to job the next one knows nothing of. A name
 * that nobody has: whoever needs the folder makes it. */
static bool state_name(struct dev *d)
{
    snprintf(d->state, sizeof(d->state), "/tmp/muster-dev-XXXXXX");
    return mkdtemp(d->state) && rmdir(d->state) == 0;
}

static void state_remove(const struct dev *d)
{
    nftw(d->state, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int verb_dev(struct cli *cli)
{
    size_t workers = args_number(&cli->args, "workers", 1);
    struct dev d = {.cli = cli, .count = workers + DEV_WORKER};
    int status;

    if (workers > WORKERS_MAX)
        return cli_fail(cli, CLI_USAGE, NULL, "dev: at most %d workers",
                        WORKERS_MAX);
    cli->loop = loop_new(NULL);
    if (!cli->loop)
        return cli_fail(cli, CLI_NO, NULL, "dev: no event loop");
    if (!state_name(&d))
        return cli_fail(cli, CLI_NO, NULL, "dev: %s: %s", d.state,
                        strerror(errno));
    d.children = xcalloc(d.count, sizeof(*d.children));
    name_children(&d);
    status = run(&d);
    state_remove(&d);
    for (size_t i = 0; i < d.count; i++)
        dev_child_close(&d.children[i]);
    free(d.children);
    free(d.registry);
    free(d.dispatcher);
    return status;
}

#include "client/cli/dev.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/spawn.h"
#include "client/cli/text.h"
#include "lib/mem.h"
#include "lib/settings.h"

#define LOG_PATIENCE_MS 50
#define ARGV_MAX        512 /* words of a child's command line */

/* A command line under construction. */
struct command {
    char *words[ARGV_MAX + 1]; /* owned */
    size_t count;
};

static void add(struct command *l, const char *word)
{
    if (l->count < ARGV_MAX)
        l->words[l->count++] = xstrdup(word);
}

static void add_setting(struct command *l, const char *key, const char *value)
{
    char *text = xasprintf("%s=%s", key, value);

    add(l, "-o");
    add(l, text);
    free(text);
}

static void words_free(struct command *l)
{
    for (size_t i = 0; i < l->count; i++)
        free(l->words[i]);
}

/* Beside our own program, as in a build tree or an installation; else PATH. */
static char *program_path(const char *program)
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    char *path;

    if (n > 0) {
        self[n] = 0;
        path = xasprintf("%s/%s", dirname(self), program);
        if (access(path, X_OK) == 0)
            return path;
        free(path);
    }
    return xstrdup(program);
}

/* -- what each is started with --------------------------------------------- */

/* Whether a program that uses the settings of mask knows KEY of KEY=VALUE. */
static bool knows(unsigned mask, const char *option)
{
    size_t count, len = strcspn(option, "=");
    const struct conf_setting *t = settings_table(&count);

    for (size_t i = 0; i < count; i++) {
        size_t key = strlen(t[i].key);

        if ((t[i].programs & mask) == 0 || key > len ||
            strncmp(t[i].key, option, key) != 0)
            continue;
        if (key == len ||
            ((t[i].type == CONF_MAP || t[i].type == CONF_ACTIONS) &&
             option[key] == '.'))
            return true;
    }
    return false;
}

static void add_registry(struct command *l, bool any)
{
    static const char *const keys[] = {"registry.new",    "registry.find",
                                       "registry.event",  "registry.admin",
                                       "registry.consul", "registry.dns"};
    static const char *const ports[] = {"127.0.0.1:6701", "127.0.0.1:6702",
                                        "127.0.0.1:6703", "127.0.0.1:6700",
                                        "127.0.0.1:8500", "127.0.0.1:8600"};

    add_setting(l, "registry.store", "memory");
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        add_setting(l, keys[i], any ? "127.0.0.1:0" : ports[i]);
}

static void add_dispatcher(struct command *l, const struct dev *d, bool any)
{
    add_setting(l, "dispatcher.store", "memory");
    add_setting(l, "dispatcher.registry", d->registry);
    add_setting(l, "dispatcher.exec", any ? "127.0.0.1:0" : "127.0.0.1:6704");
    add_setting(l, "dispatcher.http", any ? "127.0.0.1:0" : "127.0.0.1:16808");
}

const char *dev_worker_attr(const struct dev *d, size_t worker, size_t i)
{
    const struct args *a = &d->cli->args;
    size_t web = (d->count - DEV_WORKER) / 2;

    if (args_has(a, "attr"))
        return args_nth(a, "attr", i);
    if (i > 0)
        return NULL;
    return worker == 0 || worker < web ? "role=web" : "role=db";
}

static void add_worker(struct command *l, const struct dev_child *c, bool any)
{
    const struct dev *d = c->dev;
    size_t worker = (size_t)(c - d->children) - DEV_WORKER;
    const char *attr;

    add_setting(l, "worker.host", c->name);
    add_setting(l, "worker.registry", d->registry);
    add_setting(l, "worker.drain", "1s");
    add_setting(l, "worker.spool", "off");
    add_setting(l, "worker.state", d->state);
    add_setting(l, "worker.bind",
                any || worker > 0 ? "127.0.0.1:0" : "127.0.0.1:6710");
    for (size_t i = 0; (attr = dev_worker_attr(d, worker, i)); i++) {
        char *text = xasprintf("worker.attrs.%s", attr);

        add(l, "-o");
        add(l, text);
        free(text);
    }
}

/* What every one of them gets; the user's -o come last and win. */
static void add_common(struct command *l, const struct dev_child *c, int ready)
{
    const struct cli *cli = c->dev->cli;
    const struct args *a = &cli->args;
    const char *file = args_get(a, "config"), *option;
    char number[16];

    snprintf(number, sizeof(number), "%d", ready);
    add_setting(l, "ready_fd", number);
    add_setting(l, "log.level", cli->verbose ? "info" : "warn");
    add(l, "-c");
    add(l, file ? file : "/dev/null");
    if (args_has(a, "profile")) {
        add(l, "--profile");
        add(l, args_get(a, "profile"));
    }
    for (size_t i = 0; (option = args_nth(a, "option", i)); i++) {
        if (!knows(c->mask, option))
            continue;
        add(l, "-o");
        add(l, option);
    }
}

static void compose(struct command *l, const struct dev_child *c, int ready)
{
    const struct dev *d = c->dev;
    const char *ports = args_get(&d->cli->args, "ports");
    bool any = ports && strcmp(ports, "any") == 0;
    size_t index = (size_t)(c - d->children);
    char *path = program_path(c->program);

    add(l, path);
    free(path);
    if (index == DEV_REGISTRY)
        add_registry(l, any);
    else if (index == DEV_DISPATCHER)
        add_dispatcher(l, d, any);
    else
        add_worker(l, c, any);
    add_common(l, c, ready);
    l->words[l->count] = NULL;
}

/* -- the ready line -------------------------------------------------------- */

static void stop_reading(struct dev_child *c)
{
    loop_fd_free(c->told);
    c->told = NULL;
    if (c->ready >= 0)
        close(c->ready);
    c->ready = -1;
}

/* Its end without a line says nothing: then the child ends, too. */
static void on_told(void *arg)
{
    struct dev_child *c = arg;
    ssize_t n = read(c->ready, buf_reserve(&c->line, 512), 512);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0)
        c->line.end += (size_t)n;
    if (n > 0 && !strchr(buf_str(&c->line), '\n'))
        return;
    stop_reading(c);
    if (n > 0) {
        c->is_ready = true;
        dev_child_ready(c);
    }
}

const char *dev_child_address(const struct dev_child *c, const char *face,
                              char *out, size_t size)
{
    struct buf copy = c->line;
    const char *p = buf_len(&copy) ? buf_str(&copy) : "";
    size_t len = strlen(face);

    while (*p) {
        size_t word = strcspn(p, " \n");
        const char *value = p + word + (p[word] != 0);
        size_t value_len = strcspn(value, " \n");

        if (word == len && strncmp(p, face, len) == 0 && value_len < size) {
            memcpy(out, value, value_len);
            out[value_len] = 0;
            return out;
        }
        p = value + value_len;
        p += strspn(p, " \n");
    }
    return NULL;
}

/* -- its log --------------------------------------------------------------- */

/* Its stderr, line by line under its name. Once all of it ends, what they say
 * of each other's going is of no interest. */
static void print_log(struct dev_child *c, const char *line, size_t len)
{
    struct cli *cli = c->dev->cli;
    struct buf out = BUF_INIT;

    if (c->dev->ending && !cli->verbose)
        return;
    buf_add_fmt(&out, cli->err_color ? "\x1b[2m%s:\x1b[0m " : "%s: ", c->name);
    if (cli->err_tty)
        text_add_safe(&out, line, len);
    else
        buf_add(&out, line, len);
    buf_add_char(&out, '\n');
    fwrite(buf_data(&out), 1, buf_len(&out), stderr);
    buf_free(&out);
}

static void stop_log(struct dev_child *c)
{
    loop_fd_free(c->said);
    loop_timer_free(c->patience);
    c->said = NULL;
    c->patience = NULL;
    if (c->err >= 0)
        close(c->err);
    c->err = -1;
}

/* False when there is nothing more to be had now. */
static bool read_log(struct dev_child *c)
{
    size_t room, len;
    char *line, *at = line_room(&c->lines, 4096, &room);
    ssize_t n = read(c->err, at, room);
    enum line_result got;

    if (n > 0)
        line_fed(&c->lines, (size_t)n);
    if (n < 0)
        return false;
    while ((got = line_next(&c->lines, n == 0, &line, &len)) != LINE_NONE)
        if (got == LINE_GOT)
            print_log(c, line, len);
    if (n == 0)
        stop_log(c);
    return n > 0;
}

/* When Ctrl-C ends all of us at once, they may be quicker to say so than we
 * are to know why: what they say waits for a moment. */
static void on_said(void *arg)
{
    struct dev_child *c = arg;

    loop_fd_off(c->said);
    loop_timer_set(c->patience, LOG_PATIENCE_MS);
}

static void on_patience(void *arg)
{
    struct dev_child *c = arg;

    read_log(c);
    if (c->said)
        loop_fd_on(c->said);
}

/* -- the process ----------------------------------------------------------- */

/* Two pipes: its ready line, and its stderr. */
static bool make_pipes(struct dev_child *c, int ready[2], int err[2])
{
    if (pipe2(ready, O_CLOEXEC | O_NONBLOCK) == 0) {
        if (pipe2(err, O_CLOEXEC) == 0) {
            fcntl(err[0], F_SETFL, O_NONBLOCK);
            c->ready = ready[0];
            c->err = err[0];
            return true;
        }
        close(ready[0]);
        close(ready[1]);
    }
    cli_fail(c->dev->cli, CLI_NO, NULL, "dev: no pipe: %s", strerror(errno));
    return false;
}

static void listen_to(struct dev_child *c)
{
    struct loop *l = c->dev->cli->loop;

    line_init(&c->lines, 8192);
    c->told = loop_fd_new(l, c->ready, false, on_told, c);
    c->patience = loop_timer_new(l, on_patience, c);
    c->said = loop_fd_new(l, c->err, false, on_said, c);
    loop_fd_on(c->told);
    loop_fd_on(c->said);
}

bool dev_child_start(struct dev_child *c)
{
    struct command line = {.count = 0};
    struct spawn s = {.argv = (const char *const *)line.words};
    int ready[2], err[2];
    char *error;

    if (!make_pipes(c, ready, err))
        return false;
    compose(&line, c, ready[1]);
    s.keep = ready[1];
    s.err = err[1];
    error = spawn_start(&s, &c->pid);
    words_free(&line);
    close(ready[1]);
    close(err[1]);
    listen_to(c);
    if (!error)
        return true;
    cli_fail_text(c->dev->cli, CLI_NO, error, NULL);
    return false;
}

void dev_child_close(struct dev_child *c)
{
    stop_reading(c);
    while (c->said && read_log(c))
        ;
    stop_log(c);
    line_free(&c->lines);
    buf_free(&c->line);
}

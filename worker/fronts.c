#include "worker/fronts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uthash.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "worker/lister.h"
#include "worker/plugin_env.h"
#include "worker/plugin_file.h"
#include "worker/plugin_run.h"
#include "worker/plugins.h"

#define PROGRAM "ansible/run" /* in a folder of plugins */
#define LOOK_MS 120000        /* for reading an inventory */

struct front {
    char *name;
    struct fronts *fronts;
    struct attrs attrs; /* as they are registered */
    struct muster_registration *service;
    char *refused; /* the last refusal, not to log it again and again */
    UT_hash_handle hh;
};

enum { PING, FACTER, SERVICE, EXECUTE, DEPLOY, OPS };

struct fronts {
    struct jobs *jobs;
    struct registrar *registrar;
    const struct op_rules *rules;
    struct front *by_name;
    struct lister *lister; /* NULL: nobody is asked now */
    char *inventory;       /* that was looked through last, or NULL */
    char *file;            /* where what it has is kept for a restart */
    struct plugin ops[OPS];
};

static const struct op_arg service_args[] = {
    {.name = "name", .required = true},
    {.name = "state", .required = true},
    {.name = "graceful"},
};
static const struct op_arg execute_args[] = {
    {.name = "cmd"}, {.name = "argv"}, {.name = "stdin", .repeated = true},
    {.name = "cwd"}, {.name = "env"},
};
static const struct op_arg deploy_args[] = {
    {.name = "role", .required = true},
    {.name = "partial"},
    {.name = "extra_vars"},
};

#define ARGS(list) .args = (list), .arg_count = ARRAY_LEN(list)

/* A ping needs no slot: dispatchers take that for granted. */
static const struct op table[OPS] = {
    [PING] = {.name = "ping", .run = plugin_run},
    [FACTER] = {.name = "facter", .slot = true, .run = plugin_run},
    [SERVICE] = {.name = "service",
                 .slot = true,
                 ARGS(service_args),
                 .run = plugin_run},
    [EXECUTE] = {.name = "execute",
                 .slot = true,
                 ARGS(execute_args),
                 .run = plugin_run},
    [DEPLOY] = {.name = "deploy",
                .slot = true,
                ARGS(deploy_args),
                .run = plugin_run},
};

/* -- which ----------------------------------------------------------------- */

bool fronts_has(const struct fronts *f, const char *host)
{
    struct front *front = NULL;

    if (f)
        HASH_FIND_STR(f->by_name, host, front);
    return front;
}

const struct op *fronts_op(const struct fronts *f, size_t i)
{
    return f && i < OPS && f->ops[i].path ? &f->ops[i].op : NULL;
}

const struct op *fronts_find(const struct fronts *f, const struct word *name)
{
    const struct op *op;

    for (size_t i = 0; (op = fronts_op(f, i)); i++)
        if (word_is(name, op->name))
            return op;
    return NULL;
}

/* -- one of them ----------------------------------------------------------- */

static void on_registered(void *arg, uint64_t revision)
{
    struct front *front = arg;

    (void)revision;
    free(front->refused);
    front->refused = NULL;
}

static void on_refused(void *arg, const char *text)
{
    struct front *front = arg;

    if (front->refused && strcmp(front->refused, text) == 0)
        return;
    log_error("the registry refuses host %s of the inventory: %s", front->name,
              text);
    free(front->refused);
    front->refused = xstrdup(text);
}

static void front_register(struct front *front)
{
    struct muster_attr *list = xcalloc(front->attrs.count, sizeof(*list));
    char *name = xasprintf("ansible!%s", front->name), *error = NULL;
    struct muster_registration_options o = {.name = name,
                                            .attrs = list,
                                            .attr_count = front->attrs.count,
                                            .volatile_attrs = "load,slots_free",
                                            .on_registered = on_registered,
                                            .on_refused = on_refused,
                                            .arg = front};
    size_t i;

    for (i = 0; i < front->attrs.count; i++)
        list[i] = (struct muster_attr){front->attrs.list[i].name,
                                       front->attrs.list[i].value};
    front->service =
        muster_register(front->fronts->registrar->muster, &o, &error);
    if (!front->service)
        log_error("cannot register host %s of the inventory: %s", front->name,
                  error);
    free(error);
    free(name);
    free(list);
}

/* Makes what is registered be attrs, which are taken over. */
static void front_change(struct front *front, struct attrs *attrs)
{
    size_t i;

    for (i = 0; front->service && i < front->attrs.count; i++)
        if (!attrs_get(attrs, front->attrs.list[i].name))
            muster_registration_set(front->service, front->attrs.list[i].name,
                                    NULL);
    for (i = 0; front->service && i < attrs->count; i++) {
        const char *name = attrs->list[i].name, *value = attrs->list[i].value,
                   *now = attrs_get(&front->attrs, name);

        if (!now || strcmp(now, value) != 0)
            muster_registration_set(front->service, name, value);
    }
    attrs_free(&front->attrs);
    front->attrs = *attrs;
    *attrs = (struct attrs){0};
    if (!front->service)
        front_register(front);
}

static void front_free(struct front *front)
{
    HASH_DEL(front->fronts->by_name, front);
    if (front->service)
        muster_registration_free(front->service);
    attrs_free(&front->attrs);
    free(front->refused);
    free(front->name);
    free(front);
}

/* -- all of them ----------------------------------------------------------- */

static void attrs_of(const struct fronts *f, const struct inventory_host *h,
                     struct attrs *a)
{
    struct op_rules rules = *f->rules;
    const struct attrs *own = &f->registrar->attrs;
    const char *addr = attrs_get(own, "addr");
    struct buf ops = BUF_INIT;

    rules.front = h->name;
    op_list(&rules, &ops);
    attrs_set(a, "kind", "worker");
    attrs_set(a, "host", h->name);
    attrs_set(a, "via", attrs_get(own, "host"));
    attrs_set(a, "addr", addr ? addr : f->registrar->name);
    attrs_set(a, "version", attrs_get(own, "version"));
    attrs_set(a, "ops", buf_str(&ops));
    attrs_set(a, "slots", attrs_get(own, "slots"));
    if (attrs_get(own, "drain"))
        attrs_set(a, "drain", attrs_get(own, "drain"));
    for (size_t i = 0; i < h->attrs.count; i++)
        attrs_set(a, h->attrs.list[i].name, h->attrs.list[i].value);
    buf_free(&ops);
}

static void fronts_take(struct fronts *f, const struct inventory *v)
{
    const struct inventory_host *h;
    struct front *front, *next;

    HASH_ITER (hh, f->by_name, front, next)
        if (!inventory_find(v, front->name))
            front_free(front);
    for (h = v->by_name; h; h = h->hh.next) {
        struct attrs attrs = {0};

        attrs_of(f, h, &attrs);
        HASH_FIND_STR(f->by_name, h->name, front);
        if (!front) {
            front = xcalloc(1, sizeof(*front));
            front->name = xstrdup(h->name);
            front->fronts = f;
            HASH_ADD_KEYPTR(hh, f->by_name, front->name, strlen(front->name),
                            front);
        }
        front_change(front, &attrs);
    }
    log_info("%u hosts of the inventory are reached through this worker",
             HASH_COUNT(f->by_name));
}

void fronts_set(struct fronts *f, const char *attr, const char *value)
{
    struct front *front;

    for (front = f ? f->by_name : NULL; front; front = front->hh.next) {
        if (value)
            attrs_set(&front->attrs, attr, value);
        else
            attrs_unset(&front->attrs, attr);
        if (front->service)
            muster_registration_set(front->service, attr, value);
    }
}

/* -- over a restart -------------------------------------------------------- */

/* What was known is known at once when the worker starts again: dispatchers
 * come back for their jobs before an inventory has been looked through. The
 * file begins with a line that says of which inventory it is. */
static void known_keep(const struct fronts *f, const struct buf *text)
{
    char *new = xasprintf("%s.new", f->file);
    FILE *out = fopen(new, "we");
    bool good;

    if (!out) {
        log_debug("%s: %m", new);
        free(new);
        return;
    }
    fprintf(out, "%s\n", f->inventory);
    fwrite(buf_data(text), 1, buf_len(text), out);
    good = !ferror(out);
    if (fclose(out) != 0 || !good || rename(new, f->file) < 0)
        log_warn("%s: %m", f->file);
    free(new);
}

static void known_read(const struct fronts *f, struct buf *text)
{
    FILE *in = fopen(f->file, "re");
    size_t n;

    while (in && buf_len(text) < LISTER_MAX &&
           (n = fread(buf_reserve(text, 65536), 1, 65536, in)) > 0)
        text->end += n;
    if (in)
        fclose(in);
}

static void known_take(struct fronts *f)
{
    struct buf text = BUF_INIT;
    struct inventory v = {0};
    size_t len = strlen(f->inventory);
    char *why;

    known_read(f, &text);
    if (buf_len(&text) > len + 1 &&
        memcmp(buf_data(&text), f->inventory, len) == 0 &&
        buf_data(&text)[len] == '\n') {
        buf_add_char(&text, '\0');
        why = inventory_parse(&v, buf_data(&text) + len + 1,
                              buf_len(&text) - len - 2);
        if (why)
            log_warn("%s: %s", f->file, why);
        else
            fronts_take(f, &v);
        inventory_free(&v);
        free(why);
    }
    buf_free(&text);
}

/* -- looking --------------------------------------------------------------- */

static void on_listed(void *arg, struct buf *out, const char *why)
{
    struct fronts *f = arg;
    struct inventory v = {0};
    struct buf text = BUF_INIT;
    char *wrong = why ? xstrdup(why) : NULL;

    f->lister = NULL;
    if (!wrong) {
        buf_add(&text, buf_data(out), buf_len(out));
        buf_add_char(out, '\0');
        wrong = inventory_parse(&v, buf_data(out), buf_len(out) - 1);
    }
    if (!wrong)
        known_keep(f, &text);
    buf_free(&text);
    if (wrong)
        log_error("ansible.inventory: %s: its %u hosts stay as they were",
                  wrong, HASH_COUNT(f->by_name));
    else
        fronts_take(f, &v);
    inventory_free(&v);
    free(wrong);
}

/* The first folder of worker.plugins that has it; NULL: none. */
static char *program_find(const struct conf *conf)
{
    size_t n, i;
    const char *const *folders = conf_list(conf, "worker.plugins", &n);

    for (i = 0; i < n; i++) {
        bool installed = strcmp(folders[i], "installed") == 0;
        char *path =
            xasprintf("%s/" PROGRAM, installed ? MUSTER_PLUGINDIR : folders[i]);

        if (path[0] == '/' && !plugin_file_wrong(path))
            return path;
        free(path);
    }
    return NULL;
}

static void lister_begin(struct fronts *f, char *program)
{
    char *argv[] = {program, (char *)"inventory", NULL};
    size_t count = plugin_env_count(f->jobs->settings);
    char **env = xcalloc(count + 3, sizeof(*env));
    const struct passwd *self = f->jobs->self;
    char *home = xasprintf("HOME=%s", self ? self->pw_dir : "/");

    env[0] = (char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
                     "/sbin:/bin";
    env[1] = home;
    memcpy(env + 2, f->jobs->settings, count * sizeof(*env));
    f->lister = lister_start(f->jobs->loop, argv, env, LOOK_MS, on_listed, f);
    if (!f->lister)
        log_error("ansible.inventory: %s: %m", program);
    free(env);
    free(home);
}

/* Workers of one machine may share the folder. */
static char *file_path(const struct conf *conf, const char *host)
{
    const char *folder = conf_str(conf, "worker.state");
    char *path = xasprintf("%s/inventory.%s", folder, host), *p;

    for (p = path + strlen(folder) + 1; *p; p++)
        if (*p == '/')
            *p = '!';
    return path;
}

void fronts_look(struct fronts *f, const struct conf *conf)
{
    const char *inventory = conf_str(conf, "ansible.inventory");
    struct inventory none = {0};
    char *program = program_find(conf);
    size_t i;

    lister_free(f->lister);
    f->lister = NULL;
    for (i = 0; i < OPS; i++) {
        free(f->ops[i].path);
        f->ops[i].path = program ? xstrdup(program) : NULL;
    }
    free(f->file);
    f->file = file_path(conf, f->jobs->host);
    free(f->inventory);
    f->inventory = xstrdup(inventory ? inventory : "");
    if (*f->inventory)
        mkdir(conf_str(conf, "worker.state"), 0700);
    if (*f->inventory && program && !f->by_name)
        known_take(f);
    if (*f->inventory && program)
        lister_begin(f, program);
    else if (*f->inventory)
        log_error(
            "ansible.inventory: no folder of worker.plugins has a file " PROGRAM
            " that may be run");
    else if (f->by_name)
        fronts_take(f, &none);
    free(program);
}

struct fronts *fronts_new(struct jobs *js, struct registrar *r,
                          const struct op_rules *rules)
{
    struct fronts *f = xcalloc(1, sizeof(*f));
    size_t i;

    f->jobs = js;
    f->registrar = r;
    f->rules = rules;
    for (i = 0; i < OPS; i++)
        f->ops[i].op = table[i];
    return f;
}

void fronts_free(struct fronts *f)
{
    struct front *front, *next;

    if (!f)
        return;
    lister_free(f->lister);
    HASH_ITER (hh, f->by_name, front, next)
        front_free(front);
    for (size_t i = 0; i < OPS; i++)
        free(f->ops[i].path);
    free(f->inventory);
    free(f->file);
    free(f);
}

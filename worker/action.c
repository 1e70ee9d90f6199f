#include "worker/action.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/action.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "worker/execute.h"

static const char *request_value(const void *arg, const char *hole)
{
    const struct op_request *r = arg;
    const struct action *a = container_of(r->op, struct action_op, op)->action;
    const struct word *value = op_request_get(r, hole);

    return value ? value->text : action_hole(a, hole)->def;
}

/* -- what is wrong --------------------------------------------------------- */

static char *value_wrong(const struct action *a, const struct op_request *r)
{
    char *wrong = NULL;

    for (size_t i = 0; i < r->count && !wrong; i++) {
        const struct hole *h = action_hole(a, r->names[i]);

        if (h)
            wrong = hole_wrong(h, r->values[i]->text, r->values[i]->len);
    }
    return wrong;
}

static bool takes_secret(const struct action *a, const char *name)
{
    for (size_t i = 0; i < a->n_secrets; i++)
        if (strcmp(a->secrets[i], name) == 0)
            return true;
    return false;
}

static char *secret_wrong(const struct action *a, const struct op_request *r)
{
    for (size_t i = 0; i < r->secrets.count; i++)
        if (!takes_secret(a, r->secrets.list[i].name))
            return xasprintf("%s takes no secret %s", a->name,
                             r->secrets.list[i].name);
    return NULL;
}

/* Whom it runs as, if that is not the worker's own user. */
static char *user_wrong(const struct action *a, const char **user)
{
    const struct passwd *u = a->user ? getpwnam(a->user) : NULL;

    *user = NULL;
    if (!a->user)
        return NULL;
    if (!u)
        return xasprintf("%s: there is no user %s here", a->name, a->user);
    if (u->pw_uid == geteuid())
        return NULL;
    if (geteuid() != 0)
        return xasprintf("%s runs as %s: the worker is not root", a->name,
                         a->user);
    *user = a->user;
    return NULL;
}

/* -- running --------------------------------------------------------------- */

/* argv or env with its holes filled, and room for more; owned. */
static char **texts_fill(char *const *texts, size_t more,
                         const struct op_request *r)
{
    size_t n = 0;
    char **out;

    while (texts && texts[n])
        n++;
    out = xcalloc(n + more + 1, sizeof(*out));
    for (size_t i = 0; i < n; i++)
        out[i] = action_fill(texts[i], request_value, r);
    return out;
}

static char **env_make(const struct action *a, const struct op_request *r)
{
    char **env = texts_fill(a->env, r->secrets.count + 1, r);
    size_t n = 0;

    while (env[n])
        n++;
    for (size_t i = 0; i < r->secrets.count; i++)
        env[n++] = secret_setting(&r->secrets.list[i]);
    env[n] = xasprintf("MUSTER_OP=%s", a->name);
    return env;
}

static void texts_free(char **texts)
{
    for (char **t = texts; *t; t++)
        secret_setting_free(*t);
    free(texts);
}

/* A request may ask for less time than the action has, not for more. */
static uint64_t shorter(uint64_t own, uint64_t asked)
{
    return own && (!asked || asked > own) ? own : asked;
}

static struct job *action_start(struct jobs *js, const char *jid,
                                const struct action *a,
                                const struct op_request *r, const char *user,
                                char **why)
{
    const struct word *input = op_request_get(r, "stdin");
    struct job_process p = {.op = a->name,
                            .timeout_ms = shorter(a->timeout_ms, r->timeout_ms),
                            .idle_ms = shorter(a->idle_ms, r->idle_ms),
                            .output = a->output};
    char **argv = texts_fill(a->argv, 0, r), **env = env_make(a, r);
    struct mask *mask;
    struct job *j;

    p.child = (struct child_spec){.argv = argv,
                                  .env = env,
                                  .cwd = a->cwd,
                                  .user = user,
                                  .self = js->self,
                                  .input = input ? input->text : NULL,
                                  .input_len = input ? input->len : 0,
                                  .nofile = js->nofile,
                                  .fence = r->fence};
    p.mask = mask = secrets_mask(&r->secrets);
    j = job_start(js, jid, &p, why);
    mask_free(mask); /* the monitor has its own */
    texts_free(argv);
    texts_free(env);
    return j;
}

static struct job *action_run(struct jobs *js, const char *jid,
                              const struct op_request *r, char **why)
{
    const struct action *a = container_of(r->op, struct action_op, op)->action;
    const char *user;

    *why = value_wrong(a, r);
    if (!*why)
        *why = secret_wrong(a, r);
    if (!*why)
        *why = user_wrong(a, &user);
    return *why ? NULL : action_start(js, jid, a, r, user, why);
}

/* -- all of them ----------------------------------------------------------- */

static struct op_arg *args_make(const struct action *a, size_t *count)
{
    struct op_arg *args = xcalloc(a->n_holes + 1, sizeof(*args));
    size_t i;

    for (i = 0; i < a->n_holes; i++)
        args[i] = (struct op_arg){.name = a->holes[i].name,
                                  .required = !a->holes[i].def};
    if (a->input)
        args[i++] = (struct op_arg){.name = "stdin", .bytes = true};
    *count = i;
    return args;
}

void actions_load(struct actions *out, const struct conf *conf)
{
    size_t n = conf_map_size(conf, "worker.actions");

    actions_free(out);
    out->list = xcalloc(n + 1, sizeof(*out->list));
    for (size_t i = 0; i < n; i++) {
        struct conf_map_entry e = conf_map_at(conf, "worker.actions", i);
        struct action_op *o = &out->list[out->count];
        char *why;

        o->action = action_parse(e.name, e.value, &why);
        if (!o->action) { /* the configuration has checked it */
            log_error("action %s: %s", e.name, why);
            free(why);
            continue;
        }
        o->op = (struct op){
            .name = o->action->name, .slot = true, .run = action_run};
        o->op.args = args_make(o->action, &o->op.arg_count);
        out->count++;
    }
}

void actions_free(struct actions *a)
{
    while (a->count) {
        struct action_op *o = &a->list[--a->count];

        free((void *)(uintptr_t)o->op.args);
        action_free(o->action);
    }
    free(a->list);
    a->list = NULL;
}

const struct op *actions_find(const struct actions *a, const struct word *name)
{
    for (size_t i = 0; a && i < a->count; i++)
        if (word_is(name, a->list[i].op.name))
            return &a->list[i].op;
    return NULL;
}

const struct op *actions_at(const struct actions *a, size_t i)
{
    return a && i < a->count ? &a->list[i].op : NULL;
}

static void tell_action(const struct action *a, struct attrs *out)
{
    char *name = xasprintf("action.%s", a->name);
    char *doc = xasprintf("action.%s.doc", a->name);
    struct buf text = BUF_INIT;

    for (size_t i = 0; i < a->n_holes; i++)
        buf_add_pair(&text, a->holes[i].name, a->holes[i].type_text);
    attrs_set(out, name, buf_str(&text));
    if (a->doc)
        attrs_set(out, doc, a->doc);
    buf_free(&text);
    free(name);
    free(doc);
}

void actions_attrs(const struct actions *a, struct attrs *out)
{
    for (size_t i = 0; i < a->count; i++)
        tell_action(a->list[i].action, out);
}

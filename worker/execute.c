#include "worker/execute.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/mem.h"
#include "worker/op.h"

#define ARGV_MAX 4096 /* words of an argv, settings of an env */

/* What becomes of the arguments; freed as a whole. */
struct execute {
    char **argv, **env; /* arrays owned, texts borrowed from the request */
    struct buf input;
    char *secrets[SECRETS_MAX]; /* owned, and in env */
    const char *user, *cwd;
};

struct word *op_request_get(const struct op_request *r, const char *name)
{
    size_t i;

    for (i = 0; i < r->count; i++)
        if (strcmp(r->names[i], name) == 0)
            return r->values[i];
    return NULL;
}

/* One word that holds quoted words, as a NULL-terminated array. */
static char *words_of(struct word *value, const char *name, char ***out)
{
    struct word *words = xcalloc(ARGV_MAX, sizeof(*words));
    int n = words_split(value->text, value->len, words, ARGV_MAX), i;

    if (n < 0) {
        free(words);
        return xasprintf("%s: %s", name, words_error_text(n));
    }
    *out = xcalloc((size_t)n + 1, sizeof(**out));
    for (i = 0; i < n; i++)
        (*out)[i] = words[i].text;
    free(words);
    return NULL;
}

/* Exactly one of cmd and argv. */
static char *take_program(struct execute *e, const struct op_request *r)
{
    struct word *cmd = op_request_get(r, "cmd");
    struct word *argv = op_request_get(r, "argv");
    char *wrong;

    if (!cmd == !argv)
        return xstrdup("execute takes either cmd or argv");
    if (cmd) {
        e->argv = xcalloc(4, sizeof(*e->argv));
        e->argv[0] = (char *)"/bin/sh";
        e->argv[1] = (char *)"-c";
        e->argv[2] = cmd->text;
        return NULL;
    }
    wrong = words_of(argv, "argv", &e->argv);
    if (!wrong && (!e->argv[0] || !e->argv[0][0]))
        return xstrdup("argv names no program");
    return wrong;
}

static char *take_env(struct execute *e, const struct op_request *r)
{
    struct word *env = op_request_get(r, "env");
    char *wrong, **s;

    if (!env)
        return NULL;
    wrong = words_of(env, "env", &e->env);
    for (s = e->env; !wrong && *s; s++) {
        if (**s == '=' || !strchr(*s, '='))
            wrong = xasprintf("env: %s is not NAME=VALUE", *s);
        else if (strncmp(*s, "MUSTER_", 7) == 0)
            wrong = xstrdup("env: MUSTER_ variables are the worker's own");
    }
    return wrong;
}

/* One text, or several: the lines of one. */
static void take_input(struct execute *e, const struct op_request *r)
{
    bool first = true;
    size_t i;

    for (i = 0; i < r->count; i++) {
        if (strcmp(r->names[i], "stdin") != 0)
            continue;
        if (!first)
            buf_add_char(&e->input, '\n');
        buf_add(&e->input, r->values[i]->text, r->values[i]->len);
        first = false;
    }
}

/* Behind the settings that were asked for. */
static void take_secrets(struct execute *e, const struct op_request *r)
{
    size_t count = 0, i;

    while (e->env && e->env[count])
        count++;
    e->env =
        xreallocarray(e->env, count + r->secrets.count + 1, sizeof(*e->env));
    for (i = 0; i < r->secrets.count; i++)
        e->env[count + i] = e->secrets[i] = secret_setting(&r->secrets.list[i]);
    e->env[count + i] = NULL;
}

/* Another user only by name in worker.users, and only root can be another. */
static char *take_user(struct execute *e, const struct op_request *r)
{
    struct word *user = op_request_get(r, "user");
    size_t i;

    if (!user)
        return NULL;
    for (i = 0; i < r->rules->user_count; i++)
        if (word_is(user, r->rules->users[i]))
            break;
    if (i == r->rules->user_count)
        return xasprintf("user %s is not allowed here", user->text);
    if (geteuid() != 0)
        return xstrdup("user: the worker is not root");
    e->user = user->text;
    return NULL;
}

static char *take_cwd(struct execute *e, const struct op_request *r)
{
    struct word *cwd = op_request_get(r, "cwd");

    if (!cwd)
        return NULL;
    if (cwd->text[0] != '/')
        return xstrdup("cwd is not an absolute path");
    e->cwd = cwd->text;
    return NULL;
}

static char *execute_read(struct execute *e, const struct op_request *r)
{
    char *wrong = take_program(e, r);

    if (!wrong)
        wrong = take_env(e, r);
    if (!wrong)
        wrong = take_user(e, r);
    if (!wrong)
        wrong = take_cwd(e, r);
    if (!wrong) {
        take_input(e, r);
        take_secrets(e, r);
    }
    return wrong;
}

static void execute_child(struct execute *e, const struct jobs *js,
                          struct child_spec *spec)
{
    spec->argv = e->argv;
    spec->env = e->env;
    spec->cwd = e->cwd;
    spec->user = e->user;
    spec->self = js->self;
    spec->input_len = buf_len(&e->input);
    spec->input = spec->input_len ? buf_str(&e->input) : NULL;
    spec->nofile = js->nofile;
}

static void execute_free(struct execute *e)
{
    free(e->argv);
    free(e->env);
    for (size_t i = 0; i < SECRETS_MAX; i++)
        secret_setting_free(e->secrets[i]);
    if (e->input.data)
        explicit_bzero(e->input.data, e->input.size);
    buf_free(&e->input);
}

struct job *execute_run(struct jobs *js, const char *jid,
                        const struct op_request *r, char **why)
{
    struct execute e = {.input = BUF_INIT};
    struct job *j = NULL;

    *why = execute_read(&e, r);
    if (!*why) {
        struct mask *mask = secrets_mask(&r->secrets);
        struct job_process p = {.timeout_ms = r->timeout_ms,
                                .idle_ms = r->idle_ms};

        execute_child(&e, js, &p.child);
        p.child.fence = r->fence;
        p.mask = mask;
        j = job_start(js, jid, &p, why);
        mask_free(mask); /* the monitor has its own */
    }
    execute_free(&e);
    return j;
}

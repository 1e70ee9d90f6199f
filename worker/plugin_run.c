#include "worker/plugin_run.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/mem.h"
#include "lib/utf8.h"
#include "worker/plugin_env.h"
#include "worker/plugin_file.h"
#include "worker/plugins.h"

/* -- standard input -------------------------------------------------------- */

/* Bytes that are no text stand in base64, under the name with a colon. */
static void add_bytes(json_t *args, const char *name, const struct word *value)
{
    char *key = xasprintf("%s:", name);
    struct buf text = BUF_INIT;

    base64_encode(&text, value->text, value->len);
    json_object_set_new(args, key,
                        json_stringn(buf_str(&text), buf_len(&text)));
    buf_free(&text);
    free(key);
}

static void add_value(json_t *to, const char *name, const struct word *value)
{
    if (utf8_valid(value->text, value->len))
        json_object_set_new(to, name, json_stringn(value->text, value->len));
    else
        add_bytes(to, name, value);
}

static json_t *args_json(const struct op_request *r)
{
    json_t *args = json_object();
    size_t i;

    for (i = 0; i < r->count; i++)
        add_value(args, r->names[i], r->values[i]);
    return args;
}

static json_t *secrets_json(const struct secrets *s)
{
    json_t *object = json_object();
    size_t i;

    for (i = 0; i < s->count; i++)
        add_value(object, s->list[i].name, s->list[i].value);
    return object;
}

static char *input_make(const struct jobs *js, const char *jid,
                        const struct op_request *r)
{
    json_t *job = json_object();
    char *text;

    json_object_set_new(job, "jid", json_string(jid));
    json_object_set_new(job, "op", json_string(r->op->name));
    json_object_set_new(job, "host", json_string(r->host ? r->host : js->host));
    json_object_set_new(job, "args", args_json(r));
    if (r->secrets.count)
        json_object_set_new(job, "secrets", secrets_json(&r->secrets));
    text = json_dumps(job, JSON_COMPACT);
    json_decref(job);
    return text;
}

/* -- environment ----------------------------------------------------------- */

static bool fits_env(const struct word *v)
{
    return v->len <= PLUGIN_ENV_MAX && !memchr(v->text, '\0', v->len);
}

static char **env_make(const struct jobs *js, const struct op_request *r)
{
    char *const *s = js->settings;
    size_t i, n = 0, count = plugin_env_count(s);
    char **env = xcalloc(r->count + r->secrets.count + count + 3, sizeof(*env));

    env[n++] = xasprintf("MUSTER_OP=%s", r->op->name);
    if (r->host)
        env[n++] = xasprintf("MUSTER_HOST=%s", r->host);
    for (i = 0; i < count; i++)
        env[n++] = xstrdup(s[i]);
    for (i = 0; i < r->count; i++)
        if (fits_env(r->values[i]))
            env[n++] =
                xasprintf("MUSTER_ARG_%s=%s", r->names[i], r->values[i]->text);
    for (i = 0; i < r->secrets.count; i++)
        if (fits_env(r->secrets.list[i].value))
            env[n++] = secret_setting(&r->secrets.list[i]);
    return env;
}

static void env_free(char **env)
{
    char **s;

    for (s = env; *s; s++)
        secret_setting_free(*s);
    free(env);
}

/* -- the process ----------------------------------------------------------- */

struct job *plugin_run(struct jobs *js, const char *jid,
                       const struct op_request *r, char **why)
{
    const struct plugin *g = container_of(r->op, struct plugin, op);
    const char *wrong = plugin_file_wrong(g->path);
    char *argv[] = {g->path, (char *)"run", NULL};
    struct job_process p = {
        .op = r->op->name, .timeout_ms = r->timeout_ms, .idle_ms = r->idle_ms};
    char *input, **env;
    struct mask *mask;
    struct job *j;

    if (wrong) {
        *why = xasprintf("plugin %s: %s", g->path, wrong);
        return NULL;
    }
    input = input_make(js, jid, r);
    env = env_make(js, r);
    p.child = (struct child_spec){.argv = argv,
                                  .env = env,
                                  .self = js->self,
                                  .input = input,
                                  .input_len = strlen(input),
                                  .nofile = js->nofile,
                                  .fence = r->fence,
                                  .report = true,
                                  .leaves = g->about.leaves};
    p.mask = mask = secrets_mask(&r->secrets);
    j = job_start(js, jid, &p, why);
    mask_free(mask); /* the monitor has its own */
    env_free(env);
    secret_setting_free(input);
    return j;
}

#include <stdlib.h>
#include <string.h>

#include "lib/auth/principal.h"
#include "plugins/dispatch/exed/body.h"
#include "plugins/dispatch/exed/run.h"

/* -- types that workers have ----------------------------------------------- */

/* TYPE:NAME into the object, by the whole text. */
static void add_type(json_t *seen, const char *text, size_t len)
{
    const char *colon = memchr(text, ':', len);
    char *key = xmemdup0(text, len), *type;

    type = xmemdup0(text, colon ? (size_t)(colon - text) : len);
    if (*type && !json_object_get(seen, key))
        json_object_set_new(
            seen, key,
            json_pack("{s:o, s:o}", "type", body_clean(type), "name",
                      body_clean(colon ? key + strlen(type) + 1 : type)));
    free(type);
    free(key);
}

/* A worker says them as TYPE:NAME,TYPE:NAME. */
static void add_types(void *arg, const char *host, const struct attrs *attrs)
{
    const char *text = attrs_get(attrs, "release.types");
    size_t len;

    (void)host;
    for (; text && *text; text += len + (text[len] != '\0')) {
        len = strcspn(text, ", ");
        if (len)
            add_type(arg, text, len);
    }
}

static enum http_verdict get_release(struct exed_call *c)
{
    json_t *seen = json_object(), *list = json_array(), *o;
    const char *key;

    if (!dispatch_is_synced(c->exed->dispatch)) {
        json_decref(list);
        json_decref(seen);
        return exed_unsynced(c->request);
    }
    dispatch_hosts(c->exed->dispatch, NULL, &http_principal(c->request)->exec,
                   add_types, seen);
    json_object_foreach(seen, key, o) json_array_append(list, o);
    json_decref(seen);
    http_reply_json(c->request, 200, list);
    return HTTP_DONE;
}

/* -- jobs ------------------------------------------------------------------ */

static enum http_verdict post_release(struct exed_call *c)
{
    struct dispatch_spec *spec = run_spec("release");

    run_param(spec, c, "appname", "appname");
    run_param(spec, c, "apptype", "apptype");
    run_param(spec, c, "revision", "revision");
    run_param(spec, c, "rollback", "rollback");
    run_param(spec, c, "extra_opts", "extra_opts");
    spec->exclusive = true;
    return run_submit(c, spec);
}

/* A task has its revision, and whether to roll back, beside its other names or
 * among its options. */
static enum http_verdict post_task(struct exed_call *c)
{
    static const struct param also[] = {
        {.name = "revision"}, {.name = "rollback", .type = PARAM_BOOL}};
    static const struct params inner = EXED_PARAMS(also);
    json_t *opts = json_object_get(c->args, "taskopts"), *some, *v;
    struct dispatch_spec *spec;
    const char *name;
    char *wrong;

    some = json_object();
    for (size_t i = 0; i < inner.count; i++) {
        name = also[i].name;
        v = json_object_get(opts, name);
        if (v && !json_object_get(c->args, name))
            json_object_set(some, name, v);
        json_object_del(opts, name);
    }
    wrong = params_of_body(&inner, some, &v);
    json_decref(some);
    if (wrong)
        return exed_wrong(c->request, 400, wrong);
    json_object_update(c->args, v);
    json_decref(v);
    spec = run_spec("release");
    run_param(spec, c, "taskname", "appname");
    run_param(spec, c, "tasktype", "apptype");
    run_param(spec, c, "revision", "revision");
    run_param(spec, c, "rollback", "rollback");
    run_param(spec, c, "taskopts", "extra_opts");
    spec->exclusive = true;
    return run_submit(c, spec);
}

/* -- the table ------------------------------------------------------------- */

static const struct param release_params[] = {
    {.name = "appname", .required = true, .help = "The application."},
    {.name = "apptype", .required = true, .help = "The type of release."},
    {.name = "revision",
     .required = true,
     .help = "What to put live; ? asks for what is."},
    {.name = "rollback",
     .type = PARAM_BOOL,
     .help = "Go back to it instead of releasing it."},
    {.name = "extra_opts",
     .type = PARAM_OBJECT,
     .help = "Options for that type of release."},
    RUN_TARGETS,
};

static const struct param task_params[] = {
    {.name = "taskname", .required = true, .help = "As appname of /release."},
    {.name = "tasktype", .required = true, .help = "As apptype of /release."},
    {.name = "revision", .help = "As there; it may be among taskopts."},
    {.name = "rollback",
     .type = PARAM_BOOL,
     .help = "As there; it may be among taskopts."},
    {.name = "taskopts",
     .type = PARAM_OBJECT,
     .help = "As extra_opts of /release."},
    RUN_TARGETS,
};

#define TYPES_STATUSES "200 400 503"
#define JOB_STATUSES   "201 400 404 409 500 503"

static const struct exed_endpoint rows[] = {
    {.method = HTTP_GET,
     .path = "/release",
     .name = "releaseTypes",
     .handler = get_release,
     .who = EXED_RUNNER,
     .statuses = TYPES_STATUSES,
     .help = "The types of release that hosts have."},
    {.method = HTTP_POST,
     .path = "/release",
     .name = "releaseJob",
     .handler = post_release,
     .who = EXED_RUNNER,
     .params = EXED_PARAMS(release_params),
     .statuses = JOB_STATUSES,
     .help = "Puts a revision of an application live on hosts, as a job."},
    {.method = HTTP_GET,
     .path = "/task",
     .name = "taskTypes",
     .handler = get_release,
     .who = EXED_RUNNER,
     .statuses = TYPES_STATUSES,
     .help = "As GET /release."},
    {.method = HTTP_POST,
     .path = "/task",
     .name = "taskJob",
     .handler = post_task,
     .who = EXED_RUNNER,
     .params = EXED_PARAMS(task_params),
     .statuses = JOB_STATUSES,
     .help = "As POST /release, by its later names."},
};
const struct exed_family exed_release = {"release", rows, ARRAY_LEN(rows)};

#include "plugins/registry/consul/rexec_job.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base64.h"
#include "lib/uuid.h"

/* -- JSON ------------------------------------------------------------------ */

/* Names of fields are compared in any case; null is as if it were not there. */
static json_t *field(json_t *object, const char *name)
{
    const char *key;
    json_t *value;

    json_object_foreach(object, key, value)
    {
        if (!strcasecmp(key, name) && !json_is_null(value))
            return value;
    }
    return NULL;
}

/* A copy without a NUL in it; NULL: it has one, or is none. */
static char *text_of(const json_t *value)
{
    const char *text = json_string_value(value);

    if (!text || strlen(text) != json_string_length(value))
        return NULL;
    return xstrdup(text);
}

static json_t *load(const void *bytes, size_t len)
{
    json_t *object = json_loadb(len ? bytes : "", len, 0, NULL);

    if (json_is_object(object))
        return object;
    json_decref(object);
    return NULL;
}

/* -- the event's payload --------------------------------------------------- */

static const char *place_from(struct rexec_place *p, json_t *object)
{
    p->prefix = text_of(field(object, "Prefix"));
    p->session = text_of(field(object, "Session"));
    if (!p->prefix || !*p->prefix || strlen(p->prefix) > REXEC_PREFIX_MAX)
        return "it has no Prefix";
    if (!p->session || !uuid_ok(p->session, strlen(p->session)))
        return "it has no Session";
    return NULL;
}

const char *rexec_place_read(struct rexec_place *p, const void *bytes,
                             size_t len)
{
    json_t *object = load(bytes, len);
    const char *wrong = "it is no JSON object";

    *p = (struct rexec_place){0};
    if (object)
        wrong = place_from(p, object);
    json_decref(object);
    return wrong;
}

void rexec_place_free(struct rexec_place *p)
{
    free(p->prefix);
    free(p->session);
    *p = (struct rexec_place){0};
}

/* -- the job --------------------------------------------------------------- */

static const char *read_script(struct rexec_job *j, const json_t *value)
{
    const char *text = json_string_value(value);

    if (value && (!text || !base64_decode(&j->script, text, strlen(text))))
        return "its Script is no base64";
    return NULL;
}

static const char *read_args(struct rexec_job *j, const json_t *list)
{
    size_t i, n = json_array_size(list);

    if (list && (!json_is_array(list) || n > REXEC_ARGS_MAX))
        return "its Args are no list of texts";
    j->args = xcalloc(n + 1, sizeof(*j->args));
    for (i = 0; i < n; i++) {
        j->args[i] = text_of(json_array_get(list, i));
        if (!j->args[i])
            return "its Args are no list of texts";
        j->n_args++;
    }
    return NULL;
}

/* Nanoseconds; some encoders write them with a fraction. */
static const char *read_wait(struct rexec_job *j, const json_t *value)
{
    double ms = json_number_value(value) / 1e6;

    j->wait_ms = REXEC_WAIT_MS;
    if (!value)
        return NULL;
    if (!json_is_number(value) || !isfinite(ms))
        return "its Wait is no number";
    if (ms > REXEC_WAIT_MAX)
        j->wait_ms = REXEC_WAIT_MAX;
    else if (ms > 0)
        j->wait_ms = ms < REXEC_WAIT_MIN ? REXEC_WAIT_MIN : (uint64_t)ms;
    return NULL;
}

static const char *job_from(struct rexec_job *j, json_t *object)
{
    json_t *command = field(object, "Command");
    const char *wrong = read_script(j, field(object, "Script"));

    if (!wrong)
        wrong = read_args(j, field(object, "Args"));
    if (!wrong)
        wrong = read_wait(j, field(object, "Wait"));
    if (wrong)
        return wrong;
    if (command) {
        j->command = text_of(command);
        if (!j->command)
            return "its Command is no text";
    }
    if (!buf_len(&j->script) && !j->n_args && (!j->command || !*j->command))
        return "it has neither Command nor Args nor Script";
    return NULL;
}

const char *rexec_job_read(struct rexec_job *j, const void *bytes, size_t len)
{
    json_t *object = load(bytes, len);
    const char *wrong = "it is no JSON object";

    *j = (struct rexec_job){0};
    if (object)
        wrong = job_from(j, object);
    json_decref(object);
    return wrong;
}

void rexec_job_free(struct rexec_job *j)
{
    for (size_t i = 0; i < j->n_args; i++)
        free(j->args[i]);
    free(j->args);
    free(j->command);
    buf_free(&j->script);
    *j = (struct rexec_job){0};
}

#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/metrics_process.h"
#include "plugins/dispatch/exed/endpoint.h"

/* What every endpoint may answer beside its own. */
#define COMMON "400 401 403 405 421 503"

/* /jobs/:jid as /jobs/{jid} */
static char *path_text(const char *path)
{
    struct buf out = BUF_INIT;
    size_t len;

    while (*path) {
        if (*path != ':') {
            buf_add_char(&out, *path++);
            continue;
        }
        len = strcspn(++path, "/");
        buf_add_fmt(&out, "{%.*s}", (int)len, path);
        path += len;
    }
    buf_str(&out);
    return out.data;
}

/* -- parameters ------------------------------------------------------------ */

static void add_path_params(json_t *list, const char *path)
{
    size_t len;
    char *name;

    while ((path = strchr(path, ':'))) {
        len = strcspn(++path, "/");
        name = xmemdup0(path, len);
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:b, s:{s:s}}", "name", name, "in",
                            "path", "required", 1, "schema", "type", "string"));
        free(name);
    }
}

static void add_query_params(json_t *list, const struct params *p)
{
    const struct param *one;

    for (size_t i = 0; i < p->count; i++) {
        one = &p->list[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:s, s:o}",
                                              "name", one->name, "in", "query",
                                              "required", (int)one->required,
                                              "description", one->help,
                                              "schema", params_schema(one)));
    }
}

static json_t *body_json(const struct params *p)
{
    json_t *properties = json_object(), *required = json_array(), *schema, *one;

    for (size_t i = 0; i < p->count; i++) {
        one = params_schema(&p->list[i]);
        json_object_set_new(one, "description", json_string(p->list[i].help));
        json_object_set_new(properties, p->list[i].name, one);
        if (p->list[i].required)
            json_array_append_new(required, json_string(p->list[i].name));
    }
    schema = json_pack("{s:s, s:o, s:b}", "type", "object", "properties",
                       properties, "additionalProperties", 0);
    if (json_array_size(required))
        json_object_set(schema, "required", required);
    json_decref(required);
    return json_pack("{s:b, s:{s:{s:o}}}", "required", p->count > 0, "content",
                     "application/json", "schema", schema);
}

/* -- answers --------------------------------------------------------------- */

static void add_statuses(json_t *responses, const char *statuses)
{
    char name[8];
    size_t len;
    json_t *o;

    for (; *statuses; statuses += len + (statuses[len] == ' ')) {
        len = strcspn(statuses, " ");
        memcpy(name, statuses, len < sizeof(name) ? len : sizeof(name) - 1);
        name[len < sizeof(name) ? len : sizeof(name) - 1] = '\0';
        if (json_object_get(responses, name))
            continue;
        o = json_pack("{s:s}", "description", http_status_text(atoi(name)));
        if (*name >= '4')
            json_object_set_new(o, "content",
                                json_pack("{s:{s:{s:s}}}", "application/json",
                                          "schema", "$ref",
                                          "#/components/schemas/error"));
        json_object_set_new(responses, name, o);
    }
}

/* -- endpoints ------------------------------------------------------------- */

static json_t *operation_json(const struct exed_endpoint *row)
{
    json_t *list = json_array(), *responses = json_object(), *o;
    bool post = row->method == HTTP_POST;

    add_path_params(list, row->path);
    if (!post)
        add_query_params(list, &row->params);
    add_statuses(responses, row->statuses);
    add_statuses(responses, COMMON);
    if (post)
        add_statuses(responses, "413 415");
    o = json_pack("{s:s, s:s, s:o, s:o}", "operationId", row->name, "summary",
                  row->help, "parameters", list, "responses", responses);
    if (post)
        json_object_set_new(o, "requestBody", body_json(&row->params));
    if (row->who == EXED_ANYBODY)
        json_object_set_new(o, "security", json_array());
    return o;
}

static void add_endpoint(json_t *paths, const struct exed_endpoint *row)
{
    char *path = path_text(row->path);
    json_t *item = json_object_get(paths, path);
    char method[8] = "";

    if (!item) {
        item = json_object();
        json_object_set_new(paths, path, item);
    }
    for (const char *p = http_method_text(row->method); *p; p++)
        method[strlen(method)] = (char)(*p | 0x20);
    json_object_set_new(item, method, operation_json(row));
    free(path);
}

json_t *exed_openapi(const struct exed *e)
{
    json_t *paths = json_object();

    for (size_t i = 0; i < e->count; i++)
        add_endpoint(paths, e->endpoints[i]);
    return json_pack("{s:s, s:{s:s, s:s, s:s}, s:o, s:[{s:[]}, {}],"
                     " s:{s:{s:{s:s, s:s}}, s:{s:{s:s, s:[s], s:{s:{s:s}}}}}}",
                     "openapi", "3.0.3", "info", "title", "muster: EXEd",
                     "version", process_version(), "description",
                     "Operations on hosts, and jobs of them.", "paths", paths,
                     "security", "token", "components", "securitySchemes",
                     "token", "type", "http", "scheme", "bearer", "schemas",
                     "error", "type", "object", "required", "message",
                     "properties", "message", "type", "string");
}

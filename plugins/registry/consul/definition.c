#include "plugins/registry/consul/definition.h"

#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/mem.h"
#include "plugins/registry/consul/body.h"
#include "plugins/registry/consul/call_impl.h"
#include "plugins/registry/consul/duration.h"
#include "server/checks.h"
#include "server/state/directory.h"

/* Bytes of it, as JSON. */
#define DEFINITION_MAX ((size_t)4096)

static void set_text(struct call *c, json_t *to, const json_t *from,
                     const char *name)
{
    const char *text = body_text(c, from, name);

    if (text && *text)
        json_object_set_new(to, name, json_string(text));
}

/* As Go writes it, whatever it was written as. */
static void set_duration(struct call *c, json_t *to, const json_t *from,
                         const char *name)
{
    char text[DURATION_TEXT_MAX];
    int64_t ns = 0;

    if (!body_duration(c, from, name, &ns) || !ns)
        return;
    duration_write(text, ns);
    json_object_set_new(to, name, json_string(text));
}

/* Of each name the texts. */
static void set_headers(struct call *c, json_t *to, const json_t *from)
{
    const json_t *map = body_map(c, from, "Header");
    json_t *headers = json_object();
    void *at;
    size_t i;

    for (at = map ? json_object_iter((json_t *)map) : NULL; at;
         at = json_object_iter_next((json_t *)map, at)) {
        const char *name = json_object_iter_key(at);
        const json_t *values = json_object_iter_value(at);
        json_t *list = json_array();

        if (!json_is_array(values) && !json_is_null(values))
            body_wrong(c, "'Header[%s]': source data must be an array or slice",
                       name);
        for (i = 0; i < json_array_size(values); i++) {
            const char *value = body_item(c, values, i, "Header");

            if (value)
                json_array_append_new(list, json_string(value));
        }
        json_object_set_new(headers, name, list);
    }
    if (json_object_size(headers))
        json_object_set(to, "Header", headers);
    json_decref(headers);
}

char *definition_read(struct call *c, const json_t *check)
{
    const json_t *from = body_map(c, check, "Definition");
    json_t *to;
    char *json, *kept = NULL;
    bool skip = false;

    if (!from)
        return NULL;
    to = json_object();
    set_text(c, to, from, "HTTP");
    body_bool(c, from, "TLSSkipVerify", &skip);
    if (skip)
        json_object_set_new(to, "TLSSkipVerify", json_true());
    set_headers(c, to, from);
    set_text(c, to, from, "Method");
    set_text(c, to, from, "TCP");
    set_duration(c, to, from, "Interval");
    set_duration(c, to, from, "Timeout");
    set_duration(c, to, from, "DeregisterCriticalServiceAfter");
    json = json_dumps(to, JSON_COMPACT);
    if (json && strlen(json) > DEFINITION_MAX)
        body_wrong(c, "'Definition' is longer than %zu bytes", DEFINITION_MAX);
    else if (json && json_object_size(to))
        kept = xasprintf(CHECKS_ELSEWHERE "%s", json);
    json_decref(to);
    free(json);
    return kept;
}

void definition_write(struct call *c, const struct dir_check *check)
{
    size_t len = strlen(CHECKS_ELSEWHERE);
    const char *json = check->definition;

    json = strncmp(json, CHECKS_ELSEWHERE, len) ? "{}" : json + len;
    jw_raw(&c->out, json, strlen(json));
}

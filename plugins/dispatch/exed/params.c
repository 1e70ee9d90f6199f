#include "plugins/dispatch/exed/params.h"

#include <stdlib.h>
#include <string.h>

#include "plugins/dispatch/exed/body.h"

/* -- values ---------------------------------------------------------------- */

/* Each gives the checked value of what stands in a body, or NULL. */

static json_t *take_bool(const json_t *v)
{
    static const char *const words[2][4] = {{"0", "False", "false", "no"},
                                            {"1", "True", "true", "yes"}};
    const char *text = json_string_value(v);

    if (json_is_boolean(v))
        return json_boolean(json_is_true(v));
    if (json_is_integer(v) && !(json_integer_value(v) & ~1))
        return json_boolean(json_integer_value(v));
    for (unsigned i = 0; text && i < 8; i++)
        if (!strcmp(text, words[i / 4][i % 4]))
            return json_boolean(i / 4);
    return NULL;
}

static json_t *take_number(const struct param *p, const json_t *v)
{
    const char *text = json_string_value(v);
    long long n;
    char *end = NULL;

    if (json_is_integer(v)) {
        n = json_integer_value(v);
    } else if (text && *text >= '0' && *text <= '9' && strlen(text) < 19) {
        n = strtoll(text, &end, 10);
        if (*end)
            return NULL;
    } else {
        return NULL;
    }
    return n >= p->min && n <= p->max ? json_integer(n) : NULL;
}

static json_t *take_texts(const json_t *v, bool or_one)
{
    json_t *list, *item;
    size_t i;

    if (or_one && json_is_string(v))
        return json_string_length(v) ? json_pack("[O]", v) : NULL;
    if (!json_is_array(v) || !json_array_size(v) ||
        json_array_size(v) > PARAMS_TEXTS_MAX)
        return NULL;
    list = json_array();
    json_array_foreach(v, i, item)
    {
        if (!json_string_length(item)) {
            json_decref(list);
            return NULL;
        }
        json_array_append(list, item);
    }
    return list;
}

static json_t *take_state(const json_t *v)
{
    static const struct param number = {.max = 2};
    static const char *const words[] = {"done", "running", "failure"};
    const char *text = json_string_value(v);

    for (unsigned i = 0; text && i < ARRAY_LEN(words); i++)
        if (!strcmp(text, words[i]))
            return json_integer(i);
    return take_number(&number, v);
}

static json_t *same(const json_t *v)
{
    return json_incref((json_t *)(uintptr_t)v);
}

static json_t *take(const struct param *p, const json_t *v)
{
    switch (p->type) {
    case PARAM_TEXT: return json_is_string(v) ? same(v) : NULL;
    case PARAM_BOOL: return take_bool(v);
    case PARAM_NUMBER: return take_number(p, v);
    case PARAM_TEXTS: return take_texts(v, false);
    case PARAM_LIST: return take_texts(v, true);
    case PARAM_OBJECT: return json_is_object(v) ? same(v) : NULL;
    case PARAM_STATE: return take_state(v);
    }
    return NULL;
}

/* Behind the `?` everything is text, at first. */
static json_t *of_text(const struct param *p, const char *text)
{
    json_t *v = NULL;
    char *wrong = NULL;

    if (p->type == PARAM_OBJECT)
        wrong = body_parse(text, strlen(text), &v);
    else
        v = json_string(text);
    free(wrong);
    return v;
}

/* -- all of them ----------------------------------------------------------- */

static const char *type_text(const struct param *p)
{
    static const char *const texts[] = {
        [PARAM_TEXT] = "a text",
        [PARAM_BOOL] = "true or false",
        [PARAM_NUMBER] = "a whole number within its bounds",
        [PARAM_TEXTS] = "a list of texts",
        [PARAM_LIST] = "a text, or a list of texts",
        [PARAM_OBJECT] = "a JSON object",
        [PARAM_STATE] = "0 or done, 1 or running, 2 or failure",
    };

    return texts[p->type];
}

static char *wrong_text(const struct param *p, bool missing)
{
    if (p->wrong)
        return xstrdup(p->wrong);
    return missing ? xasprintf("no %s given", p->name)
                   : xasprintf("%s must be %s", p->name, type_text(p));
}

static const struct param *find(const struct params *p, const char *name)
{
    for (size_t i = 0; i < p->count; i++)
        if (!strcmp(p->list[i].name, name))
            return &p->list[i];
    return NULL;
}

/* v: the reference is taken over; NULL: it could not even be read. null is as
 * if it were not there. */
static char *add(const struct params *p, const char *name, json_t *v,
                 json_t *values)
{
    const struct param *param = find(p, name);
    json_t *value = v && param ? take(param, v) : NULL;
    bool null = json_is_null(v);

    json_decref(v);
    if (!param)
        return xasprintf("unknown parameter %.80s", name);
    if (value)
        json_object_set_new(values, name, value);
    return value || null ? NULL : wrong_text(param, false);
}

/* Takes over values, and wrong if there is something. */
static char *finish(const struct params *p, json_t *values, char *wrong,
                    json_t **out)
{
    for (size_t i = 0; i < p->count && !wrong; i++)
        if (p->list[i].required && !json_object_get(values, p->list[i].name))
            wrong = wrong_text(&p->list[i], true);
    if (wrong)
        json_decref(values);
    else
        *out = values;
    return wrong;
}

char *params_of_query(const struct params *p, const struct http_query *q,
                      json_t **out)
{
    json_t *values = json_object();
    const struct param *param;
    char *wrong = NULL;

    for (unsigned i = 0; i < q->count && !wrong; i++) {
        param = find(p, q->items[i].name);
        if (json_object_get(values, q->items[i].name))
            wrong = xasprintf("%.80s stands twice", q->items[i].name);
        else
            wrong =
                add(p, q->items[i].name,
                    param ? of_text(param, q->items[i].value) : NULL, values);
    }
    return finish(p, values, wrong, out);
}

char *params_of_body(const struct params *p, const json_t *body, json_t **out)
{
    json_t *values = json_object();
    const char *name;
    char *wrong = NULL;
    json_t *v;

    json_object_foreach((json_t *)(uintptr_t)body, name, v)
    {
        wrong = add(p, name, json_incref(v), values);
        if (wrong)
            break;
    }
    return finish(p, values, wrong, out);
}

/* -- for people ------------------------------------------------------------ */

json_t *params_schema(const struct param *p)
{
    switch (p->type) {
    case PARAM_TEXT: break;
    case PARAM_BOOL: return json_pack("{s:s}", "type", "boolean");
    case PARAM_NUMBER:
        return json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum",
                         (json_int_t)p->min, "maximum", (json_int_t)p->max);
    case PARAM_TEXTS:
        return json_pack("{s:s, s:i, s:{s:s}}", "type", "array", "minItems", 1,
                         "items", "type", "string");
    case PARAM_LIST:
        return json_pack("{s:[{s:s}, {s:s, s:{s:s}}]}", "oneOf", "type",
                         "string", "type", "array", "items", "type", "string");
    case PARAM_OBJECT: return json_pack("{s:s}", "type", "object");
    case PARAM_STATE:
        return json_pack("{s:s, s:[s,s,s,s,s,s]}", "type", "string", "enum",
                         "0", "1", "2", "done", "running", "failure");
    }
    return json_pack("{s:s}", "type", "string");
}

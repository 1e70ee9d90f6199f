#include "lib/auth/rights_json.h"

#include <stdlib.h>
#include <string.h>

#include "lib/auth/rights.h"

/* -- writing --------------------------------------------------------------- */

/* What is no UTF-8 cannot stand in JSON: it is shown with marks in its place,
 * for such a text came by another way and is only looked at here. */
static json_t *text_json(const char *text)
{
    json_t *json = json_string(text);
    struct buf shown = BUF_INIT;

    if (json)
        return json;
    for (; *text; text++)
        buf_add_char(&shown, (unsigned char)*text < 0x80 ? *text : '?');
    json = json_string(buf_str(&shown));
    buf_free(&shown);
    return json;
}

static void add_list(json_t *o, const char *field, const struct globs *g)
{
    json_t *list;
    unsigned i;

    if (!g->count)
        return;
    list = json_array();
    for (i = 0; i < g->count; i++)
        json_array_append_new(list, text_json(g->list[i]));
    json_object_set_new(o, field, list);
}

static void add_scope(json_t *o, const char *field, const struct scope *s)
{
    struct buf text = BUF_INIT;

    if (s->kind == SCOPE_NONE)
        return;
    if (s->kind == SCOPE_ALL)
        buf_add_str(&text, "all");
    else
        selector_write_pairs(&s->selector, &text);
    json_object_set_new(o, field, text_json(buf_str(&text)));
    buf_free(&text);
}

static void add_pins(json_t *o, const struct attrs *pins)
{
    json_t *map;
    size_t i;

    if (!pins->count)
        return;
    map = json_object();
    for (i = 0; i < pins->count; i++)
        json_object_set_new(map, pins->list[i].name,
                            text_json(pins->list[i].value));
    json_object_set_new(o, "pin", map);
}

json_t *rights_to_json(const struct principal *p)
{
    json_t *o = json_object();
    char time[RIGHTS_TIME_MAX];

    json_object_set_new(o, "name", json_string(p->name));
    if (p->cert)
        json_object_set_new(o, "cert", text_json(p->cert));
    if (p->expires) {
        rights_time_write(p->expires, time);
        json_object_set_new(o, "expires", json_string(time));
    }
    add_list(o, "register", &p->names);
    add_list(o, "set", &p->sets);
    add_pins(o, &p->pins);
    add_scope(o, "find", &p->find);
    add_scope(o, "watch", &p->watch);
    add_scope(o, "exec", &p->exec);
    add_list(o, "ops", &p->ops);
    add_list(o, "kv_read", &p->key_reads);
    add_list(o, "kv_write", &p->key_writes);
    json_object_set_new(o, "admin", json_boolean(p->admin));
    return o;
}

/* -- reading --------------------------------------------------------------- */

static char *take_list(struct principal *p, const char *field,
                       const json_t *list)
{
    char *error = NULL;
    const json_t *item;
    size_t i;

    if (!json_is_array(list))
        return xasprintf("%s is a list of texts", field);
    for (i = 0; i < json_array_size(list) && !error; i++) {
        item = json_array_get(list, i);
        error = json_is_string(item)
                    ? rights_add(p, field, json_string_value(item))
                    : xasprintf("%s is a list of texts", field);
    }
    return error;
}

static char *take_pins(struct principal *p, const json_t *map)
{
    char *error = NULL, *field;
    const char *attr;
    const json_t *value;

    if (!json_is_object(map))
        return xstrdup("pin is an object of attributes and their values");
    json_object_foreach((json_t *)map, attr, value)
    {
        if (!json_is_string(value))
            return xasprintf("pin: the value of %.80s is a text", attr);
        field = xasprintf("pin.%s", attr);
        error = rights_set(p, field, json_string_value(value));
        free(field);
        if (error)
            break;
    }
    return error;
}

static bool is_field(const char *name)
{
    const char *const *f;

    for (f = rights_fields; *f; f++)
        if (!strcmp(*f, name))
            return true;
    return false;
}

static char *take_field(struct principal *p, const char *field,
                        const json_t *value)
{
    if (rights_is_list(field))
        return take_list(p, field, value);
    if (!strcmp(field, "pin"))
        return take_pins(p, value);
    if (json_is_boolean(value) && !strcmp(field, "admin"))
        return rights_set(p, field, json_is_true(value) ? "on" : "off");
    if (!is_field(field))
        return xasprintf("unknown right %.80s", field);
    if (!json_is_string(value))
        return xasprintf("%.80s is a text", field);
    return rights_set(p, field, json_string_value(value));
}

char *rights_from_json(struct principal *p, const json_t *object)
{
    const char *field, *wrong;
    const json_t *value;
    char *error = NULL;

    if (!json_is_object(object))
        return xstrdup("the rights of a token are a JSON object");
    json_object_foreach((json_t *)object, field, value)
    {
        if (!strcmp(field, "name"))
            continue;
        error = take_field(p, field, value);
        if (error)
            return error;
    }
    wrong = rights_wrong(p);
    return wrong ? xstrdup(wrong) : NULL;
}

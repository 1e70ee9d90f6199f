#include "client/cli/json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/text.h"
#include "lib/base64.h"
#include "lib/mem.h"
#include "lib/utf8.h"

struct jline {
    json_t *object;
};

struct jline *jline_new(void)
{
    struct jline *j = xmalloc(sizeof(*j));

    j->object = json_object();
    return j;
}

static json_t *base64(const char *bytes, size_t len)
{
    struct buf out = BUF_INIT;
    json_t *value;

    base64_encode(&out, bytes, len);
    value = json_stringn(buf_str(&out), buf_len(&out));
    buf_free(&out);
    return value;
}

static json_t *text_value(const char *text, size_t len)
{
    json_t *object;

    if (utf8_valid(text, len))
        return json_stringn(text, len);
    object = json_object();
    json_object_set_new(object, "base64", base64(text, len));
    return object;
}

/* A key has to be UTF-8: what is not becomes \xNN. */
static void set(json_t *object, const char *key, json_t *value)
{
    struct buf safe = BUF_INIT;

    if (utf8_valid(key, strlen(key))) {
        json_object_set_new(object, key, value);
        return;
    }
    text_add_safe(&safe, key, strlen(key));
    json_object_set_new(object, buf_str(&safe), value);
    buf_free(&safe);
}

void jline_text(struct jline *j, const char *key, const char *text)
{
    set(j->object, key, text_value(text, strlen(text)));
}

void jline_int(struct jline *j, const char *key, long long value)
{
    set(j->object, key, json_integer(value));
}

/* Digits, perhaps a point and digits; no leading zero, which is a name's. */
static bool is_number(const char *text)
{
    size_t whole = strspn(text, "0123456789"), part = 0;

    if (whole == 0 || whole > 15 || (text[0] == '0' && whole > 1))
        return false;
    if (text[whole] == '.')
        part = 1 + strspn(text + whole + 1, "0123456789");
    return text[whole + part] == 0 && part != 1 && part <= 10;
}

void jline_value(struct jline *j, const char *key, const char *value)
{
    if (!is_number(value))
        jline_text(j, key, value);
    else if (strchr(value, '.'))
        set(j->object, key, json_real(strtod(value, NULL)));
    else
        jline_int(j, key, strtoll(value, NULL, 10));
}

void jline_bool(struct jline *j, const char *key, bool value)
{
    set(j->object, key, json_boolean(value));
}

void jline_null(struct jline *j, const char *key)
{
    set(j->object, key, json_null());
}

void jline_attrs(struct jline *j, const char *key,
                 const struct muster_attr *attrs, size_t count)
{
    json_t *object = json_object();

    for (size_t i = 0; i < count; i++)
        set(object, attrs[i].name,
            text_value(attrs[i].value, strlen(attrs[i].value)));
    set(j->object, key, object);
}

void jline_list(struct jline *j, const char *key, const char *const *items,
                size_t count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, text_value(items[i], strlen(items[i])));
    set(j->object, key, array);
}

void jline_output(struct jline *j, const char *text, size_t len)
{
    if (utf8_valid(text, len))
        set(j->object, "text", json_stringn(text, len));
    else
        set(j->object, "base64", base64(text, len));
}

void jline_json(struct jline *j, const char *key, const char *json, size_t len)
{
    json_t *value =
        json_loadb(json, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

    set(j->object, key, value ? value : text_value(json, len));
}

void jline_object(struct jline *j, const char *key, struct jline *inner)
{
    set(j->object, key, inner->object);
    free(inner);
}

void jline_append(struct jline *j, const char *key, struct jline *inner)
{
    json_t *array = json_object_get(j->object, key);

    if (!array) {
        array = json_array();
        set(j->object, key, array);
    }
    json_array_append_new(array, inner->object);
    free(inner);
}

static int add_bytes(const char *bytes, size_t len, void *out)
{
    buf_add(out, bytes, len);
    return 0;
}

void jline_write(struct jline *j, struct buf *out, bool ascii)
{
    json_dump_callback(j->object, add_bytes, out,
                       JSON_COMPACT | JSON_REAL_PRECISION(15) |
                           (ascii ? JSON_ENSURE_ASCII : 0));
    buf_add_char(out, '\n');
    json_decref(j->object);
    free(j);
}

char *json_get(const char *json, size_t len, const char *key)
{
    json_t *object = json_loadb(json, len, 0, NULL);
    const json_t *value = json_object_get(object, key);
    char *text = NULL;

    if (json_is_string(value))
        text = xstrdup(json_string_value(value));
    else if (value)
        text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    json_decref(object);
    return text;
}

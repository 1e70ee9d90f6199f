#include "plugins/registry/consul/body.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/duration.h"
#include "lib/mem.h"
#include "plugins/registry/consul/body_text.h"
#include "plugins/registry/consul/call.h"

#define DECODE_FAILED "Request decode failed: "
#define WRONGS_MAX    32 /* told of one body */
#define PLAIN         (WRONGS_MAX + 1)

/* -- the whole of it ------------------------------------------------------- */

const json_t *call_body_as(struct call *c, const char *prefix, bool *ok)
{
    char why[BODY_WRONG_MAX];
    struct buf copy = BUF_INIT;
    json_error_t error;
    const char *text;
    size_t len;

    text = http_body(c->r, &len);
    *ok = true;
    if (c->body)
        return c->body;
    if (body_text_scan(text, len, &copy, why)) {
        c->body = json_loadb(buf_data(&copy), buf_len(&copy),
                             JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
        if (!c->body)
            snprintf(why, sizeof(why), "%.100s", error.text);
    } else if (!strcmp(why, "EOF")) {
        buf_free(&copy);
        return NULL;
    }
    buf_free(&copy);
    *ok = c->body != NULL;
    if (!*ok)
        call_error(c, 400, "%s%s", prefix, why);
    return *ok ? c->body : NULL;
}

const json_t *call_body(struct call *c, bool *ok)
{
    return call_body_as(c, DECODE_FAILED, ok);
}

const json_t *call_body_needed(struct call *c, const char *prefix)
{
    const json_t *body;
    bool ok;

    if (!prefix)
        prefix = DECODE_FAILED;
    body = call_body_as(c, prefix, &ok);
    if (!body && ok)
        call_error(c, 400, "%sEOF", prefix);
    return body;
}

void body_wrong(struct call *c, const char *fmt, ...)
{
    va_list args;
    char *text;

    if (c->wrongs >= WRONGS_MAX)
        return;
    va_start(args, fmt);
    text = xvasprintf(fmt, args);
    va_end(args);
    c->wrongs++;
    buf_add_fmt(&c->wrong, "%s* %s", buf_len(&c->wrong) ? "\n" : "", text);
    free(text);
}

/* It is told alone. */
static void wrong_alone(struct call *c, const char *text)
{
    if (c->wrongs == PLAIN)
        return;
    c->wrongs = PLAIN;
    buf_reset(&c->wrong, 0);
    buf_add_str(&c->wrong, text);
}

bool body_ok(struct call *c)
{
    if (!c->wrongs)
        return true;
    if (c->wrongs == PLAIN)
        call_error(c, 400, DECODE_FAILED "%s", buf_str(&c->wrong));
    else
        call_error(c, 400, DECODE_FAILED "%u error(s) decoding:\n\n%s",
                   c->wrongs, buf_str(&c->wrong));
    return false;
}

/* -- types ----------------------------------------------------------------- */

static bool is_big(const json_t *v)
{
    return json_is_string(v) &&
           !strncmp(json_string_value(v), BODY_BIG, strlen(BODY_BIG));
}

static const char *go_type(const json_t *v)
{
    if (is_big(v))
        return "float64";
    switch (json_typeof(v)) {
    case JSON_OBJECT: return "map[string]interface {}";
    case JSON_ARRAY: return "[]interface {}";
    case JSON_STRING: return "string";
    case JSON_TRUE:
    case JSON_FALSE: return "bool";
    case JSON_NULL: return "nil";
    default: return "float64";
    }
}

static const char *go_kind(const json_t *v)
{
    return json_is_object(v) ? "map" : json_is_array(v) ? "slice" : go_type(v);
}

/* The first of names, for people. */
static int first_len(const char *names)
{
    return (int)strcspn(names, "|");
}

static void not_a(struct call *c, const char *names, const char *type,
                  const json_t *v)
{
    body_wrong(c, "'%.*s' expected type '%s', got unconvertible type '%s'",
               first_len(names), names, type, go_type(v));
}

/* -- fields ---------------------------------------------------------------- */

static const json_t *find_any_case(const json_t *object, const char *name,
                                   size_t len)
{
    const char *key;
    json_t *v;

    json_object_foreach((json_t *)(uintptr_t)object, key,
                        v) if (!strncasecmp(key, name, len) &&
                               !key[len]) return v;
    return NULL;
}

static const json_t *find_exactly(const json_t *object, const char *name,
                                  size_t len)
{
    char text[64];

    if (len >= sizeof(text))
        return NULL;
    memcpy(text, name, len);
    text[len] = '\0';
    return json_object_get(object, text);
}

const json_t *body_field(struct call *c, const json_t *object,
                         const char *names)
{
    const json_t *v = NULL;
    const char *p;
    size_t len;

    if (!object || json_is_null(object))
        return NULL;
    if (!json_is_object(object)) {
        if (!c->wrongs)
            body_wrong(c, "'' expected a map, got '%s'", go_kind(object));
        return NULL;
    }
    for (p = names; *p && !v; p += len + (p[len] == '|')) {
        len = strcspn(p, "|");
        v = find_exactly(object, p, len);
        if (!v)
            v = find_any_case(object, p, len);
    }
    return v;
}

/* One that is there, and not null. */
static const json_t *field(struct call *c, const json_t *object,
                           const char *names)
{
    const json_t *v = body_field(c, object, names);

    return v && !json_is_null(v) ? v : NULL;
}

static const char *text_of(struct call *c, const json_t *v, const char *names)
{
    if (!json_is_string(v) || is_big(v)) {
        not_a(c, names, "string", v);
        return NULL;
    }
    if (strlen(json_string_value(v)) != json_string_length(v)) {
        body_wrong(c, "'%.*s' holds a NUL", first_len(names), names);
        return NULL;
    }
    return json_string_value(v);
}

const char *body_text(struct call *c, const json_t *object, const char *names)
{
    const json_t *v = field(c, object, names);

    return v ? text_of(c, v, names) : NULL;
}

const char *body_item(struct call *c, const json_t *list, size_t i,
                      const char *names)
{
    const json_t *v = json_array_get(list, i);

    if (!v || json_is_null(v))
        return "";
    return text_of(c, v, names);
}

bool body_bool(struct call *c, const json_t *object, const char *names,
               bool *out)
{
    const json_t *v = field(c, object, names);

    if (!v)
        return false;
    if (!json_is_boolean(v)) {
        not_a(c, names, "bool", v);
        return false;
    }
    *out = json_is_true(v);
    return true;
}

static bool big_uint(const json_t *v, uint64_t *out)
{
    const char *digits = json_string_value(v) + strlen(BODY_BIG);
    uint64_t n = 0, digit;

    for (; *digits; digits++) {
        digit = (uint64_t)(*digits - '0');
        if (*digits < '0' || n > (UINT64_MAX - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    *out = n;
    return true;
}

bool body_uint(struct call *c, const json_t *object, const char *names,
               uint64_t *out)
{
    const json_t *v = field(c, object, names);
    double real;

    if (!v)
        return false;
    if (is_big(v)) {
        if (big_uint(v, out))
            return true;
    } else if (json_is_integer(v) && json_integer_value(v) >= 0) {
        *out = (uint64_t)json_integer_value(v);
        return true;
    } else if (json_is_real(v)) {
        real = json_real_value(v);
        if (real >= 0 && real < 18446744073709551616.0) {
            *out = (uint64_t)real;
            return true;
        }
    } else if (!json_is_number(v)) {
        not_a(c, names, "uint64", v);
        return false;
    }
    body_wrong(c, "cannot parse '%.*s', it overflows uint", first_len(names),
               names);
    return false;
}

/* A number as a whole one. */
static bool int_of(const json_t *v, int64_t *out)
{
    double real;
    uint64_t n;

    if (is_big(v)) {
        if (!big_uint(v, &n) || n > INT64_MAX)
            return false;
        *out = (int64_t)n;
        return true;
    }
    if (json_is_integer(v)) {
        *out = json_integer_value(v);
        return true;
    }
    real = json_real_value(v);
    if (!(fabs(real) < 9223372036854775807.0))
        return false;
    *out = (int64_t)real;
    return true;
}

bool body_int(struct call *c, const json_t *object, const char *names,
              int64_t *out)
{
    const json_t *v = field(c, object, names);

    if (!v)
        return false;
    if (!json_is_number(v) && !is_big(v)) {
        not_a(c, names, "int", v);
        return false;
    }
    if (int_of(v, out))
        return true;
    body_wrong(c, "cannot parse '%.*s', it overflows int", first_len(names),
               names);
    return false;
}

unsigned body_port(struct call *c, const json_t *object)
{
    int64_t port = 0;

    if (!body_int(c, object, "Port", &port) || port < 0)
        return 0;
    if (port > UINT16_MAX)
        body_wrong(c, "'Port' is no port");
    return (unsigned)(port & UINT16_MAX);
}

const json_t *body_list(struct call *c, const json_t *object, const char *names)
{
    const json_t *v = field(c, object, names);

    if (!v || json_is_array(v))
        return v;
    body_wrong(c, "'%.*s': source data must be an array or slice, got %s",
               first_len(names), names, go_kind(v));
    return NULL;
}

const json_t *body_map(struct call *c, const json_t *object, const char *names)
{
    const json_t *v = field(c, object, names);

    if (!v || json_is_object(v))
        return v;
    body_wrong(c, "'%.*s' expected a map, got '%s'", first_len(names), names,
               go_kind(v));
    return NULL;
}

bool body_duration(struct call *c, const json_t *object, const char *names,
                   int64_t *ns)
{
    const json_t *v = field(c, object, names);
    char why[128];

    if (!v)
        return false;
    if (!json_is_string(v) || is_big(v))
        return body_int(c, object, names, ns);
    if (duration_parse(json_string_value(v), ns, why, sizeof(why)))
        return true;
    wrong_alone(c, why);
    return false;
}

#include "lib/conf_types.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/action.h"
#include "lib/addr.h"
#include "lib/attrs.h"
#include "lib/log_sink.h"
#include "lib/mem.h"
#include "lib/utf8.h"

/* Of what a user wrote, so much stands in a message. */
#define CITE "'%.100s'"

/* A suffix and what it multiplies by. */
struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit durations[] = {
    {"d", INT64_C(86400000)},
    {"h", 3600000},
    {"m", 60000},
    {"s", 1000},
    {"ms", 1},
};

static const struct unit sizes[] = {
    {"T", INT64_C(1) << 40},
    {"G", INT64_C(1) << 30},
    {"M", INT64_C(1) << 20},
    {"K", INT64_C(1) << 10},
};

bool conf_parse_bool(const char *text, bool *value)
{
    static const char *const words[] = {"off",   "on",   "no", "yes",
                                        "false", "true", "0",  "1"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcasecmp(text, words[i]) == 0) {
            *value = i % 2 == 1;
            return true;
        }
    }
    return false;
}

/* The digits that text begins with; *end is what follows them. */
static bool parse_digits(const char *text, const char **end, int64_t *value)
{
    char *stop;
    long long n;

    if (!isdigit((unsigned char)text[0]))
        return false;
    errno = 0;
    n = strtoll(text, &stop, 10);
    if (errno != 0)
        return false;
    *end = stop;
    *value = n;
    return true;
}

bool conf_parse_int(const char *text, int64_t *value)
{
    bool minus = text[0] == '-';
    const char *end;
    int64_t n;

    if (!parse_digits(text + minus, &end, &n) || *end != '\0')
        return false;
    *value = minus ? -n : n;
    return true;
}

/* A number and one of the units, or none, which is `plain`. */
static bool parse_unit(const char *text, const struct unit *units, size_t count,
                       int64_t plain, int64_t *value)
{
    int64_t n, factor = 0;
    const char *end;

    if (!parse_digits(text, &end, &n))
        return false;
    if (*end == '\0')
        factor = plain;
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(end, units[i].name) == 0)
            factor = units[i].factor;
    return factor != 0 && !__builtin_mul_overflow(n, factor, value);
}

bool conf_parse_duration(const char *text, int64_t *ms)
{
    return parse_unit(text, durations, ARRAY_LEN(durations), 1000, ms);
}

bool conf_parse_size(const char *text, uint64_t *bytes)
{
    int64_t n;

    if (!parse_unit(text, sizes, ARRAY_LEN(sizes), 1, &n))
        return false;
    *bytes = (uint64_t)n;
    return true;
}

bool conf_type_is_list(enum conf_type type)
{
    return type == CONF_LISTEN || type == CONF_BINDS ||
           type == CONF_REGISTRIES || type == CONF_WORDS;
}

const char *conf_type_name(enum conf_type type)
{
    switch (type) {
    case CONF_STRING:
    case CONF_ID: return "string";
    case CONF_ENUM: return "enum";
    case CONF_BOOL: return "bool";
    case CONF_INT: return "int";
    case CONF_DURATION: return "duration";
    case CONF_SIZE: return "size";
    case CONF_ADDR: return "address";
    case CONF_LISTEN: return "list of addresses";
    case CONF_BINDS: return "list of binds";
    case CONF_REGISTRIES: return "list of registries";
    case CONF_WORDS: return "list of words";
    case CONF_MAP:
    case CONF_ACTIONS: return "map";
    case CONF_STORE: return "store";
    case CONF_LOG_TO: return "log target";
    case CONF_AUDIT_TO: return "audit target";
    }
    return "?";
}

/* With the largest unit that divides it. */
static void write_unit(const struct unit *units, size_t count, int64_t number,
                       char *out, size_t size)
{
    for (size_t i = 0; i < count; i++) {
        if (number != 0 && number % units[i].factor == 0) {
            snprintf(out, size, "%lld%s", (long long)(number / units[i].factor),
                     units[i].name);
            return;
        }
    }
    snprintf(out, size, "%lld", (long long)number);
}

void conf_type_write(enum conf_type type, int64_t number, char *out,
                     size_t size)
{
    if (type == CONF_DURATION)
        write_unit(durations, ARRAY_LEN(durations), number, out, size);
    else if (type == CONF_SIZE)
        write_unit(sizes, ARRAY_LEN(sizes), number, out, size);
    else
        snprintf(out, size, "%lld", (long long)number);
}

static bool check_range(const struct conf_setting *s, const char *text,
                        int64_t number, char *why)
{
    int64_t max = s->min == 0 && s->max == 0 ? INT64_MAX : s->max;
    char from[32], to[32];

    if (number >= s->min && number <= max)
        return true;
    conf_type_write(s->type, s->min, from, sizeof(from));
    conf_type_write(s->type, max, to, sizeof(to));
    snprintf(why, CONF_WHY_MAX, CITE " is out of range, which is %s to %s",
             text, from, to);
    return false;
}

static bool check_number(const struct conf_setting *s, const char *text,
                         int64_t *number, char *why)
{
    uint64_t size = 0;
    bool good;

    if (s->type == CONF_DURATION) {
        good = conf_parse_duration(text, number);
    } else if (s->type == CONF_SIZE) {
        good = conf_parse_size(text, &size);
        *number = (int64_t)size;
    } else {
        good = conf_parse_int(text, number);
    }
    if (good)
        return check_range(s, text, *number, why);
    snprintf(why, CONF_WHY_MAX, CITE " is not a %s", text,
             s->type == CONF_DURATION ? "duration (30, 30s, 500ms, 5m, 1h, 2d)"
             : s->type == CONF_SIZE   ? "size (bytes; 64K, 10M, 2G, 1T)"
                                      : "whole number");
    return false;
}

static bool check_bool(const char *text, int64_t *number, char *why)
{
    bool value;

    if (!conf_parse_bool(text, &value)) {
        snprintf(why, CONF_WHY_MAX, CITE " is neither on nor off", text);
        return false;
    }
    *number = value;
    return true;
}

/* .values are words between single blanks. */
static bool check_enum(const struct conf_setting *s, const char *text,
                       int64_t *number, char *why)
{
    size_t len = strlen(text), n;
    int64_t at = 0;

    for (const char *v = s->values; *v != '\0'; v += n + (v[n] != '\0')) {
        n = strcspn(v, " ");
        if (n == len && memcmp(v, text, len) == 0) {
            *number = at;
            return true;
        }
        at++;
    }
    snprintf(why, CONF_WHY_MAX, CITE " is none of: %s", text, s->values);
    return false;
}

/* Turns the static error of a parser into ours. */
static bool check_parsed(const char *error, const char *text, const char *form,
                         char *why)
{
    if (error != NULL)
        snprintf(why, CONF_WHY_MAX, CITE ": %s (%s)", text, error, form);
    return error == NULL;
}

static bool check_addr(const char *text, char *why)
{
    struct addr addr;

    return check_parsed(addr_parse(&addr, text, 0), text,
                        "HOST:PORT, [V6]:PORT, tls!HOST!PORT, unix!/path or "
                        "off",
                        why);
}

static bool check_registry(const char *text, char *why)
{
    struct registry_addr registry;

    return check_parsed(registry_addr_parse(&registry, text), text,
                        "[tls!]HOST[:NEW[:FIND[:EVENT]]]", why);
}

static bool check_bind(const char *text, char *why)
{
    char addr[ADDR_TEXT_MAX];

    return conf_bind_addr(text, 0, 0, addr, sizeof(addr), why);
}

/* Node ids and hosts go into attributes and lists: one word, no comma. */
static bool check_id(const char *text, char *why)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (strchr(" ,'", *p) != NULL) {
            snprintf(why, CONF_WHY_MAX, CITE " holds a %s", text,
                     *p == ' '   ? "blank"
                     : *p == ',' ? "comma"
                                 : "quote");
            return false;
        }
        if (*p != '%')
            continue;
        if (p[1] != 'n' && p[1] != 'u' && p[1] != '%') {
            snprintf(why, CONF_WHY_MAX,
                     CITE ": after %% comes n (node name), u (random) or %%",
                     text);
            return false;
        }
        p++;
    }
    return true;
}

static bool check_log_to(const char *text, char *why)
{
    enum log_sink_kind kind;
    const char *path;

    if (log_sink_parse(text, &kind, &path))
        return true;
    snprintf(why, CONF_WHY_MAX, CITE " is not stderr, file:PATH or syslog",
             text);
    return false;
}

static bool check_store(const char *text, char *why)
{
    if (!strcmp(text, "memory") ||
        (!strncmp(text, "sqlite:", 7) && text[7] != '\0'))
        return true;
    snprintf(why, CONF_WHY_MAX, CITE " is not memory or sqlite:PATH", text);
    return false;
}

static bool check_audit_to(const char *text, char *why)
{
    if (strcmp(text, "off") == 0 ||
        (strncmp(text, "file:", 5) == 0 && text[5] != '\0'))
        return true;
    snprintf(why, CONF_WHY_MAX, CITE " is not off or file:PATH", text);
    return false;
}

/* What holds for texts of every type. */
static bool check_text(const char *text, char *why)
{
    size_t len = strlen(text);

    if (!utf8_valid(text, len)) {
        snprintf(why, CONF_WHY_MAX, CITE " is not UTF-8", text);
        return false;
    }
    for (const char *p = text; *p != '\0'; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f) {
            snprintf(why, CONF_WHY_MAX, CITE " holds a control character",
                     text);
            return false;
        }
    }
    if (len == 0)
        snprintf(why, CONF_WHY_MAX, "an empty text is no value");
    return len > 0;
}

bool conf_type_check(const struct conf_setting *s, const char *text,
                     int64_t *number, char *why)
{
    *number = 0;
    if (!check_text(text, why))
        return false;
    switch (s->type) {
    case CONF_ID: return check_id(text, why);
    case CONF_ENUM: return check_enum(s, text, number, why);
    case CONF_BOOL: return check_bool(text, number, why);
    case CONF_INT:
    case CONF_DURATION:
    case CONF_SIZE: return check_number(s, text, number, why);
    case CONF_ADDR:
    case CONF_LISTEN: return check_addr(text, why);
    case CONF_BINDS: return check_bind(text, why);
    case CONF_REGISTRIES: return check_registry(text, why);
    case CONF_STORE: return check_store(text, why);
    case CONF_LOG_TO: return check_log_to(text, why);
    case CONF_AUDIT_TO: return check_audit_to(text, why);
    case CONF_STRING:
    case CONF_WORDS:
    case CONF_MAP:
    case CONF_ACTIONS: break;
    }
    return true;
}

static bool check_action(const char *name, const char *text, char *why)
{
    char *wrong;
    struct action *a = action_parse(name, text, &wrong);

    if (a == NULL)
        snprintf(why, CONF_WHY_MAX, "the action %.60s: %.300s", name, wrong);
    free(a != NULL ? NULL : wrong);
    action_free(a);
    return a != NULL;
}

bool conf_type_is_map(enum conf_type type)
{
    return type == CONF_MAP || type == CONF_ACTIONS;
}

bool conf_type_check_entry(const struct conf_setting *s, const char *name,
                           const char *text, char *why)
{
    const char *wrong = attr_name_wrong(name, strlen(name));

    if (wrong != NULL) {
        snprintf(why, CONF_WHY_MAX, "the name " CITE ": %s", name, wrong);
        return false;
    }
    wrong = attr_value_wrong(text, strlen(text));
    if (wrong == NULL && !utf8_valid(text, strlen(text)))
        wrong = "not UTF-8";
    if (wrong != NULL)
        snprintf(why, CONF_WHY_MAX, CITE ": %s", text, wrong);
    if (wrong == NULL && s->type == CONF_ACTIONS)
        return check_action(name, text, why);
    return wrong == NULL;
}

/* What stands before the ports of a bind: a host, or [V6] with its brackets. */
static size_t bind_host_len(const char *bind)
{
    const char *end;

    if (bind[0] != '[')
        return strcspn(bind, ":");
    end = strchr(bind, ']');
    return end == NULL ? 0 : (size_t)(end - bind) + 1;
}

/* Reads the ports that follow the host; returns how many, -1 if these are none.
 */
static int bind_ports(const char *text, int ports[3])
{
    int n = 0;
    int64_t port;

    while (*text == ':') {
        if (n == 3 || !parse_digits(text + 1, &text, &port) || port > 65535)
            return -1;
        ports[n++] = (int)port;
    }
    return *text == '\0' ? n : -1;
}

bool conf_bind_addr(const char *bind, int face, int port, char *out,
                    size_t size, char *why)
{
    bool tls = strncmp(bind, "tls!", 4) == 0;
    const char *host = bind + (tls ? 4 : 0);
    size_t len = bind_host_len(host);
    struct addr addr;
    int ports[3], n;

    n = len > 0 && len <= ADDR_HOST_MAX ? bind_ports(host + len, ports) : -1;
    if (n < 0 || strchr(host, '!') != NULL) {
        snprintf(why, CONF_WHY_MAX,
                 CITE " is not [tls!]HOST[:PORT[:PORT[:PORT]]] with * for "
                      "every address and a V6 host in brackets",
                 bind);
        return false;
    }
    snprintf(out, size, "%s%.*s:%d", tls ? "tls!" : "", (int)len, host,
             face < n ? ports[face] : port);
    return check_parsed(addr_parse(&addr, out, 0), bind,
                        "[tls!]HOST[:PORT[:PORT[:PORT]]]", why);
}

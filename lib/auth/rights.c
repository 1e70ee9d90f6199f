#include "lib/auth/rights.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/auth/op_right.h"
#include "lib/auth/secret.h"
#include "lib/words.h"

#define PIN "pin."

const char *const rights_fields[] = {
    "hash",  "cert", "expires", "register", "set",      "pin",   "find",
    "watch", "exec", "ops",     "kv_read",  "kv_write", "admin", NULL};

/* -- time ------------------------------------------------------------------ */

/* N digits; -1 if they are none. */
static int digits(const char **p, int n)
{
    int value = 0;

    for (; n; n--, (*p)++) {
        if (!isdigit((unsigned char)**p))
            return -1;
        value = 10 * value + (**p - '0');
    }
    return value;
}

static bool literal(const char **p, char c)
{
    if (toupper((unsigned char)**p) != c)
        return false;
    (*p)++;
    return true;
}

/* The rest after the seconds: a fraction, and Z or an offset (in seconds). */
static bool zone_read(const char *p, long *offset)
{
    bool minus = false;
    int h, m;

    if (*p == '.') {
        if (!isdigit((unsigned char)*++p))
            return false;
        p += strspn(p, "0123456789");
    }
    *offset = 0;
    if (literal(&p, 'Z'))
        return *p == '\0';
    minus = *p == '-';
    if (*p != '+' && !minus)
        return false;
    p++;
    h = digits(&p, 2);
    if (h < 0 || h > 23 || !literal(&p, ':'))
        return false;
    m = digits(&p, 2);
    *offset = (minus ? -1L : 1L) * (h * 60 + m) * 60;
    return m >= 0 && m < 60 && *p == '\0';
}

bool rights_time_read(const char *text, time_t *out)
{
    struct tm tm = {0}, again;
    const char *p = text;
    long offset;
    time_t t;

    tm.tm_year = digits(&p, 4) - 1900;
    if (tm.tm_year < 70 || !literal(&p, '-'))
        return false;
    tm.tm_mon = digits(&p, 2) - 1;
    if (!literal(&p, '-'))
        return false;
    tm.tm_mday = digits(&p, 2);
    if (!literal(&p, 'T'))
        return false;
    tm.tm_hour = digits(&p, 2);
    if (!literal(&p, ':'))
        return false;
    tm.tm_min = digits(&p, 2);
    if (!literal(&p, ':'))
        return false;
    tm.tm_sec = digits(&p, 2);
    if (!zone_read(p, &offset))
        return false;
    again = tm;
    t = timegm(&again);
    if (again.tm_mon != tm.tm_mon || again.tm_mday != tm.tm_mday ||
        again.tm_hour != tm.tm_hour || again.tm_min != tm.tm_min ||
        again.tm_sec != tm.tm_sec)
        return false; /* there is no such day or time */
    *out = t - offset;
    return *out > 0;
}

void rights_time_write(time_t t, char *out)
{
    struct tm tm;

    gmtime_r(&t, &tm);
    strftime(out, RIGHTS_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* -- reading --------------------------------------------------------------- */

static struct globs *list_of(struct principal *p, const char *field)
{
    if (!strcmp(field, "register"))
        return &p->names;
    if (!strcmp(field, "set"))
        return &p->sets;
    if (!strcmp(field, "kv_read"))
        return &p->key_reads;
    if (!strcmp(field, "kv_write"))
        return &p->key_writes;
    return !strcmp(field, "ops") ? &p->ops : NULL;
}

static struct scope *scope_of(struct principal *p, const char *field)
{
    if (!strcmp(field, "find"))
        return &p->find;
    if (!strcmp(field, "watch"))
        return &p->watch;
    return !strcmp(field, "exec") ? &p->exec : NULL;
}

bool rights_is_list(const char *field)
{
    static struct principal any;

    return list_of(&any, field) != NULL;
}

char *rights_add(struct principal *p, const char *field, const char *item)
{
    struct globs *list = list_of(p, field);
    char *wrong;

    if (!list)
        return xasprintf("%.80s is no list", field);
    if (!*item)
        return xasprintf("%s: an empty glob matches nothing", field);
    if (strlen(item) > SELECTOR_PATTERN_MAX)
        return xasprintf("%s: a glob has at most %d bytes", field,
                         SELECTOR_PATTERN_MAX);
    if (attr_value_wrong(item, strlen(item)))
        return xasprintf("%s: a glob holds a NUL or a line end", field);
    if (list->count == PRINCIPAL_LIST_MAX)
        return xasprintf("%s: at most %d globs", field, PRINCIPAL_LIST_MAX);
    wrong = list == &p->ops ? op_right_wrong(item) : NULL;
    if (wrong)
        return wrong;
    globs_add(list, item);
    return NULL;
}

static char *set_list(struct principal *p, const char *field, const char *text)
{
    struct word words[PRINCIPAL_LIST_MAX];
    char *copy = xstrdup(text), *error = NULL;
    int i, n = words_split(copy, strlen(copy), words, PRINCIPAL_LIST_MAX);

    if (n == WORDS_TOO_MANY)
        error = xasprintf("%s: at most %d globs", field, PRINCIPAL_LIST_MAX);
    else if (n < 0)
        error = xasprintf("%s: %s", field, words_error_text(n));
    for (i = 0; i < n && !error; i++)
        error = rights_add(p, field, words[i].text);
    free(copy);
    return error;
}

static char *set_scope(struct scope *scope, const char *field, const char *text)
{
    char *wrong, *error = NULL;

    scope_free(scope);
    if (!strcmp(text, "none"))
        return NULL;
    scope->kind = SCOPE_ALL;
    if (!strcmp(text, "all"))
        return NULL;
    scope->kind = SCOPE_NONE;
    wrong = selector_parse_text(&scope->selector, text, strlen(text));
    if (!wrong && scope->selector.count) {
        scope->kind = SCOPE_SELECTED;
        return NULL;
    }
    error = xasprintf("%s: %s", field,
                      wrong ? wrong : "an empty selector: write all, or none");
    free(wrong);
    return error;
}

static char *set_pin(struct principal *p, const char *attr, const char *value)
{
    const char *wrong = attr_name_wrong(attr, strlen(attr));

    if (!wrong)
        wrong = attr_value_wrong(value, strlen(value));
    if (wrong)
        return xasprintf("pin: '%.80s': %s", attr, wrong);
    if (strlen(attr) > UINT16_MAX / 2)
        return xstrdup("pin: an attribute's name is too long");
    if (!attrs_get(&p->pins, attr) && p->pins.count == PRINCIPAL_PINS_MAX)
        return xasprintf("pin: at most %d attributes", PRINCIPAL_PINS_MAX);
    attrs_set(&p->pins, attr, value);
    return NULL;
}

static char *set_admin(struct principal *p, const char *text)
{
    p->admin = !strcmp(text, "on") || !strcmp(text, "true");
    if (p->admin || !strcmp(text, "off") || !strcmp(text, "false"))
        return NULL;
    return xasprintf("admin is on or off, not '%.40s'", text);
}

static char *set_cert(struct principal *p, const char *text)
{
    if (!*text || attr_value_wrong(text, strlen(text)) ||
        strlen(text) > SELECTOR_PATTERN_MAX)
        return xasprintf("cert: a glob of 1 to %d bytes", SELECTOR_PATTERN_MAX);
    free(p->cert);
    p->cert = xstrdup(text);
    return NULL;
}

char *rights_set(struct principal *p, const char *field, const char *text)
{
    struct scope *scope = scope_of(p, field);

    if (scope)
        return set_scope(scope, field, text);
    if (list_of(p, field))
        return set_list(p, field, text);
    if (!strncmp(field, PIN, sizeof(PIN) - 1))
        return set_pin(p, field + sizeof(PIN) - 1, text);
    if (!strcmp(field, "admin"))
        return set_admin(p, text);
    if (!strcmp(field, "cert"))
        return set_cert(p, text);
    if (!strcmp(field, "expires"))
        return rights_time_read(text, &p->expires)
                   ? NULL
                   : xasprintf("expires: '%.40s' is no time such as "
                               "2027-01-31T12:00:00Z",
                               text);
    if (strcmp(field, "hash") != 0)
        return xasprintf("unknown right %.80s", field);
    p->has_hash = secret_hash_read(text, p->hash);
    return p->has_hash ? NULL
                       : xstrdup("hash: not sha256: and 64 hexadecimal "
                                 "digits (muster token create makes one)");
}

const char *rights_wrong(const struct principal *p)
{
    if (p->exec.kind != SCOPE_NONE && !p->ops.count)
        return "exec says where, but without ops nothing may be executed "
               "there: ops: ['*'] is every operation";
    if (p->exec.kind == SCOPE_NONE && p->ops.count)
        return "ops says what, but without exec it may be executed nowhere";
    if (p->sets.count && !p->names.count)
        return "set says what, but without register nothing may be "
               "registered";
    if (p->pins.count && !p->names.count)
        return "pin is for what the token registers, and without register it "
               "may register nothing";
    return NULL;
}

/* -- writing --------------------------------------------------------------- */

static void write_list(const char *field, const struct globs *g, bool all,
                       struct buf *out)
{
    struct buf text = BUF_INIT;
    unsigned i;

    for (i = 0; i < g->count; i++)
        buf_add_words(&text, g->list[i]);
    if (all)
        buf_add_str(&text, "*");
    if (buf_len(&text))
        buf_add_pair(out, field, buf_str(&text));
    buf_free(&text);
}

static void write_scope(const char *field, const struct scope *s,
                        struct buf *out)
{
    struct buf text = BUF_INIT;

    if (s->kind == SCOPE_ALL)
        buf_add_str(&text, "all");
    else if (s->kind == SCOPE_SELECTED)
        selector_write_pairs(&s->selector, &text);
    if (buf_len(&text))
        buf_add_pair(out, field, buf_str(&text));
    buf_free(&text);
}

static void write_pins(const struct attrs *pins, struct buf *out)
{
    char *name;
    size_t i;

    for (i = 0; i < pins->count; i++) {
        name = xasprintf(PIN "%s", pins->list[i].name);
        buf_add_pair(out, name, pins->list[i].value);
        free(name);
    }
}

void rights_write(const struct principal *p, bool secret, struct buf *out)
{
    char hash[HASH_TEXT_MAX], time[RIGHTS_TIME_MAX];

    if (secret && p->has_hash) {
        secret_hash_write(p->hash, hash);
        buf_add_pair(out, "hash", hash);
    }
    if (p->cert)
        buf_add_pair(out, "cert", p->cert);
    if (p->expires) {
        rights_time_write(p->expires, time);
        buf_add_pair(out, "expires", time);
    }
    write_list("register", &p->names, p->all, out);
    write_list("set", &p->sets, p->all, out);
    write_pins(&p->pins, out);
    write_scope("find", &p->find, out);
    write_scope("watch", &p->watch, out);
    write_scope("exec", &p->exec, out);
    write_list("ops", &p->ops, p->all, out);
    write_list("kv_read", &p->key_reads, false, out);
    write_list("kv_write", &p->key_writes, p->all, out);
    if (p->admin)
        buf_add_pair(out, "admin", "on");
}

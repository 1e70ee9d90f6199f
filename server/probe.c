#include "server/probe.h"

#include <stdlib.h>
#include <string.h>

#include "lib/addr.h"
#include "lib/argument.h"
#include "lib/mem.h"
#include "lib/words.h"
#include "server/probe_url.h"

#define TIMEOUT_MS        10000 /* unless it says another */
#define TIMEOUT_SCRIPT_MS 30000
#define LONGEST_MS        ((uint64_t)365 * 24 * 3600 * 1000)
#define WORDS_MAX         (2 * (PROBE_ARGS_MAX + PROBE_HEADERS_MAX + 10))
#define THRESHOLD_MAX     1000

static const char *const names[PROBE_METHODS] = {
    [PROBE_TTL] = "ttl",
    [PROBE_HTTP] = "http",
    [PROBE_TCP] = "tcp",
    [PROBE_SCRIPT] = "script",
};

const char *probe_method_text(enum probe_method m)
{
    return names[m];
}

void probe_spec_free(struct probe_spec *s)
{
    size_t i;

    for (i = 0; i < s->header_count; i++) {
        free(s->headers[i].name);
        free(s->headers[i].value);
    }
    for (i = 0; i < s->arg_count; i++)
        free(s->args[i]);
    free(s->headers);
    free(s->args);
    free(s->target);
    free(s->verb);
    *s = (struct probe_spec){0};
}

void probe_add_header(struct probe_spec *s, const char *name, const char *value)
{
    s->headers =
        xreallocarray(s->headers, s->header_count + 1, sizeof(*s->headers));
    s->headers[s->header_count++] =
        (struct probe_header){xstrdup(name), xstrdup(value)};
}

void probe_add_arg(struct probe_spec *s, const char *arg, size_t len)
{
    s->args = xreallocarray(s->args, s->arg_count + 2, sizeof(*s->args));
    s->args[s->arg_count++] = xmemdup0(arg, len);
    s->args[s->arg_count] = NULL;
}

/* -- what is right --------------------------------------------------------- */

/* RFC 9110, 5.6.2: names of methods and headers. */
static bool is_token(const char *text)
{
    const char *p = text;

    for (; *p; p++)
        if (*p <= ' ' || *p >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", *p))
            return false;
    return p > text;
}

static bool is_header(const char *value)
{
    for (; *value; value++)
        if ((unsigned char)*value < ' ' && *value != '\t')
            return false;
        else if (*value == 0x7f)
            return false;
    return true;
}

static const char *check_http(const struct probe_spec *s)
{
    struct probe_url url;
    size_t i;
    const char *why = probe_url_parse(&url, s->target, strlen(s->target));

    if (why)
        return why;
    if (s->verb && !is_token(s->verb))
        return "its method is no method of HTTP";
    for (i = 0; i < s->header_count; i++)
        if (!is_token(s->headers[i].name) || !is_header(s->headers[i].value))
            return "a header of it is no header of HTTP";
    return NULL;
}

static const char *check_tcp(const struct probe_spec *s)
{
    struct addr a;
    const char *why = addr_parse(&a, s->target, 0);

    if (why)
        return why;
    return a.kind == ADDR_TCP && a.port ? NULL
                                        : "what it connects to is no HOST:PORT";
}

static void raise_to(uint64_t *ms, uint64_t least)
{
    if (*ms && *ms < least)
        *ms = least;
    if (*ms > LONGEST_MS)
        *ms = LONGEST_MS;
}

const char *probe_spec_check(struct probe_spec *s)
{
    raise_to(&s->ttl_ms, 1);
    raise_to(&s->interval_ms, PROBE_INTERVAL_MS);
    raise_to(&s->timeout_ms, 1);
    raise_to(&s->reap_ms, PROBE_REAP_MS);
    if (s->fails > THRESHOLD_MAX || s->passes > THRESHOLD_MAX)
        return "a threshold of it is above 1000";
    if (s->warns > (s->fails ? s->fails : 1))
        return "it would be critical before it warns";
    if (s->header_count > PROBE_HEADERS_MAX || s->arg_count > PROBE_ARGS_MAX)
        return "it has more than 64 headers or arguments";
    if (s->method == PROBE_TTL)
        return s->ttl_ms ? NULL : "its TTL is missing, or 0";
    if (!s->interval_ms)
        return "its interval is missing, or 0";
    if (s->method == PROBE_SCRIPT)
        return s->arg_count && *s->args[0] ? NULL : "its script is empty";
    if (!s->target || !*s->target)
        return "what it looks at is missing";
    return s->method == PROBE_HTTP ? check_http(s) : check_tcp(s);
}

uint64_t probe_timeout_ms(const struct probe_spec *s)
{
    if (s->method == PROBE_SCRIPT)
        return s->timeout_ms ? s->timeout_ms : TIMEOUT_SCRIPT_MS;
    if (s->timeout_ms && s->timeout_ms < s->interval_ms)
        return s->timeout_ms;
    return s->interval_ms < TIMEOUT_MS ? s->interval_ms : TIMEOUT_MS;
}

void probe_name(const struct probe_spec *s, struct buf *out)
{
    struct probe_url u;

    if (s->method == PROBE_TCP)
        buf_add_str(out, s->target);
    if (s->method == PROBE_HTTP &&
        !probe_url_parse(&u, s->target, strlen(s->target)))
        buf_add_fmt(out, "%s://%.*s%.*s", u.tls ? "https" : "http",
                    (int)u.authority_len, u.authority, (int)u.target_len,
                    u.target);
}

/* -- as text --------------------------------------------------------------- */

static void write_text(struct buf *out, const char *name, const char *value)
{
    argument_write(out, name, value, strlen(value));
}

static void write_number(struct buf *out, const char *name, uint64_t n)
{
    if (n)
        buf_add_fmt(out, " %s %llu", name, (unsigned long long)n);
}

void probe_spec_write(const struct probe_spec *s, struct buf *out)
{
    size_t i;

    buf_add_pair(out, "probe", names[s->method]);
    write_number(out, "ttl", s->ttl_ms);
    write_number(out, "interval", s->interval_ms);
    write_number(out, "timeout", s->timeout_ms);
    write_number(out, "reap", s->reap_ms);
    write_number(out, "fails", s->fails);
    write_number(out, "warns", s->warns);
    write_number(out, "passes", s->passes);
    write_number(out, "insecure", s->insecure);
    if (s->target)
        write_text(out, "target", s->target);
    if (s->verb)
        write_text(out, "verb", s->verb);
    for (i = 0; i < s->header_count; i++) {
        write_text(out, "header", s->headers[i].name);
        write_text(out, "value", s->headers[i].value);
    }
    for (i = 0; i < s->arg_count; i++)
        write_text(out, "arg", s->args[i]);
}

static bool read_method(struct probe_spec *s, const struct word *value)
{
    int m;

    for (m = 0; m < PROBE_METHODS; m++)
        if (word_is(value, names[m])) {
            s->method = (enum probe_method)m;
            return true;
        }
    return false;
}

/* False: there is no number of that name, or it is none. */
static bool read_number(struct probe_spec *s, const struct word *name,
                        const struct word *value)
{
    unsigned long long n;

    if (!word_to_u64(value, INT64_MAX, &n))
        return false;
    if (word_is(name, "ttl"))
        s->ttl_ms = n;
    else if (word_is(name, "interval"))
        s->interval_ms = n;
    else if (word_is(name, "timeout"))
        s->timeout_ms = n;
    else if (word_is(name, "reap"))
        s->reap_ms = n;
    else if (word_is(name, "fails") && n <= THRESHOLD_MAX)
        s->fails = (unsigned)n;
    else if (word_is(name, "warns") && n <= THRESHOLD_MAX)
        s->warns = (unsigned)n;
    else if (word_is(name, "passes") && n <= THRESHOLD_MAX)
        s->passes = (unsigned)n;
    else if (word_is(name, "insecure"))
        s->insecure = n != 0;
    else
        return false;
    return true;
}

static void replace(char **text, const struct word *value)
{
    free(*text);
    *text = xmemdup0(value->text, value->len);
}

static bool read_pair(struct probe_spec *s, struct word *name,
                      struct word *value)
{
    if (argument_decode(name, value) || memchr(value->text, '\0', value->len))
        return false;
    if (word_is(name, "probe"))
        return read_method(s, value);
    if (word_is(name, "target")) {
        replace(&s->target, value);
    } else if (word_is(name, "verb")) {
        replace(&s->verb, value);
    } else if (word_is(name, "header")) {
        probe_add_header(s, value->text, "");
    } else if (word_is(name, "value") && s->header_count) {
        replace(&s->headers[s->header_count - 1].value, value);
    } else if (word_is(name, "arg")) {
        probe_add_arg(s, value->text, value->len);
    } else {
        return read_number(s, name, value);
    }
    return true;
}

static const char *read_line(struct probe_spec *s, char *line, size_t len,
                             struct word *words)
{
    int n = words_split(line, len, words, WORDS_MAX), i;

    if (n < 0)
        return words_error_text(n);
    if (n < 2 || n % 2 || !word_is(&words[0], "probe"))
        return "it does not begin with what to do";
    for (i = 0; i < n; i += 2)
        if (!read_pair(s, &words[i], &words[i + 1]))
            return "a word of it means nothing here";
    return probe_spec_check(s);
}

const char *probe_spec_read(struct probe_spec *s, const char *text, size_t len)
{
    char *line = xmemdup0(text, len);
    struct word *words = xcalloc(WORDS_MAX, sizeof(*words));
    const char *why;

    *s = (struct probe_spec){0};
    why = read_line(s, line, len, words);
    if (why)
        probe_spec_free(s);
    free(words);
    free(line);
    return why;
}

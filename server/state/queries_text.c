#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/attrs.h"
#include "lib/mem.h"
#include "lib/words.h"
#include "server/state/queries_impl.h"

#define QUERY_WORDS_MAX (2 * (6 * QUERY_LIST_MAX + 16))

/* -- definitions ----------------------------------------------------------- */

/* A field of a definition that is a text, a list or a number. */
struct query_field {
    const char *name; /* as it is kept */
    enum { FIELD_TEXT, FIELD_LIST, FIELD_BOOL, FIELD_NUMBER } type;
    size_t at;
};

#define FIELD(type, name, member)                                              \
    {                                                                          \
        name, type, offsetof(struct query_def, member)                         \
    }

static const struct query_field fields[] = {
    FIELD(FIELD_TEXT, "name", name),
    FIELD(FIELD_TEXT, "session", session),
    FIELD(FIELD_TEXT, "token", token),
    FIELD(FIELD_TEXT, "type", type),
    FIELD(FIELD_TEXT, "regexp", regexp),
    FIELD(FIELD_BOOL, "remove_empty_tags", remove_empty_tags),
    FIELD(FIELD_TEXT, "service", service),
    FIELD(FIELD_TEXT, "near", near),
    FIELD(FIELD_TEXT, "ttl", ttl),
    FIELD(FIELD_BOOL, "only_passing", only_passing),
    FIELD(FIELD_NUMBER, "nearest_n", nearest_n),
    FIELD(FIELD_LIST, "datacenter", datacenters),
    FIELD(FIELD_LIST, "tag", tags),
    FIELD(FIELD_LIST, "node_meta", node_meta),
    FIELD(FIELD_LIST, "ignore_check", ignore_checks),
};

static void *field_in(const struct query_def *d, const struct query_field *f)
{
    return (char *)d + f->at;
}

void query_def_init(struct query_def *d)
{
    size_t i;

    *d = (struct query_def){0};
    for (i = 0; i < ARRAY_LEN(fields); i++)
        if (fields[i].type == FIELD_TEXT)
            *(char **)field_in(d, &fields[i]) = xstrdup("");
}

static void list_free(struct query_list *l)
{
    size_t i;

    for (i = 0; i < l->count; i++)
        free(l->items[i]);
    free(l->items);
}

void query_def_free(struct query_def *d)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(fields); i++) {
        if (fields[i].type == FIELD_TEXT)
            free(*(char **)field_in(d, &fields[i]));
        else if (fields[i].type == FIELD_LIST)
            list_free(field_in(d, &fields[i]));
    }
    *d = (struct query_def){0};
}

void query_set(char **to, const char *text)
{
    char *old = *to;

    *to = xstrdup(text);
    free(old);
}

void query_list_add(struct query_list *l, const char *text)
{
    l->items = xreallocarray(l->items, l->count + 1, sizeof(*l->items));
    l->items[l->count++] = xstrdup(text);
}

char *query_lower(const char *text)
{
    char *lower = xstrdup(text), *p;

    for (p = lower; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return lower;
}

/* -- as they are kept ------------------------------------------------------ */

void query_write(const struct query_def *d, struct buf *out)
{
    const struct query_list *l;
    char number[24];
    size_t i, k;

    for (i = 0; i < ARRAY_LEN(fields); i++) {
        const struct query_field *f = &fields[i];

        switch (f->type) {
        case FIELD_TEXT:
            buf_add_pair(out, f->name, *(char **)field_in(d, f));
            break;
        case FIELD_BOOL:
            buf_add_pair(out, f->name, *(bool *)field_in(d, f) ? "1" : "0");
            break;
        case FIELD_NUMBER:
            snprintf(number, sizeof(number), "%d", *(int *)field_in(d, f));
            buf_add_pair(out, f->name, number);
            break;
        case FIELD_LIST:
            l = field_in(d, f);
            for (k = 0; k < l->count; k++)
                buf_add_pair(out, f->name, l->items[k]);
        }
    }
}

static const char *field_read(struct query_def *d, const struct query_field *f,
                              const struct word *value)
{
    unsigned long long n = 0;

    switch (f->type) {
    case FIELD_TEXT: query_set(field_in(d, f), value->text); break;
    case FIELD_LIST: query_list_add(field_in(d, f), value->text); break;
    default:
        if (!word_to_u64(value, f->type == FIELD_BOOL ? 1 : INT_MAX, &n))
            return "a field is no number";
        if (f->type == FIELD_BOOL)
            *(bool *)field_in(d, f) = n != 0;
        else
            *(int *)field_in(d, f) = (int)n;
    }
    return NULL;
}

static const char *pair_read(struct query_def *d, const struct word *pair)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(fields); i++)
        if (word_is(&pair[0], fields[i].name))
            return field_read(d, &fields[i], &pair[1]);
    return "a field that no query has";
}

char *query_read(struct query_def *d, const char *bytes, size_t len)
{
    struct word *words = xcalloc(QUERY_WORDS_MAX, sizeof(*words));
    char *line = xmemdup0(bytes, len);
    const char *wrong = NULL;
    int i, n = -1;

    query_def_init(d);
    if (strlen(line) != len)
        wrong = "it holds a NUL";
    else
        n = words_split(line, len, words, QUERY_WORDS_MAX);
    if (!wrong && n < 0)
        wrong = words_error_text(n);
    else if (!wrong && n % 2)
        wrong = "a field without a value";
    for (i = 0; !wrong && i < n; i += 2)
        wrong = pair_read(d, &words[i]);
    free(line);
    free(words);
    return wrong ? xstrdup(wrong) : query_def_wrong(d);
}

/* -- what may be ----------------------------------------------------------- */

static const char *text_wrong(const char *text)
{
    size_t len = strlen(text);

    if (len > QUERY_TEXT_MAX)
        return "a text of a prepared query is longer than 4096 bytes";
    return attr_value_wrong(text, len) ? "a text of a prepared query holds a "
                                         "line end or a control character"
                                       : NULL;
}

static const char *texts_wrong(const struct query_def *d)
{
    const char *wrong = NULL;
    size_t i, k;

    for (i = 0; i < ARRAY_LEN(fields) && !wrong; i++) {
        const struct query_list *l = field_in(d, &fields[i]);

        if (fields[i].type == FIELD_TEXT)
            wrong = text_wrong(*(char **)field_in(d, &fields[i]));
        if (fields[i].type != FIELD_LIST)
            continue;
        if (l->count > 2 * QUERY_LIST_MAX)
            wrong = "a list of a prepared query has too many items";
        for (k = 0; k < l->count && !wrong; k++)
            wrong = text_wrong(l->items[k]);
    }
    return wrong;
}

static bool is_too_large(const struct query_def *d)
{
    struct buf b = BUF_INIT;
    bool large;

    query_write(d, &b);
    large = buf_len(&b) > QUERY_SIZE_MAX;
    buf_free(&b);
    return large;
}

char *query_def_wrong(const struct query_def *d)
{
    const char *wrong = texts_wrong(d);

    if (wrong)
        return xstrdup(wrong);
    if (strlen(d->name) > QUERY_NAME_MAX)
        return xstrdup("the name of a prepared query is longer than 512 bytes");
    if (is_too_large(d))
        return xstrdup("a prepared query takes more than 64 KiB");
    if (d->nearest_n < 0)
        return xasprintf(QUERY_INVALID "Bad NearestN '%d', must be >= 0",
                         d->nearest_n);
    if (!*d->service)
        return xstrdup(QUERY_INVALID "Must provide a Service name to query");
    if (*d->type && strcmp(d->type, QUERY_PREFIX_MATCH) != 0)
        return xasprintf(QUERY_TEMPLATE "Bad Template.Type '%s'", d->type);
    return *d->type ? query_template_wrong(d) : NULL;
}

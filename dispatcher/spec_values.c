#include "dispatcher/spec_values.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "lib/attrs.h"
#include "lib/conf.h"

/* 1.5: digits, a point, one to three digits */
static bool parse_decimal(const struct word *w, uint64_t max_ms, uint64_t *ms)
{
    const char *point = memchr(w->text, '.', w->len);
    struct word whole, part;
    unsigned long long s, f;

    if (!point)
        return false;
    whole = (struct word){.text = w->text, .len = (unsigned)(point - w->text)};
    part = (struct word){.text = (char *)(uintptr_t)(point + 1),
                         .len = w->len - whole.len - 1};
    if (part.len > 3 || !word_to_u64(&whole, max_ms / 1000, &s) ||
        !word_to_u64(&part, 999, &f))
        return false;
    for (unsigned i = part.len; i < 3; i++)
        f *= 10;
    *ms = s * 1000 + f;
    return *ms <= max_ms;
}

bool spec_parse_duration(const struct word *w, uint64_t max_ms, uint64_t *ms)
{
    int64_t n;

    if (parse_decimal(w, max_ms, ms))
        return true;
    if (!conf_parse_duration(w->text, &n) || n < 0 || (uint64_t)n > max_ms)
        return false;
    *ms = (uint64_t)n;
    return true;
}

bool spec_parse_amount(struct word *w, long long min, long long max,
                       struct dispatch_amount *out)
{
    struct word number = *w;
    unsigned long long n;
    bool percent = w->len && w->text[w->len - 1] == '%';

    if (percent) {
        number.len--;
        max = 100;
    }
    if (!word_to_u64(&number, (unsigned long long)max, &n) ||
        n < (unsigned long long)min)
        return false;
    *out = (struct dispatch_amount){
        .set = true, .percent = percent, .n = (unsigned)n};
    return true;
}

struct list_name {
    const char *name;
    UT_hash_handle hh;
};

/* True if every name is there, once. */
static bool list_is_set(char **names, size_t n)
{
    struct list_name *nodes = xcalloc(n, sizeof(*nodes)), *set = NULL, *found;
    bool ok = true;

    for (size_t i = 0; i < n && ok; i++) {
        nodes[i].name = names[i];
        HASH_FIND(hh, set, names[i], strlen(names[i]), found);
        ok = *names[i] && !found;
        if (ok)
            HASH_ADD_KEYPTR(hh, set, nodes[i].name, strlen(nodes[i].name),
                            &nodes[i]);
    }
    HASH_CLEAR(hh, set);
    free(nodes);
    return ok;
}

bool spec_parse_list(const struct word *w, char ***out, size_t *n)
{
    const char *text = w->text;
    char **names;
    size_t count = 1, i = 0;

    for (const char *p = text; *p; p++)
        count += *p == ',';
    names = xcalloc(count, sizeof(*names));
    while (i < count) {
        size_t len = strcspn(text, ",");

        names[i++] = xmemdup0(text, len);
        text += len + 1;
    }
    if (list_is_set(names, count)) {
        *out = names;
        *n = count;
        return true;
    }
    while (i)
        free(names[--i]);
    free(names);
    return false;
}

void spec_write_list(char *const *names, size_t n, struct buf *out)
{
    for (size_t i = 0; i < n; i++)
        buf_add_fmt(out, "%s%s", i ? "," : "", names[i]);
}

bool spec_parse_per(const struct word *w, unsigned max, char **attr,
                    unsigned *n)
{
    const char *eq = memchr(w->text, '=', w->len);
    struct word number;
    unsigned long long value;
    size_t len;

    if (!eq)
        return false;
    len = (size_t)(eq - w->text);
    number = (struct word){.text = w->text + len + 1,
                           .len = w->len - (unsigned)len - 1};
    if (attr_name_wrong(w->text, len) || !word_to_u64(&number, max, &value) ||
        !value)
        return false;
    *attr = xmemdup0(w->text, len);
    *n = (unsigned)value;
    return true;
}

bool spec_parse_int(const struct word *w, long long min, long long max, int *n)
{
    bool minus = w->len && w->text[0] == '-';
    struct word digits = {.text = w->text + minus, .len = w->len - minus};
    unsigned long long value;
    long long number;

    if (!word_to_u64(&digits, 1000000, &value))
        return false;
    number = minus ? -(long long)value : (long long)value;
    if (number < min || number > max)
        return false;
    *n = (int)number;
    return true;
}

static bool locks_have(const struct dispatch_lock *list, size_t n,
                       const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(list[i].name, name) == 0)
            return true;
    }
    return false;
}

/* One item, NAME or NAME=N. */
static bool parse_lock(const struct word *w, unsigned max,
                       struct dispatch_lock *out)
{
    if (memchr(w->text, '=', w->len))
        return spec_parse_per(w, max, &out->name, &out->n);
    if (attr_name_wrong(w->text, w->len))
        return false;
    *out = (struct dispatch_lock){.name = xmemdup0(w->text, w->len), .n = 1};
    return true;
}

static void locks_cut(struct dispatch_lock *list, size_t from, size_t *n)
{
    while (*n > from)
        free(list[--*n].name);
}

bool spec_parse_locks(const struct word *w, unsigned max,
                      struct dispatch_lock **list, size_t *n)
{
    size_t before = *n, at = 0;

    *list = xreallocarray(*list, SPEC_LOCKS_MAX, sizeof(**list));
    while (at <= w->len) {
        size_t len = strcspn(w->text + at, ",");
        struct word item = {.text = w->text + at, .len = (unsigned)len};
        struct dispatch_lock lock;

        if (*n == SPEC_LOCKS_MAX || !parse_lock(&item, max, &lock)) {
            locks_cut(*list, before, n);
            return false;
        }
        if (locks_have(*list, *n, lock.name)) {
            free(lock.name);
            locks_cut(*list, before, n);
            return false;
        }
        (*list)[(*n)++] = lock;
        at += len + 1;
    }
    return true;
}

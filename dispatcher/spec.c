#include "dispatcher/spec.h"

#include <stdlib.h>
#include <string.h>

#include "dispatcher/secrets.h"
#include "dispatcher/spec_impl.h"
#include "dispatcher/spec_values.h"
#include "lib/argument.h"
#include "lib/attrs.h"
#include "lib/words.h"

#define TIME_MAX  (3650LL * 86400 * 1000) /* ms of any duration */
#define COUNT_MAX 1000000                 /* hosts in any number of them */

/* -- types ----------------------------------------------------------------- */

static const char *set_flag(struct dispatch_spec *s, const struct spec_row *row,
                            struct word *w)
{
    unsigned long long n;

    if (!word_to_u64(w, 1, &n))
        return "0 or 1";
    *SLOT(s, row, bool) = n == 1;
    return NULL;
}

static void write_flag(const struct dispatch_spec *s,
                       const struct spec_row *row, struct buf *value)
{
    if (*SEEN(s, row, bool))
        buf_add_char(value, '1');
}

static const char *set_duration(struct dispatch_spec *s,
                                const struct spec_row *row, struct word *w)
{
    uint64_t ms;

    if (!spec_parse_duration(w, (uint64_t)row->max, &ms))
        return "a number of seconds, or 500ms 30s 5m 1h 2d";
    *SLOT(s, row, uint64_t) = ms;
    if (row->at == AT(wait_ms))
        s->has_wait = ms > 0;
    return NULL;
}

static void write_duration(const struct dispatch_spec *s,
                           const struct spec_row *row, struct buf *value)
{
    uint64_t ms = *SEEN(s, row, uint64_t);

    if (!ms)
        return;
    buf_add_u64(value, ms);
    buf_add_str(value, "ms");
}

static const char *set_count(struct dispatch_spec *s,
                             const struct spec_row *row, struct word *w)
{
    unsigned long long n;

    if (!word_to_u64(w, (unsigned long long)row->max, &n) ||
        n < (unsigned long long)row->min)
        return "a number of hosts, from 1";
    *SLOT(s, row, unsigned) = (unsigned)n;
    return NULL;
}

static void write_count(const struct dispatch_spec *s,
                        const struct spec_row *row, struct buf *value)
{
    if (*SEEN(s, row, unsigned))
        buf_add_u64(value, *SEEN(s, row, unsigned));
}

static const char *set_amount(struct dispatch_spec *s,
                              const struct spec_row *row, struct word *w)
{
    if (!spec_parse_amount(w, row->min, row->max,
                           SLOT(s, row, struct dispatch_amount)))
        return row->min ? "a number of hosts from 1, or 1% to 100%"
                        : "a number of hosts, or 0% to 100%";
    return NULL;
}

static void write_amount(const struct dispatch_spec *s,
                         const struct spec_row *row, struct buf *value)
{
    const struct dispatch_amount *a = SEEN(s, row, struct dispatch_amount);

    if (!a->set)
        return;
    buf_add_u64(value, a->n);
    if (a->percent)
        buf_add_char(value, '%');
}

static const char *set_text(struct dispatch_spec *s, const struct spec_row *row,
                            struct word *w)
{
    *SLOT(s, row, char *) = xmemdup0(w->text, w->len);
    return NULL;
}

static const char *set_hosts(struct dispatch_spec *s,
                             const struct spec_row *row, struct word *w)
{
    (void)row;
    return spec_parse_list(w, &s->hosts, &s->n_hosts)
               ? NULL
               : "names with commas between them, each once";
}

static void write_hosts(const struct dispatch_spec *s,
                        const struct spec_row *row, struct buf *value)
{
    (void)row;
    spec_write_list(s->hosts, s->n_hosts, value);
}

static const char *set_per(struct dispatch_spec *s, const struct spec_row *row,
                           struct word *w)
{
    return spec_parse_per(w, (unsigned)row->max, &s->per_attr, &s->per_n)
               ? NULL
               : "ATTRIBUTE=N, N from 1";
}

static void write_per(const struct dispatch_spec *s, const struct spec_row *row,
                      struct buf *value)
{
    (void)row;
    if (s->per_attr)
        buf_add_fmt(value, "%s=%u", s->per_attr, s->per_n);
}

static const char *const lost_words[] = {[DISPATCH_LOST_FAIL] = "fail",
                                         [DISPATCH_LOST_WAIT] = "wait",
                                         [DISPATCH_LOST_RERUN] = "rerun"};

static const char *set_lost(struct dispatch_spec *s, const struct spec_row *row,
                            struct word *w)
{
    (void)row;
    for (unsigned i = 0; i < ARRAY_LEN(lost_words); i++) {
        if (!word_is(w, lost_words[i]))
            continue;
        s->lost = (enum dispatch_lost)i;
        return NULL;
    }
    return "wait, fail or rerun";
}

static void write_lost(const struct dispatch_spec *s,
                       const struct spec_row *row, struct buf *value)
{
    (void)row;
    if (s->lost != DISPATCH_LOST_FAIL)
        buf_add_str(value, lost_words[s->lost]);
}

/* What the token is narrowed to: a selector, in pairs. */
static const char *set_only(struct dispatch_spec *s, const struct spec_row *row,
                            struct word *w)
{
    struct word words[2 * SELECTOR_TERMS_MAX];
    int n = words_split(w->text, w->len, words, (int)ARRAY_LEN(words));
    char *wrong = NULL;

    (void)row;
    for (int i = 0; i + 1 < n && !wrong; i += 2)
        wrong = selector_add_pair(&s->only, &words[i], &words[i + 1]);
    s->narrowed = !wrong && n >= 0 && n % 2 == 0;
    free(wrong);
    return s->narrowed ? NULL : "a selector in pairs";
}

static void write_only(const struct dispatch_spec *s,
                       const struct spec_row *row, struct buf *value)
{
    (void)row;
    if (s->narrowed)
        selector_write_pairs(&s->only, value);
}

static const char *set_secret(struct dispatch_spec *s,
                              const struct spec_row *row, struct word *w)
{
    (void)row;
    return secrets_set(s, w->text);
}

static void write_secret(const struct dispatch_spec *s,
                         const struct spec_row *row, struct buf *value)
{
    (void)row;
    secrets_write(s, value);
}

static const char *set_int(struct dispatch_spec *s, const struct spec_row *row,
                           struct word *w)
{
    return spec_parse_int(w, row->min, row->max, SLOT(s, row, int))
               ? NULL
               : "a number from -100 to 100";
}

static void write_int(const struct dispatch_spec *s, const struct spec_row *row,
                      struct buf *value)
{
    if (*SEEN(s, row, int))
        buf_add_fmt(value, "%d", *SEEN(s, row, int));
}

static const char *set_times(struct dispatch_spec *s,
                             const struct spec_row *row, struct word *w)
{
    return set_count(s, row, w) ? "a number of times, 0 to 100" : NULL;
}

static const char *set_locks(struct dispatch_spec *s,
                             const struct spec_row *row, struct word *w)
{
    return spec_parse_locks(w, (unsigned)row->max, &s->locks, &s->n_locks)
               ? NULL
               : "NAME or NAME=N, N from 1; several with commas, each once";
}

static void write_locks(const struct dispatch_spec *s,
                        const struct spec_row *row, struct buf *value)
{
    (void)row;
    for (size_t i = 0; i < s->n_locks; i++)
        buf_add_fmt(value, "%s%s=%u", i ? "," : "", s->locks[i].name,
                    s->locks[i].n);
}

static const struct spec_type type_int = {set_int, write_int};
static const struct spec_type type_times = {set_times, write_count};
static const struct spec_type type_locks = {set_locks, write_locks};
static const struct spec_type type_flag = {set_flag, write_flag};
static const struct spec_type type_duration = {set_duration, write_duration};
static const struct spec_type type_count = {set_count, write_count};
static const struct spec_type type_amount = {set_amount, write_amount};
static const struct spec_type type_text = {set_text, spec_write_text};
static const struct spec_type type_hosts = {set_hosts, write_hosts};
static const struct spec_type type_per = {set_per, write_per};
static const struct spec_type type_lost = {set_lost, write_lost};
static const struct spec_type type_only = {set_only, write_only};
static const struct spec_type type_secret = {set_secret, write_secret};

/* -- the table ------------------------------------------------------------- */

/* At most 64: struct dispatch_spec counts them in bits. */
static const struct spec_row rows[] = {
    {".on", &type_text, 0, 0, AT(on), false},
    {".hosts", &type_hosts, 0, 0, AT(hosts), false},
    {".any", &type_flag, 0, 1, AT(any), false},
    {".wait", &type_duration, 0, TIME_MAX, AT(wait_ms), false},
    {".timeout", &type_duration, 0, TIME_MAX, AT(timeout_ms), false},
    {".idle", &type_duration, 0, TIME_MAX, AT(idle_ms), false},
    {".parallel", &type_amount, 1, COUNT_MAX, AT(parallel), false},
    {".fail", &type_amount, 0, COUNT_MAX, AT(fail), false},
    {".min", &type_count, 1, COUNT_MAX, AT(min), false},
    {".expect", &type_count, 1, COUNT_MAX, AT(expect), false},
    {".per", &type_per, 1, COUNT_MAX, AT(per_attr), false},
    {".lost", &type_lost, 0, 0, AT(lost), false},
    {".exclusive", &type_flag, 0, 1, AT(exclusive), false},
    {".at", &spec_type_when, 0, 0, AT(at_ms), false},
    {".every", &spec_type_every, 0, 0, AT(every), false},
    {".missed", &spec_type_missed, 0, 0, AT(missed), false},
    {".overlap", &type_flag, 0, 1, AT(overlap), false},
    {".until", &spec_type_when, 0, 0, AT(until_ms), false},
    {".times", &spec_type_times, 1, COUNT_MAX, AT(times), false},
    {".after", &spec_type_after, 0, 0, AT(after), false},
    {".priority", &type_int, -100, 100, AT(priority), false},
    {".retry", &type_times, 0, 100, AT(retry), false},
    {".lock", &type_locks, 1, COUNT_MAX, AT(locks), false},
    {".secret", &type_secret, 0, 0, 0, false},
    {".key", &spec_type_key, 0, 0, AT(key), false},
    {".plan", &spec_type_key, 0, 0, AT(plan), false},
    {".plan-hosts", &spec_type_plan_hosts, 0, 0, AT(plan_hosts), true},
    {".parent", &type_text, 0, 0, AT(parent), true},
    {".planned", &spec_type_when, 0, 0, AT(planned_ms), true},
    {".rerun-of", &type_text, 0, 0, AT(rerun_of), true},
    {".from", &type_text, 0, 0, AT(from), true},
    {".by", &type_text, 0, 0, AT(by), true},
    {".only", &type_only, 0, 0, AT(only), true},
};

_Static_assert(ARRAY_LEN(rows) <= 64, "a bit for each row");

static const struct spec_row *row_find(const char *name, bool hidden)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].hidden && !hidden ? NULL : &rows[i];
    }
    return NULL;
}

bool spec_knows(const char *name)
{
    return row_find(name, false);
}

static char *row_set(struct dispatch_spec *s, const struct spec_row *row,
                     struct word *w)
{
    uint64_t bit = UINT64_C(1) << (row - rows);
    const char *should;

    if (!row->type->set)
        return xasprintf("directive %s is not supported", row->name);
    if ((s->given & bit) && row->type != &type_secret &&
        row->type != &type_locks) /* these add up */
        return xasprintf("directive %s stands twice", row->name);
    if (attr_value_wrong(w->text, w->len))
        return xasprintf("%s: %s", row->name,
                         attr_value_wrong(w->text, w->len));
    should = row->type->set(s, row, w);
    if (should)
        return xasprintf("%s takes %s", row->name, should);
    s->given |= bit;
    return NULL;
}

char *spec_set(struct dispatch_spec *s, const char *name, const char *value,
               size_t len)
{
    const struct spec_row *row = row_find(name, false);
    char *copy, *wrong;

    if (!row)
        return xasprintf("unknown directive %s", name);
    copy = xmemdup0(value, len);
    wrong = row_set(s, row, &(struct word){.text = copy, .len = (unsigned)len});
    free(copy);
    return wrong;
}

char *spec_set_op(struct dispatch_spec *s, const char *op, size_t len)
{
    if (attr_name_wrong(op, len) || len > SPEC_OP_MAX)
        return xstrdup("bad operation");
    free(s->op);
    s->op = xmemdup0(op, len);
    return NULL;
}

/* -- written and read back ------------------------------------------------- */

void spec_write(const struct dispatch_spec *s, struct buf *out)
{
    struct buf value = BUF_INIT;

    buf_add_words(out, s->op);
    for (size_t i = 0; i < s->n_args; i++)
        argument_write(out, s->args[i].name, s->args[i].value, s->args[i].len);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (!rows[i].type->write)
            continue;
        buf_reset(&value, SIZE_MAX);
        rows[i].type->write(s, &rows[i], &value);
        if (!buf_len(&value))
            continue;
        buf_add_words(out, rows[i].name);
        buf_add_word(out, buf_data(&value), buf_len(&value));
    }
    buf_free(&value);
}

static char *read_arg(struct dispatch_spec *s, struct word *name,
                      struct word *value)
{
    const char *wrong = argument_decode(name, value);

    if (!wrong)
        wrong = attr_name_wrong(name->text, name->len);
    if (wrong)
        return xstrdup(wrong);
    dispatch_spec_add_arg(s, name->text, value->text, value->len);
    return NULL;
}

static char *read_pair(struct dispatch_spec *s, struct word *name,
                       struct word *value)
{
    const struct spec_row *row;

    if (!name->len || name->text[0] != '.')
        return read_arg(s, name, value);
    row = strlen(name->text) == name->len ? row_find(name->text, true) : NULL;
    return row ? row_set(s, row, value)
               : xasprintf("unknown directive %s", name->text);
}

static char *read_words(struct dispatch_spec *s, struct word *w, int n)
{
    char *wrong;

    if (n < 0)
        return xstrdup(words_error_text(n));
    if (n % 2 == 0)
        return xstrdup("odd attribute/value pairs");
    wrong = spec_set_op(s, w[0].text, w[0].len);
    for (int i = 1; i < n && !wrong; i += 2)
        wrong = read_pair(s, &w[i], &w[i + 1]);
    return wrong;
}

char *spec_read(struct dispatch_spec *s, const char *text, size_t len)
{
    struct words_own w;
    char *wrong;

    words_own(&w, text, len);
    wrong = read_words(s, w.words, w.n);
    words_own_free(&w);
    return wrong;
}

char *spec_copy(const struct dispatch_spec *from, struct dispatch_spec *to)
{
    struct buf words = BUF_INIT;
    char *error;

    spec_write(from, &words);
    error = spec_read(to, buf_data(&words), buf_len(&words));
    explicit_bzero(words.data, words.size); /* secrets may be in it */
    buf_free(&words);
    return error;
}

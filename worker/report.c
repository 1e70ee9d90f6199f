#include "worker/report.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/attrs.h"
#include "lib/mem.h"
#include "lib/words.h"

#define WORDS_MAX 3
/* Words before a result, and quotes within it that are written twice. */
#define LINE_MAX_BYTES (2 * REPORT_RESULT_MAX + 64)
#define HELD_KEEP      1024 /* bytes of memory that an empty one keeps */

static const char *const state_names[] = {"ok", "skipped", "failed",
                                          "unreachable", "changed"};

static void wrong(struct report *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void wrong(struct report *r, const char *fmt, ...)
{
    char text[256];
    va_list args;

    if (r->wrong)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    r->wrong = xasprintf("descriptor 3, line %lu: %s", r->line, text);
}

/* -- the lines ------------------------------------------------------------- */

static void take_state(struct report *r, struct word *w)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(state_names); i++) {
        if (word_is(&w[1], state_names[i])) {
            r->state = (int)i;
            return;
        }
    }
    wrong(r, "no state %.40s", w[1].text);
}

static void take_json(struct report *r, const char *json, size_t len,
                      const struct report_handler *h, void *arg)
{
    json_error_t error;
    json_t *value;

    if (len > REPORT_RESULT_MAX) {
        wrong(r, "a result of more than %lu bytes", REPORT_RESULT_MAX);
        return;
    }
    value = json_loadb(json, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (!value) {
        wrong(r, "a result that is no JSON: %.100s", error.text);
        return;
    }
    json_decref(value);
    h->result(arg, json, len);
}

static void take_progress(struct report *r, struct word *w,
                          const struct report_handler *h, void *arg)
{
    size_t len = w[2].len < REPORT_TEXT_MAX ? w[2].len : REPORT_TEXT_MAX;
    unsigned long long percent;

    if (!word_to_u64(&w[1], 100, &percent))
        wrong(r, "progress is 0 to 100, not %.40s", w[1].text);
    else
        h->progress(arg, (unsigned)percent, w[2].text, len);
}

static void take_set(struct report *r, struct word *w,
                     const struct report_handler *h, void *arg)
{
    const char *why = attr_name_wrong(w[1].text, w[1].len);

    if (!why)
        why = attr_value_wrong(w[2].text, w[2].len);
    if (!why && w[2].len > REPORT_VALUE_MAX)
        why = "the value is too long";
    if (!why && r->sets >= REPORT_SETS_MAX)
        why = "too many facts";
    if (why) {
        wrong(r, "set %.40s: %s", w[1].text, why);
        return;
    }
    r->sets++;
    h->set(arg, w[1].text, w[2].text);
}

/* The JSON of a result stands as it is, unless it is quoted as a word. True:
 * the line was one. */
static bool take_bare(struct report *r, const char *line, size_t len,
                      const struct report_handler *h, void *arg)
{
    static const char verb[] = "result";
    size_t at = sizeof(verb) - 1;

    if (len <= at || memcmp(line, verb, at) != 0 ||
        (line[at] != ' ' && line[at] != '\t'))
        return false;
    while (at < len && (line[at] == ' ' || line[at] == '\t'))
        at++;
    if (at < len && line[at] == '\'')
        return false;
    take_json(r, line + at, len - at, h, arg);
    return true;
}

static void take_words(struct report *r, struct word *w, int n,
                       const struct report_handler *h, void *arg)
{
    if (word_is(&w[0], "state") && n == 2)
        take_state(r, w);
    else if (word_is(&w[0], "result") && n == 2)
        take_json(r, w[1].text, w[1].len, h, arg);
    else if (word_is(&w[0], "progress") && (n == 3 || n == 2))
        take_progress(r, w, h, arg);
    else if (word_is(&w[0], "set") && n == 3)
        take_set(r, w, h, arg);
    else
        wrong(r,
              "it begins %.40s, and is none of: state S, result JSON, "
              "progress PERCENT TEXT, set ATTR VALUE",
              w[0].text);
}

/* line[len] is writable, as words_split() has it. */
static void take_line(struct report *r, char *line, size_t len,
                      const struct report_handler *h, void *arg)
{
    struct word words[WORDS_MAX + 1] = {0};
    int n;

    r->line++;
    if (len && line[len - 1] == '\r')
        len--;
    if (take_bare(r, line, len, h, arg))
        return;
    n = words_split(line, len, words, WORDS_MAX + 1);
    if (n < 0)
        wrong(r, "%s", words_error_text(n));
    else if (n > 0)
        take_words(r, words, n, h, arg);
}

/* -- bytes ----------------------------------------------------------------- */

void report_init(struct report *r)
{
    *r = (struct report){.state = -1};
}

void report_free(struct report *r)
{
    buf_free(&r->held);
    free(r->wrong);
    r->wrong = NULL;
}

static void hold(struct report *r, const char *bytes, size_t len)
{
    if (r->too_long)
        return;
    if (buf_len(&r->held) + len <= LINE_MAX_BYTES) {
        buf_add(&r->held, bytes, len);
        return;
    }
    r->line++;
    wrong(r, "it is too long");
    r->line--;
    r->too_long = true;
    buf_reset(&r->held, HELD_KEEP);
}

static void line_ended(struct report *r, const struct report_handler *h,
                       void *arg)
{
    size_t len = buf_len(&r->held);

    if (r->too_long) {
        r->line++;
    } else {
        buf_add_char(&r->held, '\0');
        take_line(r, buf_data(&r->held), len, h, arg);
    }
    r->too_long = false;
    buf_reset(&r->held, HELD_KEEP);
}

void report_feed(struct report *r, const char *bytes, size_t len,
                 const struct report_handler *h, void *arg)
{
    const char *end = bytes + len, *lf;

    while ((lf = memchr(bytes, '\n', (size_t)(end - bytes)))) {
        hold(r, bytes, (size_t)(lf - bytes));
        line_ended(r, h, arg);
        bytes = lf + 1;
    }
    hold(r, bytes, (size_t)(end - bytes));
}

void report_end(struct report *r, const struct report_handler *h, void *arg)
{
    if (buf_len(&r->held) || r->too_long)
        line_ended(r, h, arg);
}

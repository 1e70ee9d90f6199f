#include "client/reply.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

/* The words of a line that are still to be read. */
struct rest {
    const struct word *w;
    size_t n;
};

void reply_parser_free(struct reply_parser *p)
{
    free(p->words);
    free(p->attrs);
    memset(p, 0, sizeof(*p));
}

static void bad(struct reply *r, const char *why)
{
    r->kind = REPLY_BAD;
    r->text = why;
    r->text_len = strlen(why);
}

/* Splits the line; room for as many words as a line of that length can have,
 * and the line is bounded. False, and r says why. */
static bool split(struct reply_parser *p, char *line, size_t len,
                  struct reply *r, struct rest *rest)
{
    size_t most = len / 2 + 1;
    int n;

    memset(r, 0, sizeof(*r));
    if (len > INT_MAX / 2) {
        bad(r, "the line is too long");
        return false;
    }
    if (p->words_size < most) {
        p->words = xreallocarray(p->words, most, sizeof(*p->words));
        p->words_size = most;
    }
    n = words_split(line, len, p->words, (int)most);
    if (n < 0) {
        bad(r, words_error_text(n));
        return false;
    }
    rest->w = p->words;
    rest->n = (size_t)n;
    return true;
}

/* The next word as a string, or NULL if there is none or it holds a NUL. */
static const char *next_text(struct rest *rest)
{
    const struct word *w = rest->w;

    if (!rest->n || memchr(w->text, '\0', w->len))
        return NULL;
    rest->w++;
    rest->n--;
    return w->text;
}

/* A name: a word that is not empty. */
static const char *next_name(struct rest *rest)
{
    const char *text = next_text(rest);

    return text && *text ? text : NULL;
}

static bool next_number(struct rest *rest, uint64_t *out)
{
    unsigned long long n;

    if (!rest->n || !word_to_u64(rest->w, UINT64_MAX, &n))
        return false;
    rest->w++;
    rest->n--;
    *out = n;
    return true;
}

/* One of those up to last. */
static bool next_stream(struct rest *rest, enum muster_stream last,
                        enum muster_stream *out)
{
    static const char *const names[] = {[MUSTER_STDOUT] = "stdout",
                                        [MUSTER_STDERR] = "stderr",
                                        [MUSTER_RESULTS] = "result",
                                        [MUSTER_PROGRESS] = "progress"};
    const char *text = next_text(rest);

    for (unsigned i = 0; text && i <= (unsigned)last; i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = (enum muster_stream)i;
            return true;
        }
    }
    return false;
}

/* All further words as pairs into the parser's attrs. */
static bool rest_pairs(struct reply_parser *p, struct rest *rest, size_t *count)
{
    size_t i, n = rest->n / 2;

    if (rest->n % 2)
        return false;
    if (p->attrs_size < n) {
        p->attrs = xreallocarray(p->attrs, n, sizeof(*p->attrs));
        p->attrs_size = n;
    }
    for (i = 0; i < n; i++) {
        p->attrs[i].name = next_name(rest);
        if (!p->attrs[i].name)
            return false;
        p->attrs[i].value = next_text(rest);
        if (!p->attrs[i].value)
            return false;
    }
    *count = n;
    return true;
}

static bool rest_service(struct reply_parser *p, struct rest *rest,
                         struct reply *r)
{
    r->service.name = next_name(rest);
    if (!r->service.name || !rest_pairs(p, rest, &r->service.attr_count))
        return false;
    r->service.attrs = p->attrs;
    return true;
}

/* `error: 'text'`, on every port. */
static bool is_error(struct rest *rest, struct reply *r)
{
    if (rest->n != 2 || !word_is(&rest->w[0], "error:"))
        return false;
    r->kind = REPLY_ERROR;
    r->text = rest->w[1].text;
    r->text_len = rest->w[1].len;
    return true;
}

void reply_parse_new(struct reply_parser *p, char *line, size_t len,
                     struct reply *r)
{
    struct rest rest;

    if (!split(p, line, len, r, &rest) || is_error(&rest, r))
        return;
    if (rest.n == 2 && word_is(&rest.w[0], "ok")) {
        rest.w++;
        rest.n--;
        r->kind = REPLY_OK;
        if (next_number(&rest, &r->number))
            return;
    }
    bad(r, "no answer of a new port");
}

void reply_parse_find(struct reply_parser *p, char *line, size_t len,
                      struct reply *r)
{
    struct rest rest;

    if (!split(p, line, len, r, &rest) || is_error(&rest, r))
        return;
    if (rest.n == 2 && word_is(&rest.w[0], ".end")) {
        rest.w++;
        rest.n--;
        r->kind = REPLY_END;
        if (next_number(&rest, &r->number))
            return;
    } else if (rest_service(p, &rest, r)) {
        r->kind = REPLY_SERVICE;
        return;
    }
    bad(r, "no answer of a find port");
}

static enum reply_kind event_kind(const struct word *w, bool alone)
{
    if (word_is(w, "READY"))
        return alone ? REPLY_READY : REPLY_BAD;
    if (word_is(w, "!"))
        return alone ? REPLY_MISSED : REPLY_BAD;
    if (word_is(w, "="))
        return alone ? REPLY_SYNCED : REPLY_CHANGE;
    if (alone)
        return REPLY_BAD;
    if (word_is(w, "+"))
        return REPLY_ADD;
    return word_is(w, "-") ? REPLY_GONE : REPLY_BAD;
}

void reply_parse_event(struct reply_parser *p, char *line, size_t len,
                       struct reply *r)
{
    struct rest rest;
    bool alone;

    if (!split(p, line, len, r, &rest) || is_error(&rest, r))
        return;
    alone = rest.n == 2;
    if (rest.n == 1) {
        r->kind = REPLY_VERSION;
        if (word_is(rest.w, "READY") || next_number(&rest, &r->number))
            return;
    } else if (rest.n >= 2) {
        r->kind = event_kind(rest.w, alone);
        rest.w++;
        rest.n--;
        if (r->kind != REPLY_BAD && next_number(&rest, &r->number) &&
            (alone || rest_service(p, &rest, r)))
            return;
    }
    bad(r, "no answer of an event port");
}

/* -- exec ---------------------------------------------------------------- */

static bool exec_name(struct reply_parser *p, struct rest *rest,
                      struct reply *r)
{
    (void)p;
    (void)rest;
    (void)r;
    return true;
}

static bool exec_submit(struct reply_parser *p, struct rest *rest,
                        struct reply *r)
{
    (void)p;
    return next_number(rest, &r->number);
}

/* A text of any bytes. */
static bool exec_result(struct reply_parser *p, struct rest *rest,
                        struct reply *r)
{
    (void)p;
    if (!rest->n)
        return false;
    r->text = rest->w->text;
    r->text_len = rest->w->len;
    rest->w++;
    rest->n--;
    return true;
}

static bool exec_output(struct reply_parser *p, struct rest *rest,
                        struct reply *r)
{
    return next_stream(rest, MUSTER_STDERR, &r->stream) &&
           exec_result(p, rest, r);
}

static bool exec_progress(struct reply_parser *p, struct rest *rest,
                          struct reply *r)
{
    return next_number(rest, &r->number) && r->number <= 100 &&
           exec_result(p, rest, r);
}

static bool exec_cut(struct reply_parser *p, struct rest *rest, struct reply *r)
{
    (void)p;
    return next_stream(rest, MUSTER_PROGRESS, &r->stream) &&
           next_number(rest, &r->number);
}

/* A small number in the text of a value. */
static bool text_number(const char *text, unsigned max, unsigned *out)
{
    struct word w = {.text = (char *)text, .len = (unsigned)strlen(text)};
    unsigned long long n;

    if (!word_to_u64(&w, max, &n))
        return false;
    *out = (unsigned)n;
    return true;
}

/* RC: an exit status, or `-` where there is none. */
static bool next_rc(struct rest *rest, int *rc)
{
    const char *text = next_text(rest);
    unsigned n;

    *rc = -1;
    if (!text || strcmp(text, "-") == 0)
        return text != NULL;
    if (!text_number(text, INT_MAX, &n))
        return false;
    *rc = (int)n;
    return true;
}

/* state and reason out of the pairs, the others stay in the parser. */
static bool exec_exit(struct reply_parser *p, struct rest *rest,
                      struct reply *r)
{
    struct muster_result *res = &r->result;
    size_t i, count, kept = 0;
    unsigned state;
    bool has_state = false;

    if (!next_rc(rest, &res->rc) || !rest_pairs(p, rest, &count))
        return false;
    for (i = 0; i < count; i++) {
        if (strcmp(p->attrs[i].name, "state") == 0) {
            has_state = text_number(p->attrs[i].value, INT_MAX, &state);
            if (!has_state)
                return false;
            res->state = (int)state;
        } else if (strcmp(p->attrs[i].name, "reason") == 0) {
            res->reason = p->attrs[i].value;
        } else {
            p->attrs[kept++] = p->attrs[i];
        }
    }
    if (!res->reason)
        res->reason = res->rc >= 0 ? "exited" : "unknown";
    res->attrs = p->attrs;
    res->attr_count = kept;
    return has_state;
}

static bool exec_done(struct reply_parser *p, struct rest *rest,
                      struct reply *r)
{
    struct muster_summary *s = &r->summary;
    unsigned state = 0;
    const struct {
        const char *name;
        unsigned *to;
    } counts[] = {
        {"state", &state},        {"ok", &s->ok},
        {"skipped", &s->skipped}, {"failed", &s->failed},
        {"changed", &s->changed}, {"unreachable", &s->unreachable},
    };
    size_t i, j;

    if (!rest_pairs(p, rest, &s->attr_count))
        return false;
    s->attrs = p->attrs;
    for (i = 0; i < s->attr_count; i++)
        for (j = 0; j < ARRAY_LEN(counts); j++)
            if (strcmp(s->attrs[i].name, counts[j].name) == 0 &&
                !text_number(s->attrs[i].value, INT_MAX, counts[j].to))
                return false;
    s->state = (int)state;
    return true;
}

/* Which attempt follows, and how the one before ended. */
static bool exec_retry(struct reply_parser *p, struct rest *rest,
                       struct reply *r)
{
    if (!next_number(rest, &r->number) || r->number > UINT_MAX)
        return false;
    if (!rest_pairs(p, rest, &r->result.attr_count))
        return false;
    r->result.attrs = p->attrs;
    return true;
}

static bool exec_held(struct reply_parser *p, struct rest *rest,
                      struct reply *r)
{
    size_t count;

    if (!rest_pairs(p, rest, &count))
        return false;
    for (size_t i = 0; i < count; i++) {
        char *end;

        if (strcmp(p->attrs[i].name, "next") != 0)
            continue;
        r->number = strtoull(p->attrs[i].value, &end, 10);
        if (*end || end == p->attrs[i].value || r->number > INT64_MAX / 1000)
            return false;
    }
    return true;
}

/* What a dispatcher says of a job: WORD NAME, then what take() reads. */
static const struct exec_line {
    const char *word;
    enum reply_kind kind;
    bool (*take)(struct reply_parser *p, struct rest *rest, struct reply *r);
} exec_lines[] = {
    {"out", REPLY_OUT, exec_output},
    {"part", REPLY_PART, exec_output},
    {"ack", REPLY_ACK, exec_name},
    {"exit", REPLY_EXIT, exec_exit},
    {"cut", REPLY_CUT, exec_cut},
    {"submit", REPLY_SUBMIT, exec_submit},
    {"done", REPLY_DONE, exec_done},
    {"result", REPLY_RESULT, exec_result},
    {"result+", REPLY_RESULT_MORE, exec_result},
    {"progress", REPLY_PROGRESS, exec_progress},
    {"merged", REPLY_MERGED, exec_name},
    {"held", REPLY_HELD, exec_held},
    {"retry", REPLY_RETRY, exec_retry},
};

static const struct exec_line *exec_line_find(const struct word *w)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(exec_lines); i++)
        if (word_is(w, exec_lines[i].word))
            return &exec_lines[i];
    return NULL;
}

void reply_parse_exec(struct reply_parser *p, char *line, size_t len,
                      struct reply *r)
{
    const struct exec_line *known;
    struct rest rest;

    if (!split(p, line, len, r, &rest) || is_error(&rest, r))
        return;
    known = rest.n ? exec_line_find(rest.w) : NULL;
    if (known) {
        r->kind = known->kind;
        rest.w++;
        rest.n--;
        r->name = next_name(&rest);
        if (r->name && known->take(p, &rest, r) && !rest.n)
            return;
    }
    bad(r, "no answer of a dispatcher");
}

const struct word *reply_parse_words(struct reply_parser *p, char *line,
                                     size_t len, struct reply *r, size_t *count)
{
    struct rest rest;
    size_t i;

    *count = 0;
    if (!split(p, line, len, r, &rest) || is_error(&rest, r))
        return NULL;
    for (i = 0; i < rest.n; i++) {
        if (memchr(rest.w[i].text, '\0', rest.w[i].len)) {
            bad(r, "a NUL in an answer");
            return NULL;
        }
    }
    r->kind = REPLY_OK;
    *count = rest.n;
    return rest.w;
}

#include "dispatcher/wire_words.h"

#include <limits.h>
#include <string.h>

#include "lib/buf.h"

#define WIRE_SLOTS_MAX    100000
#define WIRE_PROGRESS_MAX 512 /* bytes of the text of a progress */

/* A verb of the worker's: at least and at most so many words, itself too. */
struct wire_verb {
    const char *word;
    int min, max;
    const char *(*call)(const struct wire_handler *h, void *arg, struct word *w,
                        int n);
};

static bool word_is_seq(const struct word *w, uint64_t *seq)
{
    unsigned long long n;

    if (!word_to_u64(w, ULLONG_MAX >> 1, &n))
        return false;
    *seq = n;
    return true;
}

/* Pairs of names and values without NULs, into attrs. */
static const char *words_to_attrs(const struct word *w, int n,
                                  struct attrs *attrs)
{
    if (n % 2)
        return "odd attribute/value pairs";
    for (int i = 0; i < n; i += 2) {
        const char *wrong = attr_name_wrong(w[i].text, w[i].len);

        if (!wrong)
            wrong = attr_value_wrong(w[i + 1].text, w[i + 1].len);
        if (wrong)
            return wrong;
        attrs_set(attrs, w[i].text, w[i + 1].text);
    }
    return NULL;
}

static const char *say_ack(const struct wire_handler *h, void *arg,
                           struct word *w, int n)
{
    (void)n;
    h->ack(arg, w[1].text);
    return NULL;
}

static const char *say_refuse(const struct wire_handler *h, void *arg,
                              struct word *w, int n)
{
    (void)n;
    h->refuse(arg, w[1].text, w[2].text);
    return NULL;
}

static const char *say_output(const struct wire_handler *h, void *arg,
                              struct word *w, int n)
{
    struct wire_output o = {.jid = w[1].text,
                            .whole = word_is(&w[0], "out"),
                            .text = w[4].text,
                            .len = w[4].len};

    (void)n;
    if (!word_is_seq(&w[2], &o.seq))
        return "bad sequence number";
    if (word_is(&w[3], "stderr"))
        o.stream = DISPATCH_STDERR;
    else if (!word_is(&w[3], "stdout"))
        return "bad stream";
    h->output(arg, &o);
    return NULL;
}

static const char *say_result(const struct wire_handler *h, void *arg,
                              struct word *w, int n)
{
    struct wire_output o = {.jid = w[1].text,
                            .whole = word_is(&w[0], "result"),
                            .stream = DISPATCH_RESULTS,
                            .text = w[3].text,
                            .len = w[3].len};

    (void)n;
    if (!word_is_seq(&w[2], &o.seq))
        return "bad sequence number";
    h->output(arg, &o);
    return NULL;
}

static const char *say_progress(const struct wire_handler *h, void *arg,
                                struct word *w, int n)
{
    struct wire_output o = {
        .jid = w[1].text, .whole = true, .stream = DISPATCH_PROGRESSES};
    size_t len = w[4].len < WIRE_PROGRESS_MAX ? w[4].len : WIRE_PROGRESS_MAX;
    unsigned long long percent;
    struct buf text = BUF_INIT;

    (void)n;
    if (!word_is_seq(&w[2], &o.seq))
        return "bad sequence number";
    if (!word_to_u64(&w[3], 100, &percent))
        return "bad percentage";
    buf_add_u64(&text, percent);
    buf_add_char(&text, ' ');
    buf_add(&text, w[4].text, len);
    o.len = buf_len(&text);
    o.text = buf_str(&text);
    h->output(arg, &o);
    buf_free(&text);
    return NULL;
}

static const char *say_exit(const struct wire_handler *h, void *arg,
                            struct word *w, int n)
{
    struct attrs attrs = {0};
    struct wire_exit e = {.jid = w[1].text, .rc = w[3].text, .attrs = &attrs};
    unsigned long long rc, state;
    const char *wrong;

    if (!word_is_seq(&w[2], &e.seq))
        return "bad sequence number";
    if (!word_is(&w[3], "-") && !word_to_u64(&w[3], 255, &rc))
        return "bad exit status";
    if (!word_is(&w[4], "state") || !word_to_u64(&w[5], 4, &state))
        return "bad state";
    e.state = (unsigned)state;
    wrong = words_to_attrs(w + 6, n - 6, &attrs);
    if (!wrong)
        h->exit(arg, &e);
    attrs_free(&attrs);
    return wrong;
}

static const char *say_have(const struct wire_handler *h, void *arg,
                            struct word *w, int n)
{
    uint64_t seq;

    (void)n;
    if (!word_is_seq(&w[2], &seq))
        return "bad sequence number";
    h->have(arg, w[1].text, seq, !word_is(&w[3], "running"));
    return NULL;
}

static const char *say_end(const struct wire_handler *h, void *arg,
                           struct word *w, int n)
{
    (void)w;
    (void)n;
    h->list_end(arg);
    return NULL;
}

static const char *say_load(const struct wire_handler *h, void *arg,
                            struct word *w, int n)
{
    if (n % 2 == 0)
        return "odd attribute/value pairs";
    for (int i = 1; i < n; i += 2)
        h->load(arg, w[i].text, w[i + 1].text);
    h->load_end(arg);
    return NULL;
}

/* drain ok, drain failed WHY */
static const char *say_drain(const struct wire_handler *h, void *arg,
                             struct word *w, int n)
{
    if (n == 2 && word_is(&w[1], "ok"))
        h->drained(arg, NULL);
    else if (n == 3 && word_is(&w[1], "failed"))
        h->drained(arg, w[2].text);
    else
        return "neither ok nor failed";
    return NULL;
}

/* About something that it was told and does not hold with: no harm done. */
static const char *say_error(const struct wire_handler *h, void *arg,
                             struct word *w, int n)
{
    (void)n;
    h->complaint(arg, w[1].text);
    return NULL;
}

static const struct wire_verb verbs[] = {
    {"ack", 2, 2, say_ack},
    {"refuse", 3, WIRE_WORDS_MAX, say_refuse},
    {"out", 5, 5, say_output},
    {"part", 5, 5, say_output},
    {"result", 4, 4, say_result},
    {"result+", 4, 4, say_result},
    {"progress", 5, 5, say_progress},
    {"exit", 6, WIRE_WORDS_MAX, say_exit},
    {"have", 4, 6, say_have},
    {".end", 1, 1, say_end},
    {"load", 1, WIRE_WORDS_MAX, say_load},
    {"drain", 2, 3, say_drain},
    {"error:", 2, 2, say_error},
};

const char *wire_dispatch_words(const struct wire_handler *h, void *arg,
                                struct word *w, int n)
{
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        const struct wire_verb *v = &verbs[i];

        if (!word_is(&w[0], v->word))
            continue;
        if (n < v->min || n > v->max)
            return "wrong number of words";
        return v->call(h, arg, w, n);
    }
    return "unknown word";
}

const char *wire_parse_hello(struct word *w, int n, struct wire_hello *hello)
{
    unsigned long long slots = 1;

    if (word_is(&w[0], "error:") && n == 2)
        return w[1].text;
    if (n < 3 || n % 2 == 0 || !word_is(&w[0], "hello"))
        return "no greeting";
    *hello = (struct wire_hello){.host = w[1].text, .instance = w[2].text};
    for (int i = 3; i < n; i += 2) {
        if (word_is(&w[i], "slots") &&
            !word_to_u64(&w[i + 1], WIRE_SLOTS_MAX, &slots))
            return "bad number of slots";
        if (word_is(&w[i], "ops"))
            hello->ops = w[i + 1].text;
    }
    hello->slots = (unsigned)slots;
    if (!*hello->host || !*hello->instance)
        return "no greeting";
    return NULL;
}

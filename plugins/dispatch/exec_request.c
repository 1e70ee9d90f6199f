#include "plugins/dispatch/exec_request.h"

#include <stdlib.h>
#include <string.h>

#include "dispatcher/spec.h"
#include "dispatcher/spec_values.h"
#include "lib/argument.h"
#include "lib/attrs.h"
#include "lib/body.h"

#define ON_RUN   (1u << EXEC_RUN)
#define ON_JOBS  (1u << EXEC_JOBS)
#define ON_RERUN (1u << EXEC_RERUN)
#define ON_ALL   (~0u)

#define DRAIN_MAX (3650ULL * 86400 * 1000) /* ms */

static const struct exec_command commands[] = {
    {"jobs", EXEC_JOBS, false, 1, "jobs [SELECTOR]"},
    {"job", EXEC_JOB, true, 2, "job JID"},
    {"follow", EXEC_FOLLOW, true, 2, "follow JID"},
    {"cancel", EXEC_CANCEL, true, 2, "cancel JID"},
    {"delete", EXEC_DELETE, true, 2, "delete JID"},
    {"why", EXEC_WHY, true, 2, "why JID [HOST]"},
    {"rerun", EXEC_RERUN, true, 2, "rerun JID"},
    {"pause", EXEC_PAUSE, false, 1, "pause [JID]"},
    {"resume", EXEC_RESUME, false, 1, "resume [JID]"},
    {"drain", EXEC_DRAIN, false, 3, "drain HOST REASON [SECONDS]"},
    {"undrain", EXEC_UNDRAIN, false, 2, "undrain HOST"},
    {"plan", EXEC_PLAN, false, 2,
     "plan OP [arg value]... [.directive value]..."},
    {"explain", EXEC_EXPLAIN, false, 3, "explain HOST SELECTOR"},
    {NULL, EXEC_RUN, false, 1, "OP [arg value]... [.directive value]..."},
};

/* -- directives ------------------------------------------------------------ */

/* What is the face's own; those of the job are in dispatcher/spec.c. */
struct directive {
    const char *name;
    unsigned verbs; /* where it may stand */
    size_t at;      /* of its flag or text, in struct exec_request */
    bool text;
};

#define AT(field) offsetof(struct exec_request, field)

static const struct directive directives[] = {
    {".keep", ON_ALL, AT(keep), false},
    {".detach", ON_RUN | ON_RERUN, AT(detach), false},
    {".where", ON_RERUN, AT(where), true},
};

static const struct directive *directive_find(const struct exec_request *q,
                                              const struct word *w)
{
    for (size_t i = 0; i < ARRAY_LEN(directives); i++) {
        if (word_is(w, directives[i].name) &&
            (directives[i].verbs & (1u << q->verb)))
            return &directives[i];
    }
    return NULL;
}

/* seen: a bit for each row that stood before. */
static char *directive_set(struct exec_request *q, const struct directive *dir,
                           const struct word *value, unsigned *seen)
{
    unsigned bit = 1u << (dir - directives);
    unsigned long long n;

    if (*seen & bit)
        return xasprintf("directive %s stands twice", dir->name);
    *seen |= bit;
    if (dir->text) {
        *(const char **)(void *)((char *)q + dir->at) = value->text;
        return NULL;
    }
    if (!word_to_u64(value, 1, &n))
        return xasprintf("%s takes 0 or 1", dir->name);
    *(bool *)(void *)((char *)q + dir->at) = n == 1;
    return NULL;
}

static char *directive_take(struct exec_request *q, const struct word *name,
                            const struct word *value, unsigned *seen)
{
    const struct directive *dir = directive_find(q, name);

    if (dir)
        return directive_set(q, dir, value, seen);
    if (word_is(name, ".token"))
        return xstrdup("directive .token is not supported");
    if (body_is_name(name->text))
        return xstrdup("directive .body N stands at the end of its line");
    if (!exec_request_has_spec(q) || strlen(name->text) != name->len)
        return xasprintf("unknown directive %s", name->text);
    return spec_set(&q->spec, name->text, value->text, value->len);
}

/* -- pairs ----------------------------------------------------------------- */

/* Values are the operation's to judge. */
static char *take_argument(struct exec_request *q, struct word *name,
                           struct word *value)
{
    const char *wrong = argument_decode(name, value);

    if (!wrong)
        wrong = attr_name_wrong(name->text, name->len);
    if (wrong)
        return xstrdup(wrong);
    dispatch_spec_add_arg(&q->spec, name->text, value->text, value->len);
    return NULL;
}

static char *take_pair(struct exec_request *q, struct word *name,
                       struct word *value, unsigned *seen)
{
    bool term = q->verb == EXEC_JOBS && word_is(name, ".name");

    if (name->len && name->text[0] == '.' && !term)
        return directive_take(q, name, value, seen);
    if (q->verb == EXEC_JOBS)
        return selector_add_pair(&q->selector, name, value);
    if (exec_request_has_spec(q))
        return take_argument(q, name, value);
    return xasprintf("no argument %s here", name->text);
}

static char *take_pairs(struct exec_request *q, struct word *w, int n)
{
    unsigned seen = 0;
    char *wrong = NULL;

    if (n % 2)
        return xstrdup("odd attribute/value pairs");
    for (int i = 0; i < n && !wrong; i += 2)
        wrong = take_pair(q, &w[i], &w[i + 1], &seen);
    return wrong;
}

/* -- requests -------------------------------------------------------------- */

static const struct exec_command *command_find(const struct word *w)
{
    const struct exec_command *c = commands;

    while (c->word && !word_is(w, c->word))
        c++;
    return c;
}

/* A selector over jobs may stand in pairs, or as one text: then the number of
 * words is odd. */
static char *take_selector(struct exec_request *q, const struct word *w)
{
    return selector_parse_text(&q->selector, w->text, w->len);
}

bool exec_request_has_spec(const struct exec_request *q)
{
    return q->verb == EXEC_RUN || q->verb == EXEC_PLAN;
}

static char *take_drain(struct exec_request *q, const struct word *words, int n,
                        int *used)
{
    q->host = words[1].text;
    q->reason = words[2].text;
    *used = 3;
    if (!words[2].len || attr_value_wrong(words[2].text, words[2].len))
        return xstrdup("drain takes a reason, which is not empty");
    if (n % 2 == 0 &&
        (!spec_parse_duration(&words[(*used)++], DRAIN_MAX, &q->ms) || !q->ms))
        return xstrdup("drain takes a time, as 600, 10m or 2h");
    return NULL;
}

/* The operation is the first word, or stands behind plan. */
static char *take_op(struct exec_request *q, const struct word *words,
                     int *used)
{
    const struct word *op = &words[q->verb == EXEC_PLAN ? (*used)++ : 0];

    return spec_set_op(&q->spec, op->text, op->len);
}

/* Those before the pairs that are this request's own. */
static char *take_words(struct exec_request *q, const struct word *words, int n,
                        int *used)
{
    bool odd = (n - *used) % 2;

    switch (q->verb) {
    case EXEC_WHY:
        if (odd)
            q->host = words[(*used)++].text;
        return NULL;
    case EXEC_PAUSE:
    case EXEC_RESUME:
        if (odd)
            q->jid = words[(*used)++].text;
        return NULL;
    case EXEC_EXPLAIN:
        q->host = words[(*used)++].text;
        q->on = words[(*used)++].text;
        return NULL;
    case EXEC_RUN:
    case EXEC_PLAN: return take_op(q, words, used);
    case EXEC_JOBS: return odd ? take_selector(q, &words[(*used)++]) : NULL;
    case EXEC_UNDRAIN: q->host = words[(*used)++].text; return NULL;
    case EXEC_DRAIN: return take_drain(q, words, n, used);
    default: return NULL;
    }
}

char *exec_request_parse(struct exec_request *q, struct word *words, int n)
{
    const struct exec_command *c;
    char *wrong;
    int used = 1;

    memset(q, 0, sizeof(*q));
    if (n < 1)
        return xstrdup("empty request");
    c = command_find(&words[0]);
    q->verb = c->verb;
    if (n < c->words)
        return xasprintf("usage: %s", c->usage);
    if (c->takes_jid)
        q->jid = words[used++].text;
    wrong = take_words(q, words, n, &used);
    return wrong ? wrong : take_pairs(q, words + used, n - used);
}

bool exec_request_is_of_all(const struct exec_request *q)
{
    if (q->verb == EXEC_PAUSE || q->verb == EXEC_RESUME)
        return !q->jid;
    return q->verb == EXEC_DRAIN || q->verb == EXEC_UNDRAIN;
}

char *exec_request_body(struct exec_request *q, const char *bytes, size_t len)
{
    if (!exec_request_has_spec(q))
        return xstrdup("no body here");
    dispatch_spec_add_arg(&q->spec, "stdin", bytes, len);
    return NULL;
}

void exec_request_free(struct exec_request *q)
{
    selector_free(&q->selector);
    dispatch_spec_free(&q->spec);
}

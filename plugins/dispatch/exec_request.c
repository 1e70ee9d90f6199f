#include "plugins/dispatch/exec_request.h"

#include <stdlib.h>
#include <string.h>

#include "dispatcher/spec.h"
#include "lib/argument.h"
#include "lib/attrs.h"
#include "lib/body.h"

#define ON_RUN  (1u << EXEC_RUN)
#define ON_JOBS (1u << EXEC_JOBS)
#define ON_ALL  (~0u)

static const struct exec_command commands[] = {
    {"jobs", EXEC_JOBS, false, "jobs [SELECTOR]"},
    {"job", EXEC_JOB, true, "job JID"},
    {"follow", EXEC_FOLLOW, true, "follow JID"},
    {"cancel", EXEC_CANCEL, true, "cancel JID"},
    {"delete", EXEC_DELETE, true, "delete JID"},
    {"why", EXEC_WHY, true, "why JID [HOST]"},
    {"plan", EXEC_PLAN, false, "plan OP [arg value]... [.directive value]..."},
    {"explain", EXEC_EXPLAIN, false, "explain HOST SELECTOR"},
    {NULL, EXEC_RUN, false, "OP [arg value]... [.directive value]..."},
};

/* -- directives ------------------------------------------------------------ */

/* What is the face's own; those of the job are in dispatcher/spec.c. */
struct directive {
    const char *name;
    unsigned verbs; /* where it may stand */
    size_t at;      /* of its flag, in struct exec_request */
};

#define AT(field) offsetof(struct exec_request, field)

static const struct directive directives[] = {
    {".keep", ON_ALL, AT(keep)},
    {".detach", ON_RUN, AT(detach)},
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

/* The words that a request by itself has before its pairs; moves *used. */
static char *take_first(struct exec_request *q, const struct exec_command *c,
                        const struct word *w, int n, int *used)
{
    int need = c->verb == EXEC_EXPLAIN                ? 3
               : c->takes_jid || c->verb == EXEC_PLAN ? 2
                                                      : 1;

    if (n < need)
        return xasprintf("usage: %s", c->usage);
    *used = need;
    if (c->takes_jid)
        q->jid = w[1].text;
    if (c->verb == EXEC_WHY && (n - *used) % 2)
        q->host = w[(*used)++].text;
    if (c->verb == EXEC_EXPLAIN) {
        q->host = w[1].text;
        q->on = w[2].text;
    }
    if (exec_request_has_spec(q))
        return spec_set_op(&q->spec, w[need - 1].text, w[need - 1].len);
    if (c->verb == EXEC_JOBS && n % 2 == 0)
        return take_selector(q, &w[(*used)++]);
    return NULL;
}

char *exec_request_parse(struct exec_request *q, struct word *words, int n)
{
    const struct exec_command *c;
    char *wrong;
    int used;

    memset(q, 0, sizeof(*q));
    if (n < 1)
        return xstrdup("empty request");
    c = command_find(&words[0]);
    q->verb = c->verb;
    wrong = take_first(q, c, words, n, &used);
    return wrong ? wrong : take_pairs(q, words + used, n - used);
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

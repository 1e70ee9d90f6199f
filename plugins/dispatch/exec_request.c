#include "plugins/dispatch/exec_request.h"

#include <stdlib.h>
#include <string.h>

#include "lib/attrs.h"
#include "plugins/dispatch/exec_values.h"

#define ON_RUN    (1u << EXEC_RUN)
#define ON_JOBS   (1u << EXEC_JOBS)
#define ON_ALL    (~0u)
#define OP_MAX    64                      /* bytes of an operation's name */
#define TIME_MAX  (3650LL * 86400 * 1000) /* ms of any duration */
#define COUNT_MAX 1000000                 /* hosts in any number of them */

static const struct exec_command commands[] = {
    {"jobs", EXEC_JOBS, false, "jobs [SELECTOR]"},
    {"job", EXEC_JOB, true, "job JID"},
    {"follow", EXEC_FOLLOW, true, "follow JID"},
    {"cancel", EXEC_CANCEL, true, "cancel JID"},
    {"delete", EXEC_DELETE, true, "delete JID"},
    {NULL, EXEC_RUN, false, "OP [arg value]... [.directive value]..."},
};

/* -- directives ------------------------------------------------------------ */

enum directive_type {
    DIR_FLAG,     /* 0 or 1 */
    DIR_DURATION, /* seconds, or with a unit; in ms */
    DIR_COUNT,
    DIR_AMOUNT, /* N or N% */
    DIR_TEXT,
    DIR_LIST, /* a,b,c */
    DIR_PER,  /* ATTR=N */
    DIR_LOST,
    DIR_LATER /* of a later version */
};

struct directive {
    const char *name;
    enum directive_type type;
    unsigned verbs;     /* where it may stand */
    long long min, max; /* of its number */
    size_t at;          /* in struct exec_request */
};

#define AT(field) offsetof(struct exec_request, field)

static const struct directive directives[] = {
    {".keep", DIR_FLAG, ON_ALL, 0, 1, AT(keep)},
    {".detach", DIR_FLAG, ON_RUN, 0, 1, AT(detach)},
    {".on", DIR_TEXT, ON_RUN, 0, 0, AT(spec.on)},
    {".hosts", DIR_LIST, ON_RUN, 0, 0, AT(spec.hosts)},
    {".any", DIR_FLAG, ON_RUN, 0, 1, AT(spec.any)},
    {".wait", DIR_DURATION, ON_RUN, 0, TIME_MAX, AT(spec.wait_ms)},
    {".timeout", DIR_DURATION, ON_RUN, 0, TIME_MAX, AT(spec.timeout_ms)},
    {".idle", DIR_DURATION, ON_RUN, 0, TIME_MAX, AT(spec.idle_ms)},
    {".parallel", DIR_AMOUNT, ON_RUN, 1, COUNT_MAX, AT(spec.parallel)},
    {".fail", DIR_AMOUNT, ON_RUN, 0, COUNT_MAX, AT(spec.fail)},
    {".min", DIR_COUNT, ON_RUN, 1, COUNT_MAX, AT(spec.min)},
    {".expect", DIR_COUNT, ON_RUN, 1, COUNT_MAX, AT(spec.expect)},
    {".per", DIR_PER, ON_RUN, 1, COUNT_MAX, 0},
    {".lost", DIR_LOST, ON_RUN, 0, 0, AT(spec.lost)},
    {".at", DIR_LATER, ON_RUN, 0, 0, 0},
    {".every", DIR_LATER, ON_RUN, 0, 0, 0},
    {".priority", DIR_LATER, ON_RUN, 0, 0, 0},
    {".retry", DIR_LATER, ON_RUN, 0, 0, 0},
    {".key", DIR_LATER, ON_RUN, 0, 0, 0},
    {".token", DIR_LATER, ON_ALL, 0, 0, 0},
};

/* Where the directive's value goes, as that type. */
#define SLOT(q, dir, type) ((type *)(void *)((char *)(q) + (dir)->at))

static const char *set_flag(struct exec_request *q, const struct directive *dir,
                            const struct word *w)
{
    unsigned long long n;

    if (!word_to_u64(w, 1, &n))
        return "0 or 1";
    *SLOT(q, dir, bool) = n == 1;
    return NULL;
}

static const char *set_duration(struct exec_request *q,
                                const struct directive *dir,
                                const struct word *w)
{
    uint64_t ms;

    if (!exec_parse_duration(w, (uint64_t)dir->max, &ms))
        return "a number of seconds, or 500ms 30s 5m 1h 2d";
    *SLOT(q, dir, uint64_t) = ms;
    if (dir->at == AT(spec.wait_ms))
        q->spec.has_wait = ms > 0;
    return NULL;
}

static const char *set_count(struct exec_request *q,
                             const struct directive *dir, const struct word *w)
{
    unsigned long long n;

    if (!word_to_u64(w, (unsigned long long)dir->max, &n) ||
        n < (unsigned long long)dir->min)
        return "a number of hosts, from 1";
    *SLOT(q, dir, unsigned) = (unsigned)n;
    return NULL;
}

static const char *set_amount(struct exec_request *q,
                              const struct directive *dir, struct word *w)
{
    if (!exec_parse_amount(w, dir->min, dir->max,
                           SLOT(q, dir, struct dispatch_amount)))
        return dir->min ? "a number of hosts from 1, or 1% to 100%"
                        : "a number of hosts, or 0% to 100%";
    return NULL;
}

static const char *set_text(struct exec_request *q, const struct directive *dir,
                            const struct word *w)
{
    *SLOT(q, dir, char *) = xmemdup0(w->text, w->len);
    return NULL;
}

static const char *set_lost(struct exec_request *q, const struct word *w)
{
    static const char *const words[] = {[DISPATCH_LOST_FAIL] = "fail",
                                        [DISPATCH_LOST_WAIT] = "wait",
                                        [DISPATCH_LOST_RERUN] = "rerun"};

    for (unsigned i = 0; i < ARRAY_LEN(words); i++) {
        if (!word_is(w, words[i]))
            continue;
        q->spec.lost = (enum dispatch_lost)i;
        return NULL;
    }
    return "wait, fail or rerun";
}

/* What the value should have been, or NULL. */
static const char *directive_set(struct exec_request *q,
                                 const struct directive *dir, struct word *w)
{
    switch (dir->type) {
    case DIR_FLAG: return set_flag(q, dir, w);
    case DIR_DURATION: return set_duration(q, dir, w);
    case DIR_COUNT: return set_count(q, dir, w);
    case DIR_AMOUNT: return set_amount(q, dir, w);
    case DIR_TEXT: return set_text(q, dir, w);
    case DIR_LIST:
        return exec_parse_list(w, &q->spec.hosts, &q->spec.n_hosts)
                   ? NULL
                   : "names with commas between them, each once";
    case DIR_PER:
        return exec_parse_per(w, (unsigned)dir->max, &q->spec.per_attr,
                              &q->spec.per_n)
                   ? NULL
                   : "ATTRIBUTE=N, N from 1";
    case DIR_LOST: return set_lost(q, w);
    case DIR_LATER: break;
    }
    return "something else";
}

static const struct directive *directive_find(const struct word *w)
{
    for (size_t i = 0; i < ARRAY_LEN(directives); i++) {
        if (word_is(w, directives[i].name))
            return &directives[i];
    }
    return NULL;
}

/* seen: a bit for each row that stood before. */
static char *directive_take(struct exec_request *q, struct word *name,
                            struct word *value, unsigned *seen)
{
    const struct directive *dir = directive_find(name);
    const char *should;
    unsigned bit;

    if (!dir || !(dir->verbs & (1u << q->verb)))
        return xasprintf("unknown directive %s", name->text);
    if (dir->type == DIR_LATER)
        return xasprintf("directive %s is not supported", dir->name);
    bit = 1u << (dir - directives);
    if (*seen & bit)
        return xasprintf("directive %s stands twice", dir->name);
    *seen |= bit;
    if (attr_value_wrong(value->text, value->len))
        return xasprintf("%s: %s", dir->name,
                         attr_value_wrong(value->text, value->len));
    should = directive_set(q, dir, value);
    return should ? xasprintf("%s takes %s", dir->name, should) : NULL;
}

/* -- pairs ----------------------------------------------------------------- */

/* Values are the operation's to judge. */
static char *take_argument(struct exec_request *q, const struct word *name,
                           const struct word *value)
{
    const char *wrong = attr_name_wrong(name->text, name->len);

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
    if (q->verb == EXEC_RUN)
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

static char *take_op(struct exec_request *q, const struct word *w)
{
    if (attr_name_wrong(w->text, w->len) || w->len > OP_MAX)
        return xasprintf("bad operation");
    q->spec.op = xmemdup0(w->text, w->len);
    return NULL;
}

/* A selector over jobs may stand in pairs, or as one text: then the number of
 * words is odd. */
static char *take_selector(struct exec_request *q, const struct word *w)
{
    return selector_parse_text(&q->selector, w->text, w->len);
}

char *exec_request_parse(struct exec_request *q, struct word *words, int n)
{
    const struct exec_command *c;
    char *wrong = NULL;
    int used = 1;

    memset(q, 0, sizeof(*q));
    if (n < 1)
        return xstrdup("empty request");
    c = command_find(&words[0]);
    q->verb = c->verb;
    if (c->takes_jid && n < 2)
        return xasprintf("usage: %s", c->usage);
    if (c->takes_jid)
        q->jid = words[used++].text;
    if (c->verb == EXEC_RUN)
        wrong = take_op(q, &words[0]);
    else if (c->verb == EXEC_JOBS && n % 2 == 0)
        wrong = take_selector(q, &words[used++]);
    return wrong ? wrong : take_pairs(q, words + used, n - used);
}

void exec_request_free(struct exec_request *q)
{
    selector_free(&q->selector);
    dispatch_spec_free(&q->spec);
}

#include "worker/op.h"

#include <stdlib.h>
#include <string.h>

#include "lib/conf.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/selector.h"
#include "worker/action.h"
#include "worker/execute.h"
#include "worker/fronts.h"
#include "worker/plugins.h"

static struct job *ping_run(struct jobs *js, const char *jid,
                            const struct op_request *r, char **why)
{
    (void)r;
    (void)why;
    return job_done(js, jid);
}

static const struct op_arg execute_args[] = {
    {.name = "cmd"},
    {.name = "argv"},
    {.name = "stdin", .repeated = true, .bytes = true},
    {.name = "user"},
    {.name = "cwd"},
    {.name = "env"},
};

static const struct op ops[] = {
    {.name = "execute",
     .slot = true,
     .args = execute_args,
     .arg_count = ARRAY_LEN(execute_args),
     .run = execute_run},
    {.name = "ping", .run = ping_run},
};

/* -- which ----------------------------------------------------------------- */

static bool is_listed(const char *const *list, size_t count, const char *name)
{
    size_t i;

    for (i = 0; i < count; i++)
        if (strcmp(list[i], name) == 0)
            return true;
    return false;
}

bool op_is_allowed(const struct op_rules *rules, const char *name)
{
    size_t i;

    for (i = 0; i < rules->op_count; i++)
        if (rules->ops[i][0] == '!' && strcmp(rules->ops[i] + 1, name) == 0)
            return false;
    return is_listed(rules->ops, rules->op_count, "all") ||
           is_listed(rules->ops, rules->op_count, name);
}

bool op_is_builtin(const char *name)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(ops); i++)
        if (strcmp(ops[i].name, name) == 0)
            return true;
    return false;
}

static void list_add(const struct op_rules *rules, const struct op *op,
                     struct buf *out)
{
    if (!op_is_allowed(rules, op->name))
        return;
    if (buf_len(out))
        buf_add_char(out, ',');
    buf_add_str(out, op->name);
}

/* An action stands before a plugin of its name. */
static bool action_has(const struct op_rules *rules, const char *name)
{
    struct word w = {.text = (char *)(uintptr_t)name,
                     .len = (unsigned)strlen(name)};

    return actions_find(rules->actions, &w);
}

void op_list(const struct op_rules *rules, struct buf *out)
{
    const struct plugin *g;
    const struct op *op;
    size_t i;

    for (i = 0; rules->front && (op = fronts_op(rules->fronts, i)); i++)
        list_add(rules, op, out);
    if (rules->front)
        return;
    for (i = 0; i < ARRAY_LEN(ops); i++)
        list_add(rules, &ops[i], out);
    for (i = 0; (op = actions_at(rules->actions, i)); i++)
        list_add(rules, op, out);
    for (i = 0; (g = plugins_at(rules->plugins, i)); i++)
        if (!action_has(rules, g->op.name))
            list_add(rules, &g->op, out);
}

static const struct op *own_find(const struct op_rules *rules,
                                 const struct word *name)
{
    const struct op *op = actions_find(rules->actions, name);
    size_t i;

    if (!op)
        op = plugins_find(rules->plugins, name);
    for (i = 0; i < ARRAY_LEN(ops); i++)
        if (word_is(name, ops[i].name))
            op = &ops[i];
    return op;
}

static const struct op *op_find(const struct op_rules *rules,
                                const struct word *name)
{
    const struct op *op =
        rules->front ? fronts_find(rules->fronts, name) : own_find(rules, name);

    return op && op_is_allowed(rules, op->name) ? op : NULL;
}

/* -- its arguments --------------------------------------------------------- */

static const struct op_arg *arg_find(const struct op *op,
                                     const struct word *name)
{
    for (size_t i = 0; i < op->arg_count; i++)
        if (word_is(name, op->args[i].name))
            return &op->args[i];
    return NULL;
}

/* A time in seconds, "30" or "0.5", or with a unit as settings have it. */
static bool duration_read(const struct word *value, uint64_t *out)
{
    double seconds;
    int64_t ms;

    if (memchr(value->text, '\0', value->len) || !value->len)
        return false;
    if (conf_parse_duration(value->text, &ms) && ms >= 0) {
        *out = (uint64_t)ms;
        return true;
    }
    if (value->text[value->len - 1] > '9' ||
        !selector_number(value->text, value->len, &seconds) ||
        !(seconds >= 0 && seconds < 1e10))
        return false;
    *out = (uint64_t)(seconds * 1000);
    return true;
}

static char *fence_take(struct op_request *r, const struct word *value)
{
    unsigned long long n;

    if (!word_to_u64(value, UINT64_MAX, &n) || !n)
        return xstrdup(".fence takes a number from 1");
    r->fence = n;
    return NULL;
}

/* .timeout S, .idle S and .fence N */
static char *directive_take(struct op_request *r, const struct word *name,
                            const struct word *value)
{
    uint64_t *into = word_is(name, ".timeout") ? &r->timeout_ms
                     : word_is(name, ".idle")  ? &r->idle_ms
                                               : NULL;

    if (word_is(name, ".fence"))
        return fence_take(r, value);
    if (word_is(name, ".secret"))
        return NULL; /* secrets.c has taken it */
    if (!into && word_is(name, ".token"))
        return xasprintf("directive %s is not supported", name->text);
    if (!into)
        return xasprintf("unknown directive %s", name->text);
    if (!duration_read(value, into))
        return xasprintf("%s takes a time in seconds", name->text);
    return NULL;
}

static char *arg_take(const struct op *op, struct op_request *r,
                      struct word *name, struct word *value)
{
    const struct op_arg *a = arg_find(op, name);

    if (secrets_has(&r->secrets, name))
        return op->slot ? NULL : xasprintf("%s takes no secrets", op->name);
    if (!a)
        return xasprintf("%s takes no argument %s", op->name, name->text);
    if (!a->bytes && memchr(value->text, '\0', value->len))
        return xasprintf("NUL in argument %s", a->name);
    if (!a->repeated && op_request_get(r, a->name))
        return xasprintf("argument %s twice", a->name);
    r->names[r->count] = a->name;
    r->values[r->count++] = value;
    return NULL;
}

static char *args_take(const struct op *op, struct op_request *r,
                       struct word *words, int count)
{
    const struct op_arg *a;
    char *wrong = NULL;
    int i;

    if (count % 2)
        return xstrdup("odd attribute/value pairs");
    wrong = secrets_take(&r->secrets,
                         &(struct args){.words = words, .count = count});
    for (i = 0; i < count && !wrong; i += 2)
        wrong = words[i].text[0] == '.'
                    ? directive_take(r, &words[i], &words[i + 1])
                    : arg_take(op, r, &words[i], &words[i + 1]);
    for (size_t k = 0; k < op->arg_count && !wrong; k++) {
        a = &op->args[k];
        if (a->required && !op_request_get(r, a->name))
            wrong = xasprintf("%s needs an argument %s", op->name, a->name);
    }
    return wrong;
}

/* -- running --------------------------------------------------------------- */

static struct job *op_start(struct jobs *js, const struct op *op,
                            const char *jid, struct op_request *r,
                            struct word *words, int count, char **why)
{
    *why = args_take(op, r, words, count);
    if (*why)
        return NULL;
    if (op->slot && js->active >= js->limits.slots) {
        *why = xstrdup("no free slot");
        return NULL;
    }
    if (op->mutex && job_op_is_active(js, op->name)) {
        *why = xasprintf("no free slot: %s is running", op->name);
        return NULL;
    }
    log_id_info(jid, "%s", op->name);
    return op->run(js, jid, r, why);
}

struct job *op_run(struct jobs *js, const struct op_rules *rules,
                   const char *jid, struct word *words, int count, char **why)
{
    const struct op *op = op_find(rules, &words[0]);
    struct op_request r = {.rules = rules, .op = op, .host = rules->front};
    struct job *j;

    if (!op) {
        *why = xasprintf("no operation %s", words[0].text);
        return NULL;
    }
    r.names = xcalloc((size_t)count, sizeof(*r.names));
    r.values = xcalloc((size_t)count, sizeof(*r.values));
    j = op_start(js, op, jid, &r, words + 1, count - 1, why);
    free(r.names);
    free(r.values);
    secrets_wipe(&r.secrets);
    return j;
}

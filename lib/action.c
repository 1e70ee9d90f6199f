#include "lib/action.h"

#include <stdlib.h>
#include <string.h>

#include "lib/action_hole.h"
#include "lib/attrs.h"
#include "lib/conf_errors.h"
#include "lib/conf_yaml.h"

/* -- lists and texts ------------------------------------------------------- */

static char *take_text(char **out, const struct conf_node *n)
{
    if (n->kind != CONF_NODE_SCALAR || !*n->text)
        return xasprintf("%.60s takes one text", n->key);
    *out = xstrdup(n->text);
    return NULL;
}

static char *take_texts(char ***out, size_t *count,
                        const struct conf_node *list)
{
    const struct conf_node *n;

    if (list->kind != CONF_NODE_LIST)
        return xasprintf("%.60s takes a list of texts: [a, b]", list->key);
    *out = xcalloc(ACTION_WORDS_MAX + 1, sizeof(**out));
    for (n = list->first; n; n = n->next) {
        if (n->kind != CONF_NODE_SCALAR)
            return xasprintf("%.60s: an item is one text", list->key);
        if (*count == ACTION_WORDS_MAX)
            return xasprintf("%.60s: more than %d items", list->key,
                             ACTION_WORDS_MAX);
        (*out)[(*count)++] = xstrdup(n->text);
    }
    return NULL;
}

/* -- its fields ------------------------------------------------------------ */

static char *take_argv(struct action *a, const struct conf_node *n)
{
    size_t count = 0;
    char *wrong = take_texts(&a->argv, &count, n);

    if (!wrong && (!count || !*a->argv[0]))
        return xstrdup("argv names no program");
    return wrong;
}

static char *take_env(struct action *a, const struct conf_node *map)
{
    const struct conf_node *n;
    size_t count = 0;

    if (map->kind != CONF_NODE_MAP)
        return xstrdup("env takes a map: {NAME: VALUE}");
    a->env = xcalloc(ACTION_WORDS_MAX + 1, sizeof(*a->env));
    for (n = map->first; n; n = n->next) {
        if (n->kind != CONF_NODE_SCALAR || strpbrk(n->key, "={}"))
            return xasprintf("env: %.60s is no NAME: VALUE", n->key);
        if (strncmp(n->key, "MUSTER_", 7) == 0)
            return xstrdup("env: MUSTER_ variables are the worker's own");
        if (count == ACTION_WORDS_MAX)
            return xasprintf("env: more than %d variables", ACTION_WORDS_MAX);
        a->env[count++] = xasprintf("%s=%s", n->key, n->text);
    }
    return NULL;
}

static char *take_args(struct action *a, const struct conf_node *map)
{
    const struct conf_node *n;
    char *wrong;

    if (map->kind != CONF_NODE_MAP)
        return xstrdup("args takes a map: {ARGUMENT: TYPE}");
    for (n = map->first; n; n = n->next) {
        if (n->kind != CONF_NODE_SCALAR ||
            attr_name_wrong(n->key, strlen(n->key)) ||
            strpbrk(n->key, "{}: \t") || strcmp(n->key, "stdin") == 0)
            return xasprintf("args: %.60s is no ARGUMENT: TYPE", n->key);
        if (a->n_holes == ACTION_HOLES_MAX)
            return xasprintf("args: more than %d", ACTION_HOLES_MAX);
        wrong = hole_parse(&a->holes[a->n_holes++], n->key, n->text);
        if (wrong)
            return wrong;
    }
    return NULL;
}

static char *take_duration(uint64_t *out, const struct conf_node *n)
{
    int64_t ms;

    if (n->kind != CONF_NODE_SCALAR || !conf_parse_duration(n->text, &ms) ||
        ms < 0)
        return xasprintf("%.60s takes a time: 30s, 5m", n->key);
    *out = (uint64_t)ms;
    return NULL;
}

static char *take_secrets(struct action *a, const struct conf_node *n)
{
    return take_texts(&a->secrets, &a->n_secrets, n);
}

static char *take_rest(struct action *a, const struct conf_node *n)
{
    if (!strcmp(n->key, "user"))
        return take_text(&a->user, n);
    if (!strcmp(n->key, "cwd"))
        return take_text(&a->cwd, n);
    if (!strcmp(n->key, "doc"))
        return take_text(&a->doc, n);
    if (!strcmp(n->key, "timeout"))
        return take_duration(&a->timeout_ms, n);
    if (!strcmp(n->key, "idle"))
        return take_duration(&a->idle_ms, n);
    if (n->kind == CONF_NODE_SCALAR && !strcmp(n->key, "output"))
        return conf_parse_size(n->text, &a->output)
                   ? NULL
                   : xstrdup("output takes a size: 64K, 1M");
    if (n->kind == CONF_NODE_SCALAR && !strcmp(n->key, "stdin"))
        return conf_parse_bool(n->text, &a->input)
                   ? NULL
                   : xstrdup("stdin is on or off");
    return xasprintf("there is no %.60s in an action: argv, args, defaults, "
                     "env, cwd, user, timeout, idle, output, stdin, secrets, "
                     "doc",
                     n->key);
}

static char *take_field(struct action *a, const struct conf_node *n)
{
    if (!strcmp(n->key, "argv"))
        return take_argv(a, n);
    if (!strcmp(n->key, "args"))
        return take_args(a, n);
    if (!strcmp(n->key, "env"))
        return take_env(a, n);
    if (!strcmp(n->key, "secrets"))
        return take_secrets(a, n);
    return strcmp(n->key, "defaults") ? take_rest(a, n) : NULL;
}

/* Once the holes are known. */
static char *take_defaults(struct action *a, const struct conf_node *map)
{
    const struct conf_node *n;
    struct hole *h;
    char *wrong;

    if (!map)
        return NULL;
    if (map->kind != CONF_NODE_MAP)
        return xstrdup("defaults takes a map: {ARGUMENT: VALUE}");
    for (n = map->first; n; n = n->next) {
        h = (struct hole *)(uintptr_t)action_hole(a, n->key);
        if (!h || n->kind != CONF_NODE_SCALAR)
            return xasprintf("defaults: there is no argument %.60s", n->key);
        wrong = hole_wrong(h, n->text, strlen(n->text));
        if (wrong)
            return wrong;
        h->def = xstrdup(n->text);
    }
    return NULL;
}

/* -- what does not go together --------------------------------------------- */

static bool is_interpreter(const char *program)
{
    static const char *const shells[] = {"sh",      "bash", "dash", "ash",
                                         "ksh",     "zsh",  "perl", "python",
                                         "python3", "ruby", "lua",  "node"};
    const char *slash = strrchr(program, '/');
    size_t i;

    for (i = 0; i < ARRAY_LEN(shells); i++)
        if (strcmp(slash ? slash + 1 : program, shells[i]) == 0)
            return true;
    return false;
}

/* Whether this word of argv is text that a shell or its like runs: the one
 * behind its -c or -e. */
static bool is_script(const struct action *a, size_t i)
{
    size_t k;

    if (!i || a->argv[i - 1][0] != '-' || !strpbrk(a->argv[i - 1], "ceE"))
        return false;
    for (k = 0; k < i; k++)
        if (is_interpreter(a->argv[k]))
            return true;
    return false;
}

/* Each hole in the text is known; used: a bit for each. */
static char *text_wrong(const struct action *a, const char *text, bool script,
                        uint32_t *used)
{
    const char *whole = text, *name, *wrong;
    size_t len;

    while (text_next_hole(&text, &name, &len, &wrong)) {
        char *hole = xmemdup0(name, len);
        const struct hole *h = action_hole(a, hole);

        free(hole);
        if (!h)
            return xasprintf("{%.*s} is no argument (args)",
                             (int)(len > 60 ? 60 : len), name);
        if (script && !hole_is_harmless(h))
            return xasprintf("{%s} in the text of a shell would be a command "
                             "of its caller's: write [sh, -c, 'echo \"$1\"', "
                             "sh, '{%s}']",
                             h->name, h->name);
        *used |= UINT32_C(1) << (h - a->holes);
    }
    return wrong ? xasprintf("'%.60s': %s", whole, wrong) : NULL;
}

static char *holes_wrong(const struct action *a)
{
    char *wrong = NULL;
    uint32_t used = 0;
    size_t i;

    if (strpbrk(a->argv[0], "{}"))
        return xstrdup("a hole cannot be the program");
    for (i = 0; a->argv[i] && !wrong; i++)
        wrong = text_wrong(a, a->argv[i], is_script(a, i), &used);
    for (i = 0; a->env && a->env[i] && !wrong; i++)
        wrong = text_wrong(a, a->env[i], false, &used);
    for (i = 0; i < a->n_holes && !wrong; i++)
        if (!(used & UINT32_C(1) << i))
            wrong = xasprintf("args: %s is used nowhere", a->holes[i].name);
    return wrong;
}

static char *whole_wrong(const struct action *a)
{
    if (!a->argv)
        return xstrdup("argv is missing: [PROGRAM, ARGUMENT...]");
    if (a->cwd && a->cwd[0] != '/')
        return xstrdup("cwd is an absolute path");
    return holes_wrong(a);
}

/* -- making ---------------------------------------------------------------- */

static const char *name_wrong(const char *name)
{
    static const char *const taken[] = {"execute", "ping", "all"};
    static const char good[] = "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    size_t i;

    if (!*name || strspn(name, good) != strlen(name) || strlen(name) > 64 ||
        name[0] == '.' || name[0] == '-')
        return "its name has 1 to 64 letters, digits, _ . and - (not in front)";
    for (i = 0; i < ARRAY_LEN(taken); i++)
        if (strcmp(name, taken[i]) == 0)
            return "that name is taken";
    return NULL;
}

static char *read_fields(struct action *a, const struct conf_node *map)
{
    const struct conf_node *n;
    char *wrong = NULL;

    for (n = map->first; n && !wrong; n = n->next)
        wrong = n->kind == CONF_NODE_NULL
                    ? xasprintf("%.60s has no value", n->key)
                    : take_field(a, n);
    if (!wrong)
        wrong = take_defaults(a, conf_node_get(map, "defaults"));
    return wrong ? wrong : whole_wrong(a);
}

struct action *action_parse(const char *name, const char *text, char **why)
{
    struct action *a = xcalloc(1, sizeof(*a));
    struct conf_errors errs = {0};
    struct conf_node *top = NULL;

    a->name = xstrdup(name);
    *why = name_wrong(name) ? xstrdup(name_wrong(name)) : NULL;
    if (!*why)
        top = conf_yaml_parse(text, strlen(text), name, &errs);
    if (!*why && (!top || errs.n))
        *why = xstrdup(errs.n ? errs.items[0].text
                              : "its fields are missing: {argv: [PROGRAM]}");
    if (!*why)
        *why = read_fields(a, top);
    conf_node_free(top);
    conf_errors_free(&errs);
    if (!*why)
        return a;
    action_free(a);
    return NULL;
}

static void free_texts(char **texts)
{
    for (char **t = texts; t && *t; t++)
        free(*t);
    free(texts);
}

void action_free(struct action *a)
{
    if (!a)
        return;
    while (a->n_holes)
        hole_free(&a->holes[--a->n_holes]);
    free_texts(a->argv);
    free_texts(a->env);
    free_texts(a->secrets);
    free(a->name);
    free(a->user);
    free(a->cwd);
    free(a->doc);
    free(a);
}

const struct hole *action_hole(const struct action *a, const char *name)
{
    for (size_t i = 0; i < a->n_holes; i++)
        if (strcmp(a->holes[i].name, name) == 0)
            return &a->holes[i];
    return NULL;
}

#include "lib/auth/tokens.h"

#include <stdlib.h>
#include <string.h>

#include "lib/auth/private_file.h"
#include "lib/auth/rights.h"
#include "lib/auth/secret.h"
#include "lib/conf_errors.h"
#include "lib/conf_yaml.h"
#include "lib/mem.h"

/* What reading one token passes on. */
struct reading {
    struct principal *p;
    const char *file;
    struct conf_errors *errs;
    bool good;
};

static void tell(struct reading *r, const struct conf_node *at,
                 const char *what)
{
    r->good = false;
    if (at->kind != CONF_NODE_BAD)
        conf_errors_add(r->errs, r->file, at->line, "token %s: %s", r->p->name,
                        what);
}

/* error, if it is one, is ours to free. */
static void take(struct reading *r, const struct conf_node *at, char *error)
{
    if (error)
        tell(r, at, error);
    free(error);
}

static void read_list(struct reading *r, const struct conf_node *list)
{
    const struct conf_node *n;

    for (n = list->first; n; n = n->next)
        if (n->kind == CONF_NODE_SCALAR)
            take(r, n, rights_add(r->p, list->key, n->text));
        else
            tell(r, n, "an item of a list is one text");
}

static void read_pins(struct reading *r, const struct conf_node *map)
{
    const struct conf_node *n;
    char *field;

    for (n = map->first; n; n = n->next) {
        if (n->kind != CONF_NODE_SCALAR) {
            tell(r, n, "the value of a pinned attribute is one text");
            continue;
        }
        field = xasprintf("pin.%s", n->key);
        take(r, n, rights_set(r->p, field, n->text));
        free(field);
    }
}

static bool is_field(const char *key)
{
    size_t i;

    for (i = 0; rights_fields[i]; i++)
        if (!strcmp(rights_fields[i], key))
            return true;
    return false;
}

static void read_field(struct reading *r, const struct conf_node *n)
{
    bool pins = !strcmp(n->key, "pin");

    if (!is_field(n->key)) {
        char *text = xasprintf("there is no right %.80s (muster-tokens(5) "
                               "lists them)",
                               n->key);

        take(r, n, text);
    } else if (n->kind == CONF_NODE_NULL) {
        take(r, n, xasprintf("%s has no value", n->key));
    } else if (pins && n->kind == CONF_NODE_MAP) {
        read_pins(r, n);
    } else if (pins) {
        tell(r, n, "pin: attributes are written {NAME: VALUE}");
    } else if (rights_is_list(n->key) && n->kind == CONF_NODE_LIST) {
        read_list(r, n);
    } else if (n->kind != CONF_NODE_SCALAR) {
        take(
            r, n,
            xasprintf("%s takes %s", n->key,
                      rights_is_list(n->key) ? "a list of texts" : "one text"));
    } else {
        take(r, n, rights_set(r->p, n->key, n->text));
    }
}

static void read_token(struct tokens *t, const struct conf_node *map,
                       struct reading *r)
{
    const struct conf_node *n;
    const char *wrong;

    r->p = principal_new(map->key);
    t->list[t->count++] = r->p;
    if (map->kind != CONF_NODE_MAP) {
        tell(r, map, "its rights are missing, written FIELD: VALUE below it");
        return;
    }
    for (n = map->first; n; n = n->next)
        read_field(r, n);
    wrong = rights_wrong(r->p);
    if (wrong)
        tell(r, map, wrong);
}

const char *tokens_name_wrong(const char *name)
{
    if (!principal_name_ok(name, strlen(name)))
        return "a token's name has 1 to 64 letters, digits, _ and - (not in "
               "front)";
    if (!strcmp(name, "anonymous") || !strcmp(name, "auto") ||
        !strcmp(name, "all") || !strcmp(name, "none") ||
        !strcmp(name, "static"))
        return "the names anonymous, auto, all, none and static are taken";
    return NULL;
}

static bool read_all(struct tokens *t, const struct conf_node *top,
                     const char *file, struct conf_errors *errs)
{
    struct reading r = {.file = file, .errs = errs, .good = true};
    const struct conf_node *n;
    const char *wrong;
    size_t count = 0;

    for (n = top->first; n; n = n->next)
        count++;
    if (count > TOKENS_MAX) {
        conf_errors_add(errs, file, 0, "more than %d tokens", TOKENS_MAX);
        return false;
    }
    t->list = xcalloc(count + 1, sizeof(struct principal *));
    for (n = top->first; n; n = n->next) {
        wrong = tokens_name_wrong(n->key);
        if (wrong)
            conf_errors_add(errs, file, n->line, "'%.80s': %s", n->key, wrong);
        else
            read_token(t, n, &r);
    }
    return r.good;
}

struct tokens *tokens_parse(const char *text, size_t len, const char *file,
                            struct conf_errors *errs)
{
    size_t before = errs->n + errs->more;
    struct conf_node *top = conf_yaml_parse(text, len, file, errs);
    struct tokens *t = xcalloc(1, sizeof(*t));
    bool good = top && read_all(t, top, file, errs);

    conf_node_free(top);
    if (good && errs->n + errs->more == before)
        return t;
    conf_errors_sort(errs);
    tokens_free(t);
    return NULL;
}

struct tokens *tokens_read(const char *file, struct conf_errors *errs)
{
    struct tokens *t = NULL;
    char *why = NULL, *text;
    size_t len;

    text = private_read(file, CONF_FILE_MAX, &len, &why);
    if (text)
        t = tokens_parse(text, len, file, errs);
    else
        conf_errors_add(errs, file, 0, "the tokens file: %s", why);
    free(text);
    free(why);
    return t;
}

void tokens_free(struct tokens *t)
{
    size_t i;

    if (!t)
        return;
    for (i = 0; i < t->count; i++)
        principal_unref(t->list[i]);
    free(t->list);
    free(t);
}

const struct principal *tokens_find(const struct tokens *t, const char *name)
{
    size_t i;

    for (i = 0; t && i < t->count; i++)
        if (!strcmp(t->list[i]->name, name))
            return t->list[i];
    return NULL;
}

char *token_read(const char *file, char **why)
{
    size_t len, end;
    char *text = private_read(file, 4096, &len, why);

    if (!text)
        return NULL;
    end = strcspn(text, "\r\n");
    text[end] = '\0';
    if (end && end <= TOKEN_MAX && strchr(text, '.') &&
        !strpbrk(text, " \t'") && strlen(text) == end)
        return text;
    *why = xstrdup("its first line is no token, NAME.SECRET as muster token "
                   "create prints it");
    secret_free(text);
    return NULL;
}

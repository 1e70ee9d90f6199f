#include "plugins/registry/new/rights.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

/* -- checking -------------------------------------------------------------- */

static char *refuse_what(const struct principal *p, const char *verb,
                         const char *what)
{
    char *text = xasprintf("%s %.60s", verb, what);
    char *error = principal_refusal(p, text);

    free(text);
    return error;
}

static char *check_attr(const struct principal *p, const struct word *attr,
                        const struct word *value)
{
    const char *pin = principal_pin(p, attr->text);

    if (pin && value && word_is(value, pin))
        return NULL; /* he says what he is */
    if (pin)
        return xasprintf("%.80s is pinned by the token: it can be neither set "
                         "nor unset",
                         attr->text);
    if (principal_may_set(p, attr->text) &&
        (!value || principal_may_say(p, attr->text, value->text)))
        return NULL;
    return refuse_what(p, value ? "set" : "unset", attr->text);
}

char *rights_check(const struct principal *p, const struct new_line *l)
{
    char *error = NULL;
    unsigned i;

    if (p->all)
        return NULL;
    if (!principal_registers(p))
        return principal_refusal(p, "register");
    if (l->name.text && !principal_may_register(p, l->name.text))
        return refuse_what(p, "register", l->name.text);
    for (i = 0; i < l->set_count && !error; i++)
        error = check_attr(p, &l->sets[2 * i], &l->sets[2 * i + 1]);
    for (i = 0; i < l->unset_count && !error; i++)
        error = check_attr(p, &l->unsets[i], NULL);
    return error;
}

/* -- completing ------------------------------------------------------------ */

static struct word word_of(const char *text)
{
    return (struct word){.text = (char *)text, .len = (unsigned)strlen(text)};
}

/* A name that lives as long as r. */
static struct word pin_name(struct new_rights *r, const char *attr)
{
    char *name = xasprintf("%s%s", RECORD_PINNED, attr);

    r->names[r->name_count++] = name;
    return word_of(name);
}

/* A registration: the pins, each as an attribute and as what says that it is
 * one, and the owner. */
static void add_sets(const struct principal *p, struct catalog_request *q,
                     struct new_rights *r)
{
    unsigned n = q->edit.set_count, added = 2 * (unsigned)p->pins.count + 1;
    struct word *to;
    size_t i;

    r->words = xreallocarray(NULL, n + added, 2 * sizeof(*r->words));
    r->names = xcalloc(p->pins.count + 1, sizeof(*r->names));
    if (n)
        memcpy(r->words, q->edit.sets, n * 2 * sizeof(*r->words));
    to = r->words + (size_t)n * 2;
    for (i = 0; i < p->pins.count; i++) {
        *to++ = word_of(p->pins.list[i].name);
        *to++ = word_of(p->pins.list[i].value);
        *to++ = pin_name(r, p->pins.list[i].name);
        *to++ = word_of(p->pins.list[i].value);
    }
    *to++ = word_of(RECORD_OWNER);
    *to = word_of(principal_owner(p));
    q->edit.sets = r->words;
    q->edit.set_count = n + added;
}

/* Who may do all may unset what is pinned: then it is no longer. */
static void add_unsets(struct catalog_request *q, struct new_rights *r)
{
    unsigned n = q->edit.unset_count, i;

    r->words = xreallocarray(NULL, 2 * n, sizeof(*r->words));
    r->names = xcalloc(n, sizeof(*r->names));
    for (i = 0; i < n; i++) {
        r->words[i] = q->edit.unsets[i];
        r->words[n + i] = pin_name(r, q->edit.unsets[i].text);
    }
    q->edit.unsets = r->words;
    q->edit.unset_count = 2 * n;
}

void rights_complete(const struct principal *p, const struct new_line *l,
                     const struct service *v, struct catalog_request *q,
                     struct new_rights *r)
{
    *r = (struct new_rights){0};
    q->may_all = p->admin;
    if (!p->all) {
        q->by = word_of(principal_owner(p));
        if (l->verb == NEW_REGISTER)
            add_sets(p, q, r);
    }
    /* what is at hand comes first: the record may be far away */
    if (l->unset_count && p->admin && v && v->record && v->record->hidden)
        add_unsets(q, r);
}

void new_rights_free(struct new_rights *r)
{
    while (r->name_count)
        free(r->names[--r->name_count]);
    free(r->names);
    free(r->words);
}

#include "dispatcher/worker.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

struct worker *worker_new(const char *name)
{
    struct worker *w = xcalloc(1, sizeof(*w));

    w->name = xstrdup(name);
    worker_set_host(w, name);
    lineup_init(&w->waiting, NULL);
    lineup_init(&w->light, NULL);
    TAILQ_INIT(&w->asks);
    TAILQ_INIT(&w->active);
    return w;
}

/* FNV-1a */
static uint64_t text_hash(const char *text)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return h;
}

void worker_set_host(struct worker *w, const char *host)
{
    free(w->host);
    w->host = xstrdup(host);
    w->hash = text_hash(host);
}

/* When the value of an attribute changed last. */
struct worker_age {
    char *attr;
    uint64_t ms;
};

static struct worker_age *age_find(const struct worker *w, const char *attr)
{
    for (size_t i = 0; i < w->n_ages; i++) {
        if (strcmp(w->ages[i].attr, attr) == 0)
            return &w->ages[i];
    }
    return NULL;
}

static void age_set(struct worker *w, const char *attr, uint64_t ms)
{
    struct worker_age *age = age_find(w, attr);

    if (!age) {
        w->ages = xreallocarray(w->ages, w->n_ages + 1, sizeof(*w->ages));
        age = &w->ages[w->n_ages++];
        age->attr = xstrdup(attr);
    }
    age->ms = ms;
}

static void ages_free(struct worker *w)
{
    for (size_t i = 0; i < w->n_ages; i++)
        free(w->ages[i].attr);
    free(w->ages);
}

void worker_free(struct worker *w)
{
    ages_free(w);
    attrs_free(&w->attrs);
    free(w->name);
    free(w->host);
    free(w->instance);
    free(w->ops);
    free(w);
}

/* An attribute that is gone keeps its age, if it comes back; there are as many
 * as a service may have, over time as many as it has names for them. */
static void note_ages(struct worker *w, const struct attrs *attrs, uint64_t ms)
{
    if (!w->came_ms)
        w->came_ms = ms;
    if (w->n_ages > 4 * (attrs->count + 16)) { /* names come and go */
        ages_free(w);
        w->ages = NULL;
        w->n_ages = 0;
        w->came_ms = ms;
    }
    for (size_t i = 0; w->attrs.count && i < attrs->count; i++) {
        const char *name = attrs->list[i].name;
        const char *old = attrs_get(&w->attrs, name);

        if (!old || strcmp(old, attrs->list[i].value) != 0)
            age_set(w, name, ms);
    }
}

bool worker_since(const struct worker *w, const char *attr, uint64_t *ms)
{
    const struct worker_age *age = age_find(w, attr);

    *ms = age ? age->ms : w->came_ms;
    return attrs_get(&w->attrs, attr) != NULL;
}

void worker_set_attrs(struct worker *w, const struct attrs *attrs, uint64_t ms)
{
    note_ages(w, attrs, ms);
    attrs_free(&w->attrs);
    attrs_copy(&w->attrs, attrs);
    w->drained = attrs_get(&w->attrs, "drain");
}

void worker_add_active(struct worker *w, struct task *t)
{
    TAILQ_INSERT_TAIL(&w->active, t, in_worker);
    w->n_active++;
}

void worker_remove_active(struct worker *w, struct task *t)
{
    TAILQ_REMOVE(&w->active, t, in_worker);
    w->n_active--;
}

bool worker_is_known(const struct worker *w)
{
    return !w->shadowed && (w->registered || w->grace_until);
}

unsigned worker_free_slots(const struct worker *w)
{
    if (!w->up || w->full || w->n_active >= w->slots)
        return 0;
    return w->slots - w->n_active;
}

bool worker_needs_slot(const struct dispatch_spec *spec)
{
    return strcmp(spec->op, "ping") != 0;
}

bool worker_takes(const struct worker *w, const struct dispatch_spec *spec)
{
    return worker_free_slots(w) || (w->up && !worker_needs_slot(spec));
}

/* Whether word is an item of a comma list. */
static bool list_has(const char *list, const char *word)
{
    size_t len = strlen(word);

    while (*list) {
        size_t item = strcspn(list, ",");

        if (item == len && memcmp(list, word, len) == 0)
            return true;
        list += item;
        list += *list == ',';
    }
    return false;
}

bool worker_has_op(const struct worker *w, const char *op)
{
    const char *ops = w->ops ? w->ops : attrs_get(&w->attrs, "ops");

    return !ops || list_has(ops, op);
}

static bool name_is(const char *attr, size_t len, const char *name)
{
    return strlen(name) == len && memcmp(attr, name, len) == 0;
}

/* What it registered with load and slots_free is old: they are volatile. */
static const char *lookup_live(const struct worker *w, const char *attr,
                               size_t len)
{
    if (!w->up)
        return NULL;
    if (*w->load && name_is(attr, len, "load"))
        return w->load;
    if (*w->slots_free && name_is(attr, len, "slots_free"))
        return w->slots_free;
    return NULL;
}

const char *worker_lookup(const void *record, const char *attr, size_t attr_len,
                          size_t *value_len)
{
    const struct worker *w = record;
    const char *value = lookup_live(w, attr, attr_len);

    for (size_t i = 0; !value && i < w->attrs.count; i++) {
        if (name_is(attr, attr_len, w->attrs.list[i].name))
            value = w->attrs.list[i].value;
    }
    if (value)
        *value_len = strlen(value);
    return value;
}

bool worker_is_allowed(const struct worker *w, const struct dispatch_spec *spec)
{
    return !spec->narrowed ||
           selector_match(&spec->only, w->name, worker_lookup, w);
}

bool worker_matches(const struct worker *w, const struct job *j)
{
    const struct dispatch_spec *spec = &j->spec;

    if (!worker_is_allowed(w, spec))
        return false;

    for (size_t i = 0; i < spec->n_hosts; i++) {
        if (strcmp(spec->hosts[i], w->host) == 0)
            return true;
    }
    if (!spec->on)
        return false;
    return j->all || selector_match(&j->selector, w->name, worker_lookup, w);
}

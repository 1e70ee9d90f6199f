#include "t/unit/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/mem.h"

unsigned rng_below(struct rng *r, unsigned n)
{
    r->state = r->state * 6364136223846793005ull + 1442695040888963407ull;
    return (unsigned)((r->state >> 33) % n);
}

const char *rng_pick(struct rng *r, const char *const *list, unsigned n)
{
    return list[rng_below(r, n)];
}

/* -- rows ------------------------------------------------------------------ */

static void text_set(char *to, size_t size, const struct word *w)
{
    assert_true(w->len < size);
    memcpy(to, w->text, w->len);
    to[w->len] = '\0';
}

static int row_place(const struct row *r, const char *name)
{
    unsigned i;

    for (i = 0; i < r->count; i++)
        if (!strcmp(r->attrs[i].name, name))
            return (int)i;
    return -1;
}

static const char *row_value(const struct row *r, const char *name)
{
    int at = row_place(r, name);

    return at < 0 ? NULL : r->attrs[at].value;
}

/* False if there would be too many. */
static bool row_edit(struct row *r, const struct ask *a)
{
    const struct record_edit *e = &a->request.edit;
    struct row_attr attr = {.name = ""};
    unsigned i;
    int at;

    for (i = 0; i < e->unset_count; i++) {
        text_set(attr.name, sizeof(attr.name), &e->unsets[i]);
        at = row_place(r, attr.name);
        if (at < 0)
            continue;
        r->count--;
        for (; at < (int)r->count; at++)
            r->attrs[at] = r->attrs[at + 1];
    }
    for (i = 0; i < e->set_count; i++) {
        text_set(attr.name, sizeof(attr.name), &e->sets[2 * i]);
        text_set(attr.value, sizeof(attr.value), &e->sets[2 * i + 1]);
        at = row_place(r, attr.name);
        assert_true(r->count < ROW_ATTRS);
        r->attrs[at < 0 ? (int)r->count++ : at] = attr;
    }
    return r->count <= MODEL_ATTRS;
}

void row_write(const struct row *r, struct buf *out)
{
    unsigned i;

    buf_add_words(out, r->name);
    for (i = 0; i < r->count; i++)
        buf_add_pair(out, r->attrs[i].name, r->attrs[i].value);
}

bool row_same(const struct row *a, const struct row *b)
{
    unsigned i;

    if (strcmp(a->name, b->name) != 0 || a->count != b->count)
        return false;
    for (i = 0; i < a->count; i++)
        if (strcmp(a->attrs[i].name, b->attrs[i].name) != 0 ||
            strcmp(a->attrs[i].value, b->attrs[i].value) != 0)
            return false;
    return true;
}

static bool is_volatile(const char *volatiles, const char *name)
{
    char list[40], item[32];

    snprintf(list, sizeof(list), ",%s,", volatiles);
    snprintf(item, sizeof(item), ",%s,", name);
    return strstr(list, item) != NULL;
}

/* Everything of a that is not volatile is in b. */
static bool row_within(const char *volatiles, const struct row *a,
                       const struct row *b)
{
    const char *value;
    unsigned i;

    for (i = 0; i < a->count; i++) {
        value = row_value(b, a->attrs[i].name);
        if (!is_volatile(volatiles, a->attrs[i].name) &&
            (!value || strcmp(value, a->attrs[i].value) != 0))
            return false;
    }
    return true;
}

static bool row_persists(const struct row *r)
{
    const char *value = row_value(r, "persist");

    return value && *value >= '1' && *value <= '9';
}

/* -- services -------------------------------------------------------------- */

struct model_service *model_find(struct model *m, const char *name)
{
    unsigned i;

    for (i = 0; i < m->count; i++)
        if (!strcmp(m->list[i].row.name, name))
            return &m->list[i];
    return NULL;
}

static void model_log(struct model *m, char sign, const struct row *before,
                      const struct row *after)
{
    static const struct row none;
    struct model_change *ch = &m->log[++m->revision];

    assert_true(m->revision < MODEL_LOG);
    ch->sign = sign;
    ch->before = before ? *before : none;
    ch->after = after ? *after : none;
}

static void model_delete(struct model *m, struct model_service *v)
{
    model_log(m, '-', &v->row, NULL);
    m->count--;
    for (; v < m->list + m->count; v++)
        *v = v[1];
}

static unsigned model_owned(const struct model *m, int owner)
{
    unsigned i, n = 0;

    for (i = 0; i < m->count; i++)
        n += m->list[i].owner == owner;
    return n;
}

static void model_settings(struct model *m, struct model_service *v,
                           const struct ask *a, bool all)
{
    if (all)
        v->volatiles[0] = '\0';
    if (a->request.volatiles)
        text_set(v->volatiles, sizeof(v->volatiles), a->request.volatiles);
    if (all || a->request.set_ttl)
        v->ttl = a->request.set_ttl ? a->request.ttl_ms : 0;
    if (v->ttl)
        v->expires = m->now + v->ttl;
}

static void model_own(struct model *m, struct model_service *v, int owner)
{
    if (v->owner == owner)
        return;
    if (v->owner >= 0)
        m->lost[v->owner][LOST_REPLACED]++;
    v->owner = owner;
    v->owned_at = ++m->owned_at;
}

bool model_register(struct model *m, int owner, const struct ask *a)
{
    struct row row = {.count = 0};
    struct model_service *v;
    char volatiles[24] = "";
    bool refresh;

    text_set(row.name, sizeof(row.name), &a->name);
    v = model_find(m, row.name);
    refresh = v && row_persists(&v->row) && v->owner < 0 && v->ttl &&
              a->request.set_ttl;
    if (v && !a->request.replace && !refresh)
        return false;
    if (!v && m->count >= MODEL_ALL)
        return false;
    if ((!v || v->owner != owner) && model_owned(m, owner) >= MODEL_OWNED)
        return false;
    if (!row_edit(&row, a))
        return false;
    if (a->request.volatiles)
        text_set(volatiles, sizeof(volatiles), a->request.volatiles);
    if (!v) {
        v = &m->list[m->count++];
        *v = (struct model_service){.owner = -1};
        model_log(m, '+', NULL, &row);
    } else if (!row_within(volatiles, &row, &v->row) ||
               !row_within(volatiles, &v->row, &row)) {
        model_log(m, '=', &v->row, &row);
    }
    v->row = row;
    model_own(m, v, owner);
    model_settings(m, v, a, true);
    return true;
}

static bool update_is_silent(const char *volatiles, const struct ask *a)
{
    const struct record_edit *e = &a->request.edit;
    char name[20];
    unsigned i;

    for (i = 0; i < e->set_count + e->unset_count; i++) {
        text_set(name, sizeof(name),
                 i < e->set_count ? &e->sets[2 * i]
                                  : &e->unsets[i - e->set_count]);
        if (!is_volatile(volatiles, name))
            return false;
    }
    return true;
}

bool model_update(struct model *m, const char *name, const struct ask *a)
{
    struct model_service *v = model_find(m, name);
    struct row row = v->row;
    char volatiles[24];

    snprintf(volatiles, sizeof(volatiles), "%s", v->volatiles);
    if (a->request.volatiles)
        text_set(volatiles, sizeof(volatiles), a->request.volatiles);
    if (!row_edit(&row, a))
        return false;
    if (!update_is_silent(volatiles, a))
        model_log(m, '=', &v->row, &row);
    v->row = row;
    model_settings(m, v, a, false);
    if (v->owner < 0 && !row_persists(&v->row))
        model_delete(m, v);
    return true;
}

bool model_remove(struct model *m, const char *name)
{
    struct model_service *v = model_find(m, name);

    if (v->owner >= 0)
        m->lost[v->owner][LOST_REMOVED]++;
    model_delete(m, v);
    return true;
}

static uint64_t model_expiry(const struct model *m,
                             const struct model_service *v)
{
    if (v->owner >= 0 && m->heard[v->owner] + v->ttl > v->expires)
        return m->heard[v->owner] + v->ttl;
    return v->expires;
}

void model_owner_gone(struct model *m, int owner)
{
    struct model_service *v, *first;

    do {
        first = NULL;
        for (v = m->list; v < m->list + m->count; v++)
            if (v->owner == owner && (!first || v->owned_at < first->owned_at))
                first = v;
        if (!first)
            break;
        first->expires = model_expiry(m, first);
        first->owner = -1;
        if (!row_persists(&first->row))
            model_delete(m, first);
    } while (first);
}

void model_expire(struct model *m)
{
    struct model_service *v, *first;

    for (;;) {
        first = NULL;
        for (v = m->list; v < m->list + m->count; v++)
            if (v->ttl && v->expires <= m->now &&
                (!first || v->expires < first->expires))
                first = v;
        if (!first)
            return;
        if (model_expiry(m, first) > m->now) {
            first->expires = model_expiry(m, first);
            continue;
        }
        if (first->owner >= 0)
            m->lost[first->owner][LOST_EXPIRED]++;
        model_delete(m, first);
    }
}

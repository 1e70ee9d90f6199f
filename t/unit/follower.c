#include "t/unit/follower.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct row *follower_place(struct follower *f, const char *name)
{
    unsigned i;

    for (i = 0; i < MODEL_SERVICES; i++)
        if (!strcmp(f->rows[i].name, name))
            return &f->rows[i];
    return NULL;
}

void row_from(struct row *row, const struct service *v, const struct record *r)
{
    uint32_t i;

    *row = (struct row){.count = r->count};
    snprintf(row->name, sizeof(row->name), "%s", v->name);
    for (i = 0; i < r->count; i++) {
        snprintf(row->attrs[i].name, sizeof(row->attrs[i].name), "%s",
                 r->pairs[i]->key->name);
        snprintf(row->attrs[i].value, sizeof(row->attrs[i].value), "%s",
                 r->pairs[i]->value);
    }
}

/* Everything of a but what is told of by no event is in b. */
static bool row_within(const struct row *a, const struct row *b)
{
    const struct row_attr *x, *y;

    for (x = a->attrs; x < a->attrs + a->count; x++) {
        if (!strcmp(x->name, "load") || !strcmp(x->name, "vol"))
            continue;
        for (y = b->attrs; y < b->attrs + b->count; y++)
            if (!strcmp(x->name, y->name) && !strcmp(x->value, y->value))
                break;
        if (y == b->attrs + b->count)
            return false;
    }
    return true;
}

void follower_reads(struct follower *f, const struct catalog *c,
                    const struct model *m)
{
    const struct changes *s = &c->changes;
    const struct change *ch;
    struct row *row;
    unsigned i;

    if (!changes_knows(s, f->at)) {
        memset(f->rows, 0, sizeof(f->rows));
        for (i = 0; i < m->count; i++)
            f->rows[i] = m->list[i].row;
        f->at = s->head;
        return;
    }
    while (f->at < s->head) {
        ch = changes_at(s, ++f->at);
        row =
            follower_place(f, ch->kind == CHANGE_NEW ? "" : ch->service->name);
        assert_non_null(row);
        row->name[0] = '\0';
        if (ch->after)
            row_from(row, ch->service, ch->after);
    }
    for (i = 0; i < m->count; i++) {
        row = follower_place(f, m->list[i].row.name);
        assert_non_null(row);
        assert_true(row->count < ROW_ATTRS);
        assert_true(row_within(row, &m->list[i].row) &&
                    row_within(&m->list[i].row, row));
    }
}

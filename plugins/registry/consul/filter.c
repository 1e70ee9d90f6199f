#include "plugins/registry/consul/filter.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lib/rex.h"
#include "plugins/registry/consul/filter_impl.h"

/* Instructions that the regular expressions of one answer may look at: some
 * tenths of a second. */
#define FILTER_WORK_MAX 100000000

/* -- a term ---------------------------------------------------------------- */

/* Of a map that has not what is selected, of null: nothing. */
static bool text_is(struct filter *f, const struct filter_term *t,
                    const char *text, size_t len)
{
    switch (t->op) {
    case FILTER_EQUAL:
        return strlen(t->value) == len && !memcmp(t->value, text, len);
    case FILTER_IN: return strstr(text, t->value) != NULL;
    default:
        f->work += (uint64_t)(len + 1) * (uint64_t)rex_size(t->rex);
        return f->work <= FILTER_WORK_MAX && rex_match(t->rex, text, len);
    }
}

static bool list_has(const json_t *list, const char *value)
{
    const json_t *item;
    size_t i;

    json_array_foreach(
        list, i, item) if (json_is_string(item) &&
                           !strcmp(json_string_value(item), value)) return true;
    return false;
}

static bool size_is_zero(const json_t *v)
{
    return json_is_array(v) ? !json_array_size(v) : !json_object_size(v);
}

static bool value_is(struct filter *f, const struct filter_term *t,
                     const json_t *v)
{
    if (t->op == FILTER_EMPTY)
        return size_is_zero(v);
    if (json_is_string(v))
        return text_is(f, t, json_string_value(v), json_string_length(v));
    if (json_is_integer(v))
        return json_integer_value(v) == t->number;
    if (json_is_boolean(v))
        return json_is_true(v) == t->yes;
    if (json_is_array(v))
        return list_has(v, t->value);
    return json_is_object(v) && json_object_get(v, t->value);
}

/* Below a list any of its items will do, also for what is negated. */
static bool term_is(struct filter *f, const struct filter_term *t,
                    const json_t *v, unsigned depth)
{
    const json_t *item;
    size_t i;

    for (; depth < t->depth; depth++) {
        if (json_is_array(v)) {
            json_array_foreach(
                v, i, item) if (term_is(f, t, item, depth)) return true;
            return false;
        }
        v = json_object_get(v, t->path[depth]);
    }
    return value_is(f, t, v) != t->negated;
}

/* -- the tree -------------------------------------------------------------- */

static bool node_is(struct filter *f, unsigned at, const json_t *row)
{
    const struct filter_node *n = &f->nodes[at];

    switch (n->kind) {
    case FILTER_NOT: return !node_is(f, n->left, row);
    case FILTER_AND:
        return node_is(f, n->left, row) && node_is(f, n->right, row);
    case FILTER_OR:
        return node_is(f, n->left, row) || node_is(f, n->right, row);
    default: return term_is(f, &f->terms[n->left], row, 0);
    }
}

bool filter_match(struct filter *f, const json_t *row)
{
    return node_is(f, f->root, row);
}

bool filter_is_exhausted(const struct filter *f)
{
    return f && f->work > FILTER_WORK_MAX;
}

void filter_rest(struct filter *f)
{
    if (f)
        f->work = 0;
}

void filter_free(struct filter *f)
{
    unsigned i, k;

    if (!f)
        return;
    for (i = 0; i < f->term_count; i++) {
        for (k = 0; k < f->terms[i].depth; k++)
            free(f->terms[i].path[k]);
        free(f->terms[i].value);
        rex_free(f->terms[i].rex);
    }
    free(f);
}

/* -- rows ------------------------------------------------------------------ */

void filter_mark(struct filter_mark *mark, const struct jw *out)
{
    mark->was = *out;
    mark->value = buf_len(&out->buf);
}

void filter_value(struct filter_mark *mark, const struct jw *out)
{
    mark->value = buf_len(&out->buf);
}

bool filter_keep(struct filter *f, struct jw *out,
                 const struct filter_mark *mark)
{
    const char *text;
    struct buf bytes;
    json_t *row;
    size_t end;
    bool keep;

    if (!f)
        return true;
    text = buf_data(&out->buf) + mark->value;
    end = buf_len(&out->buf) - mark->value;
    while (end && *text != '{') { /* a comma, and blanks */
        text++;
        end--;
    }
    row = json_loadb(text, end, JSON_ALLOW_NUL, NULL);
    keep = row && f->work <= FILTER_WORK_MAX && filter_match(f, row);
    json_decref(row);
    if (keep)
        return true;
    bytes = out->buf;
    *out = mark->was;
    bytes.end = bytes.pos + (mark->was.buf.end - mark->was.buf.pos);
    out->buf = bytes;
    return false;
}

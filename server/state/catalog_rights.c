#include <string.h>

#include "lib/refusal.h"
#include "server/state/catalog_impl.h"

static bool is_theirs(const struct record *r, const struct word *by)
{
    size_t len = 0;
    const char *owner =
        record_lookup(r, RECORD_OWNER, strlen(RECORD_OWNER), &len);

    return len == by->len && (!owner || !memcmp(owner, by->text, len));
}

/* The hidden pair that pins the attribute, or NULL. */
static const struct attr_pair *pin_of(const struct record *r,
                                      const struct word *attr)
{
    const size_t prefix = strlen(RECORD_PINNED);
    const struct attr_key *k;
    uint32_t i;

    for (i = 0; i < r->count; i++) {
        k = r->pairs[i]->key;
        if (k->hidden && k->len == prefix + attr->len &&
            !memcmp(k->name, RECORD_PINNED, prefix) &&
            !memcmp(k->name + prefix, attr->text, attr->len))
            return r->pairs[i];
    }
    return NULL;
}

static bool unsets(const struct record_edit *e, const struct attr_key *key)
{
    unsigned i;

    for (i = 0; i < e->unset_count; i++)
        if (e->unsets[i].len == key->len &&
            !memcmp(e->unsets[i].text, key->name, key->len))
            return true;
    return false;
}

/* Then the pin itself is the registry's to change. */
static bool sets(const struct record_edit *e, const struct attr_key *key)
{
    unsigned i;

    for (i = 0; i < e->set_count; i++)
        if (e->sets[2 * i].len == key->len &&
            !memcmp(e->sets[2 * i].text, key->name, key->len))
            return true;
    return false;
}

static const char *pin_refusal(const struct record *r,
                               const struct record_edit *e)
{
    const char *text = refusal_text(REFUSED_PINNED);
    const struct attr_pair *pin;
    const struct word *value;
    unsigned i;

    for (i = 0; i < e->set_count; i++) {
        pin = pin_of(r, &e->sets[2 * i]);
        value = &e->sets[2 * i + 1];
        if (pin &&
            (pin->len != value->len ||
             memcmp(pin->value, value->text, value->len) != 0) &&
            !sets(e, pin->key))
            return text;
    }
    for (i = 0; i < e->unset_count; i++) {
        pin = pin_of(r, &e->unsets[i]);
        if (pin && !unsets(e, pin->key))
            return text;
    }
    return NULL;
}

void catalog_write_pinned(const struct record *r, struct buf *out)
{
    const size_t prefix = strlen(RECORD_PINNED);
    struct buf names = BUF_INIT;
    const struct attr_key *k;
    uint32_t i;

    for (i = 0; r->hidden && i < r->count; i++) {
        k = r->pairs[i]->key;
        if (!k->hidden || k->len <= prefix ||
            memcmp(k->name, RECORD_PINNED, prefix) != 0)
            continue;
        if (buf_len(&names))
            buf_add_char(&names, ',');
        buf_add(&names, k->name + prefix, k->len - prefix);
    }
    if (buf_len(&names)) {
        buf_add_str(out, " .pinned");
        buf_add_word(out, buf_data(&names), buf_len(&names));
    }
    buf_free(&names);
}

const char *catalog_takeover_refusal(const struct record *r,
                                     const struct catalog_request *q)
{
    if (q->may_all || (!r->hidden && !q->by.len) || is_theirs(r, &q->by))
        return NULL;
    return refusal_text(REFUSED_OWNER);
}

const char *catalog_edit_refusal(const struct record *r,
                                 const struct catalog_request *q)
{
    const char *text = catalog_takeover_refusal(r, q);

    return text || !r->hidden ? text : pin_refusal(r, &q->edit);
}

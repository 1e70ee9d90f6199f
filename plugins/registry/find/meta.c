#include <string.h>

#include "plugins/registry/find/finder.h"
#include "server/state/record.h"

static void meta_number(struct buf *out, const char *name, uint64_t n)
{
    buf_add_str(out, name);
    buf_add_char(out, ' ');
    buf_add_u64(out, n);
}

static void meta_owner(struct buf *out, const struct record *r)
{
    size_t len;
    const char *owner =
        record_lookup(r, RECORD_OWNER, strlen(RECORD_OWNER), &len);

    if (!owner)
        return;
    buf_add_str(out, " .owner");
    buf_add_word(out, owner, len);
}

void meta_write(const struct finder *f, const struct service *v,
                struct buf *out)
{
    const struct catalog *c = f->m->catalog;
    uint64_t expiry = catalog_expiry(v);

    musterd_tick(f->m);
    meta_number(out, " .created", v->created);
    meta_number(out, " .changed", v->changed);
    if (!v->owner || !v->owner->fixed)
        meta_number(out, " .seen", catalog_quiet(c, v) / 1000);
    if (v->ttl_ms) {
        meta_number(out, " .ttl", v->ttl_ms / 1000);
        meta_number(out, " .expires",
                    expiry > c->now_ms ? (expiry - c->now_ms + 999) / 1000 : 0);
    }
    meta_owner(out, v->record);
    if (v->persist)
        buf_add_str(out, " .persist 1");
}

#include "server/state/service.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/mem.h"
#include "server/state/pool.h"

struct service *service_new(const char *name, size_t len)
{
    struct service *v = pool_alloc(sizeof(*v) + len + 1);

    *v = (struct service){.refs = 1};
    v->name_len = (uint16_t)len;
    v->quoted = buf_word_quotes(name, len);
    v->deadline_slot = SERVICE_NO_DEADLINE;
    memcpy(v->name, name, len);
    v->name[len] = '\0';
    return v;
}

void service_unref(struct record_index *x, struct service *v)
{
    if (--v->refs)
        return;
    record_unref(x, v->record);
    free(v->volatiles);
    pool_free(v, sizeof(*v) + v->name_len + 1);
}

bool service_persists(const struct record *r)
{
    size_t len;

    return r->persist &&
           strtol(record_lookup(r, "persist", 7, &len), NULL, 10) != 0;
}

void service_write(const struct service *v, const struct record *r,
                   struct buf *out)
{
    if (v->quoted || (buf_len(out) && out->data[out->end - 1] != '\n'))
        buf_add_word(out, v->name, v->name_len);
    else
        buf_add(out, v->name, v->name_len);
    if (r)
        record_write(r, out);
}

void service_disown(struct service *v)
{
    if (!v->owner)
        return;
    DL_DELETE(v->owner->services, v);
    v->owner->count--;
    v->owner = NULL;
}

void service_own(struct service *v, struct catalog_owner *o)
{
    service_disown(v);
    v->owner = o;
    if (o) {
        DL_APPEND(o->services, v);
        o->count++;
    }
}

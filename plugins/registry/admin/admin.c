#include "plugins/registry/admin/admin.h"

#include <jansson.h>

#include "lib/admin.h"
#include "lib/mem.h"
#include "plugins/registry/admin/backup.h"
#include "plugins/registry/admin/tokens.h"
#include "server/musterd.h"
#include "server/state/kv.h"

/* -- the store ------------------------------------------------------------- */

static const char *check_store(void *arg)
{
    const struct musterd *m = arg;

    return m->store->degraded;
}

static json_t *state_store(void *arg)
{
    const struct musterd *m = arg;
    const struct store_counts *n = &m->store->counts;
    const char *ail = m->store->degraded;

    return json_pack(
        "{s:s, s:s?, s:I, s:I, s:I, s:I}", "kind", m->store->ops->name,
        "degraded", ail, "queued", (json_int_t)n->under_way, "queued_bytes",
        (json_int_t)n->bytes, "file_bytes", (json_int_t)n->file_bytes,
        "replayed", (json_int_t)n->records);
}

/* -- services, changes, watches -------------------------------------------- */

static json_t *state_services(void *arg)
{
    const struct musterd *m = arg;
    const struct catalog *c = m->catalog;

    return json_pack("{s:I, s:I, s:I, s:I}", "registered",
                     (json_int_t)catalog_count(c), "attributes",
                     (json_int_t)c->counts.attrs, "most",
                     (json_int_t)c->limits.services, "revision",
                     (json_int_t)catalog_revision(c));
}

static json_t *state_changes(void *arg)
{
    const struct musterd *m = arg;
    const struct changes *s = &m->catalog->changes;

    return json_pack("{s:I, s:I, s:I, s:I}", "kept", (json_int_t)s->count,
                     "most", (json_int_t)s->max, "bytes", (json_int_t)s->bytes,
                     "oldest", (json_int_t)(s->head - s->count + 1));
}

static json_t *state_watches(void *arg)
{
    const struct musterd *m = arg;

    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "readers",
                     (json_int_t)m->watches.watchers, "most_readers",
                     (json_int_t)m->limits.readers, "selections",
                     (json_int_t)HASH_COUNT(m->watches.by_key), "bytes",
                     (json_int_t)m->watch_bytes, "most_bytes",
                     (json_int_t)m->limits.watches);
}

/* -- keys and sessions ----------------------------------------------------- */

static json_t *state_keys(void *arg)
{
    const struct musterd *m = arg;
    struct kv_counts n = kv_count(m->kv);

    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "keys",
                     (json_int_t)n.keys, "bytes", (json_int_t)n.bytes, "locks",
                     (json_int_t)n.locks, "delays", (json_int_t)n.delays,
                     "tombstones", (json_int_t)n.tombstones, "waiters",
                     (json_int_t)n.waiters, "watched", (json_int_t)n.watches,
                     "sessions", (json_int_t)n.sessions, "pending",
                     (json_int_t)n.pending);
}

static const struct admin_part parts[] = {
    {.name = "store", .check = check_store, .state = state_store},
    {.name = "services", .state = state_services},
    {.name = "changes", .state = state_changes},
    {.name = "watches", .state = state_watches},
    {.name = "keys", .state = state_keys},
};

/* -- the face -------------------------------------------------------------- */

static const struct http_table *const tables[] = {&admin_backup, &admin_tokens};

static const struct admin_setup setup = {
    .program = "musterd",
    .parts = parts,
    .n_parts = ARRAY_LEN(parts),
    .tables = tables,
    .n_tables = ARRAY_LEN(tables),
};

struct admin *registry_admin_new(struct musterd *m, struct listen_host *host,
                                 struct auth *auth)
{
    return admin_new(m->loop, &setup, host, auth, m);
}

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/mem.h"
#include "server/state/queries_impl.h"

#define ONE_AT_A_TIME "" /* the name of the turns that all changes take */

/* A change on its way. */
struct query_change {
    struct store_txn txn;
    struct turn turn;
    struct name_turns *turns;
    struct queries *qs;
    bool creates;  /* there must be none of that id */
    bool restores; /* there may be one */
    char id[UUID_LEN + 1];
    struct query_def def;      /* STORE_PUT: owned, until it is applied */
    struct query_entry *entry; /* that is changed or removed; NULL: a new one */
    query_done_fn *done;
    void *arg;
};

/* -- what is kept ---------------------------------------------------------- */

static struct query_entry *entry_of(struct keynode *n)
{
    return n ? container_of(n, struct query_entry, by_id) : NULL;
}

static struct query_entry *entry_find(const struct queries *qs, const char *id)
{
    return entry_of(keymap_find(&qs->by_id, id, strlen(id)));
}

static struct keymap *names_of(struct queries *qs, const struct query_def *d)
{
    return query_is_template(d) ? &qs->templates : &qs->names;
}

/* A template has a name although it may be empty: it fits every name. */
static void entry_name(struct queries *qs, struct query_entry *e)
{
    const struct query_def *d = &e->query.def;

    if (!*d->name && !query_is_template(d))
        return;
    e->by_name = (struct keynode){.key = query_lower(d->name),
                                  .key_len = (uint32_t)strlen(d->name)};
    keymap_insert(names_of(qs, d), &e->by_name);
}

static void entry_unname(struct queries *qs, struct query_entry *e)
{
    if (!e->by_name.key)
        return;
    keymap_remove(names_of(qs, &e->query.def), &e->by_name);
    free((char *)e->by_name.key);
    e->by_name.key = NULL;
}

static struct query_entry *entry_new(struct queries *qs, const char *id)
{
    struct query_entry *e = xcalloc(1, sizeof(*e));

    memcpy(e->query.id, id, UUID_LEN);
    e->by_id = (struct keynode){.key = e->query.id, .key_len = UUID_LEN};
    keymap_insert(&qs->by_id, &e->by_id);
    return e;
}

static void entry_free(struct query_entry *e)
{
    query_def_free(&e->query.def);
    free(e);
}

/* def is taken over. */
static void entry_put(struct queries *qs, struct query_entry *e,
                      struct query_def *def)
{
    entry_unname(qs, e);
    query_def_free(&e->query.def);
    e->query.def = *def;
    *def = (struct query_def){0};
    entry_name(qs, e);
}

/* Another of that name (and kind); or NULL. */
static const struct query_entry *namesake(struct queries *qs,
                                          const struct query_def *d,
                                          const struct query_entry *but)
{
    char *key = query_lower(d->name);
    struct keynode *n = keymap_find(names_of(qs, d), key, strlen(key));

    free(key);
    if (!n || (but && n == &but->by_name))
        return NULL;
    return container_of(n, struct query_entry, by_name);
}

/* -- as the store sees it -------------------------------------------------- */

/* One change at a time: what it was judged by has not changed since. */
static bool queries_check(void *arg, const struct store_txn *txn)
{
    (void)arg;
    (void)txn;
    return true;
}

static void apply_put(struct queries *qs, struct query_change *ch,
                      uint64_t revision)
{
    if (!ch->entry) {
        ch->entry = entry_new(qs, ch->id);
        ch->entry->query.created = revision;
    }
    ch->entry->query.changed = revision;
    entry_put(qs, ch->entry, &ch->def);
}

static void apply_delete(struct queries *qs, struct query_change *ch)
{
    keymap_remove(&qs->by_id, &ch->entry->by_id);
    entry_unname(qs, ch->entry);
    entry_free(ch->entry);
    ch->entry = NULL;
}

static void queries_apply(void *arg, struct store_txn *txn, uint64_t revision)
{
    struct query_change *ch = container_of(txn, struct query_change, txn);
    struct queries *qs = arg;
    struct query_waiter *w, *next;

    if (txn->op == STORE_DELETE)
        apply_delete(qs, ch);
    else
        apply_put(qs, ch, revision);
    qs->index = revision;
    DL_FOREACH_SAFE (qs->waiters, w, next)
        w->changed(w);
}

static bool queries_write(void *arg, const struct store_txn *txn,
                          struct store_text *out)
{
    const struct query_change *ch = container_of(txn, struct query_change, txn);

    (void)arg;
    buf_add_str(&out->key, ch->id);
    out->created = ch->entry ? ch->entry->query.created : 0;
    if (txn->op == STORE_DELETE)
        return false;
    query_write(&ch->def, &out->value);
    return true;
}

static bool queries_load(void *arg, const struct store_row *row, char **error)
{
    struct queries *qs = arg;
    char id[UUID_LEN + 1] = "";
    struct query_entry *e;
    struct query_def def;

    if (!uuid_ok(row->key, row->key_len)) {
        *error = xstrdup("a prepared query has an id that none can have");
        return false;
    }
    memcpy(id, row->key, UUID_LEN);
    *error = query_read(&def, row->value, row->value_len);
    if (!*error && entry_find(qs, id))
        *error = xstrdup("it is there twice");
    if (!*error && (*def.name || query_is_template(&def)) &&
        namesake(qs, &def, NULL))
        *error = xstrdup("another has its name");
    if (*error) {
        char *what = *error;

        *error = xasprintf("prepared query %s: %s", id, what);
        free(what);
        query_def_free(&def);
        return false;
    }
    e = entry_new(qs, id);
    e->query.created = row->created;
    e->query.changed = row->changed;
    entry_put(qs, e, &def);
    return true;
}

/* -- changes --------------------------------------------------------------- */

static bool lives(const struct queries *qs, const char *session)
{
    return !*session || qs->session_lives(qs->session_arg, session);
}

static void change_end(struct query_change *ch, enum query_status status,
                       const char *text)
{
    struct queries *qs = ch->qs;
    bool orphan = status == QUERY_DONE && ch->entry &&
                  !lives(qs, ch->entry->query.def.session);

    if (ch->done)
        ch->done(ch->arg, status, ch->id, text);
    if (orphan) /* its session ended while it was under way */
        queries_remove(qs, ch->id, NULL, NULL);
    if (ch->turns)
        turns_done(&qs->turns, ch->turns);
    query_def_free(&ch->def);
    free(ch);
}

static void change_done(struct store_txn *txn, enum store_status status,
                        uint64_t revision)
{
    struct query_change *ch = container_of(txn, struct query_change, txn);

    (void)revision;
    if (status == STORE_OK)
        change_end(ch, QUERY_DONE, NULL);
    else
        change_end(ch, QUERY_FAILED,
                   txn->error ? txn->error : "the store refused it");
}

/* NULL, or what keeps it from being put among the others (free()). */
static char *put_refusal(struct queries *qs, const struct query_change *ch)
{
    const struct query_def *d = &ch->def;

    if (!ch->entry && qs->max && qs->by_id.count >= qs->max)
        return xstrdup("too many prepared queries in this registry "
                       "(limits.queries)");
    if (!lives(qs, d->session))
        return xasprintf("invalid session \"%s\"", d->session);
    if (query_is_template(d) && namesake(qs, d, ch->entry))
        return xasprintf("name '%s' aliases an existing query template name",
                         d->name);
    if (!query_is_template(d) && *d->name && namesake(qs, d, ch->entry))
        return xasprintf("name '%s' aliases an existing query name", d->name);
    if (uuid_ok(d->name, strlen(d->name)) && entry_find(qs, d->name))
        return xasprintf("name '%s' aliases an existing query ID", d->name);
    return NULL;
}

/* Its turn has come: it is judged, and goes to the store. */
static void change_run(struct query_change *ch)
{
    struct queries *qs = ch->qs;
    char *wrong;

    ch->entry = ch->creates ? NULL : entry_find(qs, ch->id);
    if (!ch->creates && !ch->restores && !ch->entry) {
        change_end(ch, QUERY_MISSING, "Query not found");
        return;
    }
    wrong = ch->txn.op == STORE_PUT ? put_refusal(qs, ch) : NULL;
    if (wrong) {
        change_end(ch, QUERY_REFUSED, wrong);
        free(wrong);
        return;
    }
    ch->txn.expect = ch->entry ? ch->entry->query.changed : STORE_EXPECT_ABSENT;
    ch->turns = turns_take(&qs->turns, ONE_AT_A_TIME, 0);
    store_commit(qs->store, &ch->txn);
}

static void turn_came(struct turn *t)
{
    change_run(container_of(t, struct query_change, turn));
}

static void change_go(struct query_change *ch)
{
    struct name_turns *n = turns_find(&ch->qs->turns, ONE_AT_A_TIME, 0);

    ch->turn.run = turn_came;
    if (n)
        turns_wait(n, &ch->turn);
    else
        change_run(ch);
}

static struct query_change *change_new(struct queries *qs, enum store_op op,
                                       query_done_fn *done, void *arg)
{
    struct query_change *ch = xcalloc(1, sizeof(*ch));

    ch->txn = (struct store_txn){
        .client = &qs->client, .op = op, .durable = true, .done = change_done};
    ch->qs = qs;
    ch->done = done;
    ch->arg = arg;
    return ch;
}

/* id and def as in queries_put(). */
static void put(struct query_change *ch, const char *id, struct query_def *def)
{
    char *wrong = query_def_wrong(def);

    ch->def = *def;
    *def = (struct query_def){0};
    if (id)
        snprintf(ch->id, sizeof(ch->id), "%s", id);
    else
        uuid_make(ch->id);
    if (wrong)
        change_end(ch, QUERY_REFUSED, wrong);
    else
        change_go(ch);
    free(wrong);
}

void queries_put(struct queries *qs, const char *id, struct query_def *def,
                 query_done_fn *done, void *arg)
{
    struct query_change *ch = change_new(qs, STORE_PUT, done, arg);

    ch->creates = !id;
    put(ch, id, def);
}

void queries_restore(struct queries *qs, const char *id, struct query_def *def,
                     query_done_fn *done, void *arg)
{
    struct query_change *ch = change_new(qs, STORE_PUT, done, arg);

    ch->restores = true;
    put(ch, id, def);
}

void queries_remove(struct queries *qs, const char *id, query_done_fn *done,
                    void *arg)
{
    struct query_change *ch = change_new(qs, STORE_DELETE, done, arg);

    snprintf(ch->id, sizeof(ch->id), "%s", id);
    change_go(ch);
}

void queries_look_at_sessions(struct queries *qs)
{
    const struct query *q, *next;

    for (q = queries_next(qs, NULL); q; q = next) {
        next = queries_next(qs, q);
        if (!lives(qs, q->def.session))
            queries_remove(qs, q->id, NULL, NULL);
    }
}

/* -- reading --------------------------------------------------------------- */

const struct query *queries_find(const struct queries *qs, const char *id)
{
    const struct query_entry *e = entry_find(qs, id);

    return e ? &e->query : NULL;
}

const struct query *queries_next(const struct queries *qs,
                                 const struct query *after)
{
    const struct query_entry *e =
        entry_of(after ? keymap_after(&qs->by_id, after->id, UUID_LEN)
                       : keymap_from(&qs->by_id, "", 0));

    return e ? &e->query : NULL;
}

size_t queries_count(const struct queries *qs)
{
    return qs->by_id.count;
}

uint64_t queries_index(const struct queries *qs)
{
    uint64_t index = qs->index > qs->first ? qs->index : qs->first;

    return index ? index : 1;
}

void queries_wait(struct queries *qs, struct query_waiter *w)
{
    if (w->waits)
        return;
    w->waits = true;
    DL_APPEND(qs->waiters, w);
}

void queries_wait_end(struct queries *qs, struct query_waiter *w)
{
    if (!w->waits)
        return;
    w->waits = false;
    DL_DELETE(qs->waiters, w);
}

/* -- life ------------------------------------------------------------------ */

struct queries *queries_new(struct store *store, size_t max,
                            query_session_fn *session_lives, void *arg)
{
    struct queries *qs = xcalloc(1, sizeof(*qs));

    qs->store = store;
    qs->max = max;
    qs->session_lives = session_lives;
    qs->session_arg = arg;
    qs->client = (struct store_client){.name = "queries",
                                       .check = queries_check,
                                       .apply = queries_apply,
                                       .write = queries_write,
                                       .load = queries_load,
                                       .arg = qs};
    store_add_client(store, &qs->client);
    return qs;
}

void queries_set_max(struct queries *qs, size_t max)
{
    qs->max = max;
}

void queries_start(struct queries *qs)
{
    qs->first = qs->store->revision;
    queries_look_at_sessions(qs);
}

static void entry_forget(struct keynode *n, void *arg)
{
    struct query_entry *e = entry_of(n);

    (void)arg;
    free((char *)e->by_name.key);
    entry_free(e);
}

void queries_free(struct queries *qs)
{
    if (!qs)
        return;
    keymap_empty(&qs->by_id, entry_forget, NULL);
    free(qs);
}

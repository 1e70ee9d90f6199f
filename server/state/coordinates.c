#include "server/state/coordinates.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/mem.h"
#include "server/state/keymap.h"

/* As Consul's agents: none is nearer than that. */
#define DISTANCE_LEAST 1.0e-6

/* What is known of one node. */
struct coordinate_entry {
    struct keynode by_name; /* its name in lower case */
    struct coordinate_row row;
    char key[COORDINATE_NODE_MAX + 1];
    char node[COORDINATE_NODE_MAX + 1];
    char segment[COORDINATE_NODE_MAX + 1];
};

struct coordinates {
    struct store *store; /* borrowed */
    struct store_client client;
    struct keymap by_name;
    uint64_t index, first; /* of the last change; as it was at the start */
    struct coordinate_waiter *waiters;
};

/* A change on its way. */
struct coordinate_txn {
    struct store_txn txn;
    struct coordinates *co;
    struct coordinate_entry *entry; /* owned, until it is applied */
    coordinate_done_fn *done;
    void *arg;
};

static struct coordinate_entry *entry_of(struct keynode *n)
{
    return n ? container_of(n, struct coordinate_entry, by_name) : NULL;
}

/* Its name as it is found; false: no node has such a one. */
static bool key_of(char key[COORDINATE_NODE_MAX + 1], const char *node)
{
    size_t i, len = strlen(node);

    if (len > COORDINATE_NODE_MAX)
        return false;
    for (i = 0; i <= len; i++)
        key[i] = (char)tolower((unsigned char)node[i]);
    return true;
}

static struct coordinate_entry *entry_find(const struct coordinates *co,
                                           const char *node)
{
    char key[COORDINATE_NODE_MAX + 1];

    return key_of(key, node)
               ? entry_of(keymap_find(&co->by_name, key, strlen(key)))
               : NULL;
}

/* -- reading --------------------------------------------------------------- */

const struct coordinate_row *coordinates_find(const struct coordinates *co,
                                              const char *node)
{
    const struct coordinate_entry *e = entry_find(co, node);

    return e ? &e->row : NULL;
}

const struct coordinate_row *
coordinates_next(const struct coordinates *co,
                 const struct coordinate_row *after)
{
    const struct coordinate_entry *e =
        after ? container_of(after, struct coordinate_entry, row) : NULL;

    e = entry_of(
        e ? keymap_after(&co->by_name, e->by_name.key, e->by_name.key_len)
          : keymap_from(&co->by_name, "", 0));
    return e ? &e->row : NULL;
}

size_t coordinates_count(const struct coordinates *co)
{
    return co->by_name.count;
}

uint64_t coordinates_index(const struct coordinates *co)
{
    uint64_t index = co->index > co->first ? co->index : co->first;

    return index ? index : 1;
}

double coordinate_distance(const struct coordinate *a,
                           const struct coordinate *b)
{
    double sum = 0, raw, adjusted;
    int i;

    for (i = 0; i < COORDINATE_DIMENSIONS; i++)
        sum += (a->vec[i] - b->vec[i]) * (a->vec[i] - b->vec[i]);
    raw = sqrt(sum) + a->height + b->height;
    adjusted = raw + a->adjustment + b->adjustment;
    if (adjusted > 0)
        raw = adjusted;
    return raw > DISTANCE_LEAST ? raw : DISTANCE_LEAST;
}

struct placed {
    double distance;
    size_t was;
    const void *row;
};

static int by_distance(const void *one, const void *other)
{
    const struct placed *a = one, *b = other;

    if (a->distance < b->distance)
        return -1;
    if (a->distance > b->distance)
        return 1;
    return a->was < b->was ? -1 : a->was > b->was;
}

void coordinates_sort(const struct coordinates *co, const char *near,
                      const void **rows, size_t count,
                      const char *(*node_of)(const void *row))
{
    const struct coordinate_row *from =
        near ? coordinates_find(co, near) : NULL;
    const struct coordinate_row *to;
    struct placed *placed;
    size_t i;

    if (!from || count < 2)
        return;
    placed = xreallocarray(NULL, count, sizeof(*placed));
    for (i = 0; i < count; i++) {
        to = coordinates_find(co, node_of(rows[i]));
        placed[i] = (struct placed){
            .distance = to ? coordinate_distance(&from->at, &to->at) : INFINITY,
            .was = i,
            .row = rows[i]};
    }
    qsort(placed, count, sizeof(*placed), by_distance);
    for (i = 0; i < count; i++)
        rows[i] = placed[i].row;
    free(placed);
}

/* -- waiting --------------------------------------------------------------- */

void coordinates_wait(struct coordinates *co, struct coordinate_waiter *w)
{
    if (w->waits)
        return;
    w->waits = true;
    DL_APPEND(co->waiters, w);
}

void coordinates_wait_end(struct coordinates *co, struct coordinate_waiter *w)
{
    if (!w->waits)
        return;
    w->waits = false;
    DL_DELETE(co->waiters, w);
}

/* -- as the store sees it -------------------------------------------------- */

static bool coordinates_check(void *arg, const struct store_txn *txn)
{
    (void)arg;
    (void)txn;
    return true;
}

static void coordinates_apply(void *arg, struct store_txn *txn,
                              uint64_t revision)
{
    struct coordinate_txn *t = container_of(txn, struct coordinate_txn, txn);
    struct coordinates *co = arg;
    struct coordinate_entry *old = entry_find(co, t->entry->node);
    struct coordinate_waiter *w, *next;

    if (old)
        keymap_remove(&co->by_name, &old->by_name);
    if (txn->op == STORE_PUT) {
        t->entry->row.created = old ? old->row.created : revision;
        t->entry->row.changed = revision;
        keymap_insert(&co->by_name, &t->entry->by_name);
        t->entry = NULL;
    }
    free(old);
    co->index = revision;
    DL_FOREACH_SAFE (co->waiters, w, next)
        w->changed(w);
}

/* Never, both: none is durable. */
static bool coordinates_write(void *arg, const struct store_txn *txn,
                              struct store_text *out)
{
    (void)arg;
    (void)txn;
    (void)out;
    return false;
}

static bool coordinates_load(void *arg, const struct store_row *row,
                             char **error)
{
    (void)arg;
    (void)row;
    *error = xstrdup("coordinates are not kept");
    return false;
}

static void coordinates_done(struct store_txn *txn, enum store_status status,
                             uint64_t revision)
{
    struct coordinate_txn *t = container_of(txn, struct coordinate_txn, txn);

    (void)revision;
    if (t->done && status == STORE_OK)
        t->done(t->arg, COORDINATE_DONE, NULL);
    else if (t->done)
        t->done(t->arg, COORDINATE_FAILED,
                txn->error ? txn->error : "the store refused it");
    free(t->entry);
    free(t);
}

static void commit(struct coordinates *co, enum store_op op,
                   struct coordinate_entry *e, coordinate_done_fn *done,
                   void *arg)
{
    struct coordinate_txn *t = xcalloc(1, sizeof(*t));

    t->txn = (struct store_txn){.client = &co->client,
                                .op = op,
                                .expect = STORE_EXPECT_ANY,
                                .done = coordinates_done};
    t->co = co;
    t->entry = e;
    t->done = done;
    t->arg = arg;
    store_commit(co->store, &t->txn);
}

/* -- changes --------------------------------------------------------------- */

static struct coordinate_entry *entry_new(const char *node, const char *segment,
                                          const struct coordinate *at)
{
    struct coordinate_entry *e = xcalloc(1, sizeof(*e));

    key_of(e->key, node);
    memcpy(e->node, node, strlen(node) + 1);
    memcpy(e->segment, segment, strlen(segment) + 1);
    e->by_name.key = e->key;
    e->by_name.key_len = (uint32_t)strlen(e->key);
    e->row.node = e->node;
    e->row.segment = e->segment;
    e->row.at = *at;
    return e;
}

static bool is_finite(const struct coordinate *at)
{
    int i;

    for (i = 0; i < COORDINATE_DIMENSIONS; i++)
        if (!isfinite(at->vec[i]))
            return false;
    return isfinite(at->error) && isfinite(at->adjustment) &&
           isfinite(at->height);
}

static bool is_same(const struct coordinate *a, const struct coordinate *b)
{
    int i;

    for (i = 0; i < COORDINATE_DIMENSIONS; i++)
        if (a->vec[i] < b->vec[i] || a->vec[i] > b->vec[i])
            return false;
    return !(a->error < b->error || a->error > b->error ||
             a->adjustment < b->adjustment || a->adjustment > b->adjustment ||
             a->height < b->height || a->height > b->height);
}

void coordinates_update(struct coordinates *co, const char *node,
                        const char *segment, const struct coordinate *at,
                        coordinate_done_fn *done, void *arg)
{
    const struct coordinate_row *now;
    const char *wrong = NULL;

    segment = segment ? segment : "";
    if (!*node || strlen(node) > COORDINATE_NODE_MAX ||
        strlen(segment) > COORDINATE_NODE_MAX)
        wrong = "the name of the node or of the segment is too long, or empty";
    else if (!is_finite(at))
        wrong = "invalid coordinate";
    now = wrong ? NULL : coordinates_find(co, node);
    if (wrong ||
        (now && !strcmp(now->segment, segment) && is_same(&now->at, at))) {
        if (done)
            done(arg, wrong ? COORDINATE_REFUSED : COORDINATE_DONE, wrong);
        return;
    }
    commit(co, STORE_PUT, entry_new(node, segment, at), done, arg);
}

void coordinates_forget(struct coordinates *co, const char *node)
{
    static const struct coordinate none;

    if (coordinates_find(co, node))
        commit(co, STORE_DELETE, entry_new(node, "", &none), NULL, NULL);
}

/* -- life ------------------------------------------------------------------ */

struct coordinates *coordinates_new(struct store *store)
{
    struct coordinates *co = xcalloc(1, sizeof(*co));

    co->store = store;
    co->client = (struct store_client){.name = "coordinate",
                                       .check = coordinates_check,
                                       .apply = coordinates_apply,
                                       .write = coordinates_write,
                                       .load = coordinates_load,
                                       .arg = co};
    store_add_client(store, &co->client);
    return co;
}

void coordinates_start(struct coordinates *co)
{
    co->first = co->store->revision;
}

static void entry_drop(struct keynode *n, void *arg)
{
    (void)arg;
    free(entry_of(n));
}

void coordinates_free(struct coordinates *co)
{
    if (!co)
        return;
    keymap_empty(&co->by_name, entry_drop, NULL);
    free(co);
}

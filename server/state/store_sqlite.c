/*
 * The durable store: an SQLite database, and a thread that writes to it
 * (writer.h). Here is the loop's side: the order of changes, their revisions,
 * and what is under way.
 *
 *   commit --> coming --hand_over--> writer --collect--> applied, done
 *
 * Revisions never go back, not even after a crash: the database says below
 * which one all that were used are, that is moved on long before it is reached,
 * and every start begins there.
 */
#include <assert.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "lib/db.h"
#include "lib/mem.h"
#include "server/state/store.h"
#include "server/state/store_backup.h"
#include "server/state/writer.h"

/* Revisions reserved at once. So many changes that need no disk can be made
 * while the disk fails; so far do revisions jump after a crash. */
#define RESERVE     ((uint64_t)1 << 28)
#define COLLECT_MAX 1000 /* changes applied in one turn of the loop */
#define TEXT_KEEP   65536
#define ENTRY_BYTES (sizeof(struct entry) + sizeof(struct kept))

struct sqlite_store {
    struct store base;
    struct db db;
    struct writer *writer;       /* from the replay on */
    struct store_backup *backup; /* under way; or NULL */
    struct entries coming;       /* not handed over yet */
    struct batch *done;          /* being applied */
    struct store_text text;
    uint64_t next;     /* the newest revision that was given */
    uint64_t reserved; /* those below it may be */
    uint64_t asked;    /* to be reserved, on its way */
    bool closing;
};

static struct sqlite_store *sqlite_of(struct store *s)
{
    return container_of(s, struct sqlite_store, base);
}

static void fail(struct store *s, struct store_txn *txn, const char *error)
{
    txn->error = error;
    txn->done(txn, STORE_FAILED, s->revision);
}

/* -- revisions ------------------------------------------------------------- */

/* More revisions are needed soon: 0, or what is to be reserved. */
static uint64_t reserve_more(struct sqlite_store *q)
{
    if (q->base.degraded || q->asked - q->next > RESERVE / 2)
        return 0;
    q->asked = q->next + RESERVE;
    return q->asked;
}

static void ask_pending(struct sqlite_store *q)
{
    struct store *s = &q->base;

    if (s->pending)
        s->pending(s->pending_arg);
    else
        store_hand_over(s);
}

/* -- on the way ------------------------------------------------------------ */

static struct kept *kept_new(struct sqlite_store *q,
                             const struct store_txn *txn, uint64_t revision)
{
    const struct store_client *client = txn->client;
    struct store_text *t = &q->text;
    struct kept *k;
    bool put;

    buf_reset(&t->key, TEXT_KEEP);
    buf_reset(&t->value, TEXT_KEEP);
    t->created = t->changed = 0;
    put = client->write(client->arg, txn, t);
    k = xmalloc(sizeof(*k) + buf_len(&t->key) + buf_len(&t->value));
    *k = (struct kept){.kind = client->name,
                       .put = put,
                       .fresh = !t->created && revision,
                       .created = t->created ? t->created : revision,
                       .changed = t->changed ? t->changed : revision,
                       .key_len = buf_len(&t->key),
                       .value_len = buf_len(&t->value)};
    if (k->key_len)
        memcpy(k->bytes, buf_data(&t->key), k->key_len);
    if (k->value_len)
        memcpy(k->bytes + k->key_len, buf_data(&t->value), k->value_len);
    return k;
}

static struct entry *entry_new(struct sqlite_store *q, struct store_txn *txn)
{
    struct entry *e = xcalloc(1, sizeof(*e));
    struct kept **last = &e->kept;
    uint64_t span = store_span(txn), at = span ? q->next + 1 : 0;
    unsigned place = 0;

    e->txn = txn;
    e->bytes = ENTRY_BYTES;
    q->next += span;
    e->revision = span ? q->next : 0;
    for (; txn; txn = txn->also) {
        at += txn->next;
        if (!txn->durable)
            continue;
        *last = kept_new(q, txn, at);
        (*last)->place = (*last)->fresh ? place++ : 0;
        assert(place <= STORE_FRESH);
        e->bytes += (*last)->key_len + (*last)->value_len;
        last = &(*last)->next;
    }
    return e;
}

static bool is_durable(const struct store_txn *txn)
{
    for (; txn; txn = txn->also)
        if (txn->durable)
            return true;
    return false;
}

/* Nothing is under way, and it need not be kept. */
static void commit_now(struct sqlite_store *q, struct store_txn *txn)
{
    struct store *s = &q->base;
    uint64_t revision;

    if (!txn->silent)
        s->revision = q->next += store_span(txn);
    revision = s->revision; /* who is told of it may ask for more */
    store_apply(s, txn, revision);
    txn->done(txn, STORE_OK, revision);
    if (reserve_more(q))
        ask_pending(q);
}

static void commit_later(struct sqlite_store *q, struct store_txn *txn)
{
    struct entry *e = entry_new(q, txn);

    entries_add(&q->coming, e);
    q->base.idle = false;
    q->base.counts.under_way++;
    q->base.counts.bytes += e->bytes;
    if (q->coming.count == 1)
        ask_pending(q);
}

static const char *refusal(const struct sqlite_store *q, bool durable,
                           uint64_t span)
{
    const struct store *s = &q->base;

    if (q->closing)
        return "not kept: the registry is going down";
    if (q->next + 1 + span > q->reserved)
        return s->degraded ? s->degraded : "not kept: no revision is left";
    if (durable && s->counts.bytes >= s->queue)
        return "not kept: too many changes wait for the disk: try again";
    return NULL;
}

static void sqlite_commit(struct store *s, struct store_txn *txn)
{
    struct sqlite_store *q = sqlite_of(s);
    bool durable = is_durable(txn);
    const char *error = refusal(q, durable, store_span(txn));

    if (error) {
        s->counts.refusals++;
        fail(s, txn, error);
    } else if (!store_check(txn)) {
        txn->done(txn, STORE_CONFLICT, s->revision);
    } else if (durable || !s->idle) {
        commit_later(q, txn);
    } else {
        commit_now(q, txn);
    }
}

static void sqlite_hand_over(struct store *s)
{
    struct sqlite_store *q = sqlite_of(s);
    uint64_t reserve;

    if (!q->writer)
        return;
    reserve = q->asked != q->reserved && !s->degraded ? q->asked : 0;
    if (q->coming.count || reserve)
        writer_give(q->writer, &q->coming, reserve);
}

/* -- done ------------------------------------------------------------------ */

static void entry_done(struct sqlite_store *q, struct entry *e)
{
    struct store *s = &q->base;
    struct store_txn *txn = e->txn;
    const char *error = e->error;
    uint64_t revision, at;

    s->counts.under_way--;
    s->counts.bytes -= e->bytes;
    s->idle = !s->counts.under_way;
    if (e->revision)
        s->revision = e->revision;
    revision = s->revision;
    entry_free(e);
    if (!error) {
        store_apply(s, txn, revision);
        txn->done(txn, STORE_OK, revision);
        return;
    }
    for (at = revision - store_span(txn); at++ < revision;)
        store_other(s, at);
    fail(s, txn, error);
}

static void count_batch(struct store *s, const struct batch *b)
{
    struct store_counts *c = &s->counts;

    if (b->error) {
        c->failures += b->entries.kept;
    } else if (b->entries.kept) {
        c->commits++;
        c->changes += b->entries.kept;
        histogram_add(&c->size, b->entries.kept);
        histogram_add(&c->seconds, b->seconds);
    }
    c->file_bytes = b->file_bytes;
    c->log_bytes = b->log_bytes;
    c->checkpoints = b->checkpoints;
    c->degraded = b->error != NULL;
}

/* What the writer says of itself; its changes follow. */
static void batch_news(struct sqlite_store *q, const struct batch *b)
{
    struct store *s = &q->base;
    const char *before = s->degraded;

    count_batch(s, b);
    s->degraded = b->error;
    q->reserved = b->reserved;
    if (b->error)
        q->asked = q->reserved; /* it is to be asked again */
    if (s->told && (!before != !b->error))
        s->told(s->pending_arg, s->degraded);
    if (!s->degraded && reserve_more(q))
        ask_pending(q);
}

static bool next_batch(struct sqlite_store *q)
{
    if (!q->writer)
        return false;
    q->done = writer_take(q->writer);
    if (q->done)
        batch_news(q, q->done);
    return q->done != NULL;
}

/* Applies some of what is done; false: there is no more. */
static bool collect_some(struct sqlite_store *q, unsigned n)
{
    struct entry *e;

    while (q->done || next_batch(q)) {
        while (n && (e = entries_shift(&q->done->entries))) {
            entry_done(q, e);
            n--;
        }
        if (!n)
            return true;
        batch_free(q->done);
        q->done = NULL;
    }
    return false;
}

static void sqlite_collect(struct store *s)
{
    struct sqlite_store *q = sqlite_of(s);

    if (collect_some(q, COLLECT_MAX))
        return; /* fd stays readable */
    if (q->backup && store_backup_is_done(q->backup)) {
        store_backup_end(q->backup);
        q->backup = NULL;
    }
}

static void sqlite_finish(struct store *s)
{
    struct sqlite_store *q = sqlite_of(s);

    if (!q->writer)
        return;
    while (s->counts.under_way) {
        sqlite_hand_over(s);
        writer_wait(q->writer);
        collect_some(q, UINT32_MAX);
    }
}

/* -- start and end --------------------------------------------------------- */

static bool replay_row(struct store *s, sqlite3_stmt *st, char **error)
{
    const char *kind = (const char *)sqlite3_column_text(st, 1);
    const struct store_client *client = store_find_client(s, kind);
    struct store_row row = {
        .created = (uint64_t)sqlite3_column_int64(st, 0) / DB_PLACES,
        .key = sqlite3_column_blob(st, 2),
        .key_len = (size_t)sqlite3_column_bytes(st, 2),
        .changed = (uint64_t)sqlite3_column_int64(st, 3),
        .value = sqlite3_column_blob(st, 4),
        .value_len = (size_t)sqlite3_column_bytes(st, 4),
    };

    if ((uint32_t)sqlite3_column_int64(st, 5) !=
        kept_sum(kind, row.created, row.changed, row.key, row.key_len,
                 row.value, row.value_len)) {
        *error = xasprintf("the record of kind '%.80s' with id %lld is damaged",
                           kind, (long long)sqlite3_column_int64(st, 0));
        return false;
    }
    if (!client) {
        *error = xasprintf("a record of kind '%.80s' is not known here: run "
                           "the muster that wrote it",
                           kind);
        return false;
    }
    if (row.changed > s->revision)
        s->revision = row.changed;
    s->counts.records++;
    return client->load(client->arg, &row, error);
}

static bool replay_records(struct store *s, sqlite3 *sql, char **error)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(sql,
                                "SELECT id, kind, key, changed, value, sum "
                                "FROM records ORDER BY id",
                                -1, &st, NULL);

    if (rc == SQLITE_OK)
        while ((rc = sqlite3_step(st)) == SQLITE_ROW)
            if (!replay_row(s, st, error))
                break;
    if (rc != SQLITE_DONE && rc != SQLITE_ROW)
        *error = xstrdup(sqlite3_errmsg(sql));
    sqlite3_finalize(st);
    return rc == SQLITE_DONE;
}

static bool sqlite_replay(struct store *s, char **error)
{
    struct sqlite_store *q = sqlite_of(s);
    const char *path = q->db.path;
    char *wrong = NULL;
    uint64_t revision;

    if (!replay_records(s, q->db.sql, &wrong) ||
        !db_get(&q->db, "revision", &revision)) {
        *error = xasprintf("%s cannot be read: %s; it is left alone: move it "
                           "away and restore a backup with 'muster restore'",
                           path, wrong ? wrong : "the disk failed");
        free(wrong);
        return false;
    }
    if (revision > s->revision)
        s->revision = revision;
    q->next = q->reserved = q->asked = s->revision;
    q->writer = writer_start(&q->db, q->reserved);
    s->fd = writer_fd(q->writer);
    reserve_more(q);
    sqlite_hand_over(s);
    writer_wait(q->writer);
    collect_some(q, UINT32_MAX); /* or it is degraded from the start */
    return true;
}

static void sqlite_close(struct store *s)
{
    struct sqlite_store *q = sqlite_of(s);

    q->closing = true;
    if (q->backup)
        store_backup_end(q->backup);
    sqlite_finish(s);
    if (q->writer)
        writer_stop(q->writer, q->next + 1);
    db_close(&q->db);
    buf_free(&q->text.key);
    buf_free(&q->text.value);
    free(q);
}

static void sqlite_backup(struct store *s, store_backup_fn *done, void *arg)
{
    struct sqlite_store *q = sqlite_of(s);

    if (q->backup)
        done(arg, -1, "another backup is being made: try again");
    else
        q->backup = store_backup_begin(q->db.path, s->fd, done, arg);
}

struct store *store_sqlite_open(const char *path, size_t queue, char **error)
{
    static const struct store_ops ops = {
        .name = "sqlite",
        .immediate = false,
        .commit = sqlite_commit,
        .hand_over = sqlite_hand_over,
        .collect = sqlite_collect,
        .finish = sqlite_finish,
        .backup = sqlite_backup,
        .replay = sqlite_replay,
        .close = sqlite_close,
    };
    struct sqlite_store *q = xcalloc(1, sizeof(*q));

    *error = db_open(&q->db, db_registry(), path);
    if (*error) {
        db_close(&q->db);
        free(q);
        return NULL;
    }
    q->base.ops = &ops;
    q->base.idle = true;
    q->base.fd = -1;
    q->base.queue = queue;
    histogram_init_counts(&q->base.counts.size);
    histogram_init_seconds(&q->base.counts.seconds);
    return &q->base;
}

#include "server/state/execs.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/mem.h"
#include "server/state/turns.h"

/* One that is kept: what the store has to be told of it. The bytes are there
 * only if they came from the store, for who goes on with them. */
struct exec_entry {
    char id[EXEC_ID_MAX + 1];
    uint64_t created;
    char *bytes; /* owned; NULL: it was put since the start */
    size_t len;
    struct exec_entry *prev, *next;
};

struct execs {
    struct store *store; /* borrowed */
    struct store_client client;
    struct turns turns;         /* one change of each at a time */
    struct exec_entry *entries; /* few: who runs them has a bound */
};

/* A change on its way. */
struct exec_change {
    struct store_txn txn;
    struct turn turn;
    struct name_turns *turns;
    struct execs *x;
    char id[EXEC_ID_MAX + 1];
    struct buf bytes;         /* STORE_PUT */
    struct exec_entry *entry; /* NULL: a new one */
    exec_done_fn *done;       /* or NULL */
    void *arg;
    bool *over; /* set when it is: execs_put() has not returned yet */
};

static struct exec_entry *entry_find(const struct execs *x, const char *id)
{
    struct exec_entry *e;

    DL_FOREACH (x->entries, e)
        if (strcmp(e->id, id) == 0)
            return e;
    return NULL;
}

static struct exec_entry *entry_new(struct execs *x, const char *id, size_t len)
{
    struct exec_entry *e = xcalloc(1, sizeof(*e));

    memcpy(e->id, id, len);
    DL_APPEND(x->entries, e);
    return e;
}

static void entry_free(struct execs *x, struct exec_entry *e)
{
    DL_DELETE(x->entries, e);
    free(e->bytes);
    free(e);
}

/* -- as the store sees it -------------------------------------------------- */

/* One change at a time: what it was judged by has not changed since. */
static bool execs_check(void *arg, const struct store_txn *txn)
{
    (void)arg;
    (void)txn;
    return true;
}

static void execs_apply(void *arg, struct store_txn *txn, uint64_t revision)
{
    struct exec_change *ch = container_of(txn, struct exec_change, txn);
    struct execs *x = arg;

    if (txn->op == STORE_DELETE) {
        entry_free(x, ch->entry);
        return;
    }
    if (!ch->entry) {
        ch->entry = entry_new(x, ch->id, strlen(ch->id));
        ch->entry->created = revision;
    }
    free(ch->entry->bytes);
    ch->entry->bytes = NULL;
}

static bool execs_write(void *arg, const struct store_txn *txn,
                        struct store_text *out)
{
    const struct exec_change *ch = container_of(txn, struct exec_change, txn);

    (void)arg;
    buf_add_str(&out->key, ch->id);
    out->created = ch->entry ? ch->entry->created : 0;
    if (txn->op == STORE_DELETE)
        return false;
    buf_add(&out->value, buf_data(&ch->bytes), buf_len(&ch->bytes));
    return true;
}

static bool execs_load(void *arg, const struct store_row *row, char **error)
{
    struct execs *x = arg;
    struct exec_entry *e;

    if (!row->key_len || row->key_len > EXEC_ID_MAX ||
        memchr(row->key, '\0', row->key_len)) {
        *error = xstrdup("a remote execution has an id that none can have");
        return false;
    }
    e = entry_new(x, row->key, row->key_len);
    e->created = row->created;
    e->bytes = xmemdup0(row->value, row->value_len);
    e->len = row->value_len;
    return true;
}

/* -- changes --------------------------------------------------------------- */

static void change_end(struct exec_change *ch, const char *text)
{
    if (ch->done)
        ch->done(ch->arg, text);
    if (ch->over)
        *ch->over = true;
    if (ch->turns)
        turns_done(&ch->x->turns, ch->turns);
    buf_free(&ch->bytes);
    free(ch);
}

static void change_done(struct store_txn *txn, enum store_status status,
                        uint64_t revision)
{
    struct exec_change *ch = container_of(txn, struct exec_change, txn);

    (void)revision;
    if (status == STORE_OK)
        change_end(ch, NULL);
    else
        change_end(ch, txn->error ? txn->error : "the store refused it");
}

static void change_run(struct turn *t)
{
    struct exec_change *ch = container_of(t, struct exec_change, turn);

    ch->entry = entry_find(ch->x, ch->id);
    if (ch->txn.op == STORE_DELETE && !ch->entry) {
        change_end(ch, NULL);
        return;
    }
    ch->txn.expect = ch->entry ? STORE_EXPECT_ANY : STORE_EXPECT_ABSENT;
    ch->turns = turns_take(&ch->x->turns, ch->id, strlen(ch->id));
    store_commit(ch->x->store, &ch->txn);
}

static void change_go(struct exec_change *ch)
{
    struct name_turns *n = turns_find(&ch->x->turns, ch->id, strlen(ch->id));

    ch->turn.run = change_run;
    if (n)
        turns_wait(n, &ch->turn);
    else
        change_run(&ch->turn);
}

static struct exec_change *change_new(struct execs *x, enum store_op op,
                                      const char *id)
{
    struct exec_change *ch = xcalloc(1, sizeof(*ch));

    ch->txn = (struct store_txn){
        .client = &x->client, .op = op, .durable = true, .done = change_done};
    ch->x = x;
    memcpy(ch->id, id, strnlen(id, EXEC_ID_MAX));
    return ch;
}

struct exec_change *execs_put(struct execs *x, const char *id,
                              const void *bytes, size_t len, exec_done_fn *done,
                              void *arg)
{
    struct exec_change *ch = change_new(x, STORE_PUT, id);
    bool over = false;

    buf_add(&ch->bytes, bytes, len);
    ch->done = done;
    ch->arg = arg;
    ch->over = &over;
    change_go(ch);
    if (over)
        return NULL;
    ch->over = NULL;
    return ch;
}

void execs_let_go(struct exec_change *ch)
{
    if (ch)
        ch->done = NULL;
}

void execs_remove(struct execs *x, const char *id)
{
    change_go(change_new(x, STORE_DELETE, id));
}

/* -- after the replay ------------------------------------------------------ */

bool execs_take(struct execs *x, struct exec_kept *out)
{
    struct exec_entry *e = x->entries;

    while (e && !e->bytes)
        e = e->next;
    if (!e)
        return false;
    memcpy(out->id, e->id, sizeof(out->id));
    out->bytes = e->bytes;
    out->len = e->len;
    e->bytes = NULL;
    return true;
}

/* -- life ------------------------------------------------------------------ */

struct execs *execs_new(struct store *store)
{
    struct execs *x = xcalloc(1, sizeof(*x));

    x->store = store;
    x->client = (struct store_client){.name = "exec",
                                      .check = execs_check,
                                      .apply = execs_apply,
                                      .write = execs_write,
                                      .load = execs_load,
                                      .arg = x};
    store_add_client(store, &x->client);
    return x;
}

void execs_free(struct execs *x)
{
    if (!x)
        return;
    while (x->entries)
        entry_free(x, x->entries);
    free(x);
}

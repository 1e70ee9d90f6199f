/*
 * A restore: looked at in a thread, then done by the loop, kind by kind:
 *
 *   read --wrong--> done(SNAPSHOT_REFUSED)
 *     '--right, journal kept--> ACL: remove, put -> SERVICE: remove, put ->
 *        ...  --all, journal gone--> done(SNAPSHOT_DONE)
 *          |--the store fails, journal gone--> done(SNAPSHOT_FAILED)
 *          '--the daemon ends--> done(SNAPSHOT_LATER)
 *
 * One that a start goes on with begins with the journal, and keeps it when it
 * cannot be done.
 */
#include <stdlib.h>
#include <string.h>

#include "server/musterd.h"
#include "server/snapshot_impl.h"
#include "server/snapshot_journal.h"
#include "server/state/directory.h"

#define ROWS_A_TURN 400

/* -- its life -------------------------------------------------------------- */

static void restore_free(struct restore *r)
{
    musterd_not_later(r->m, &r->step);
    loop_fd_free(r->ready);
    offload_free(r->thread);
    restore_forget_names(r);
    snapshot_free(&r->snapshot);
    free(r->bytes);
    free(r->after);
    free(r->wrong);
    free(r->journal);
    free(r);
}

static void restore_told(struct restore *r)
{
    r->m->restoring = NULL;
    catalog_owner_gone(r->m->catalog, &r->owner);
    r->done(r->arg, r->end, r->wrong, &r->counts);
    restore_free(r);
}

static void give(struct restore *r)
{
    struct offload_items items = {0};

    offload_add(&items, &r->item);
    offload_give(r->thread, &items);
    loop_fd_on(r->ready);
}

/* Nothing is under way any more. */
static void restore_over(struct restore *r)
{
    if (r->wrong && r->end == SNAPSHOT_DONE)
        r->end = SNAPSHOT_FAILED;
    r->closing = r->journaled && r->end != SNAPSHOT_LATER &&
                 (!r->resumed || r->end == SNAPSHOT_DONE);
    if (!r->closing) {
        restore_told(r);
        return;
    }
    musterd_not_later(r->m, &r->step); /* what was answered at once asks */
    give(r);
}

void restore_begin(struct restore *r)
{
    r->under_way++;
}

void restore_end(struct restore *r, const char *text)
{
    r->under_way--;
    if (text && !r->wrong)
        r->wrong = xstrdup(text);
    if (r->stopping && !r->under_way)
        restore_over(r);
    else if (!r->stopping && !r->step.queued)
        musterd_later(r->m, &r->step);
}

/* -- on the loop ----------------------------------------------------------- */

/* The next kind, which is removed from first. */
static void next_kind(struct restore *r)
{
    r->kind++;
    r->removed = false;
    r->after_seq = 0;
    r->after_len = 0;
    free(r->after);
    r->after = NULL;
}

/* Half of what may wait for the disk does: others want to change things, too,
 * and a restore that the store refuses would be done in part. */
static bool is_much(const struct store *s)
{
    return s->queue && s->counts.bytes >= s->queue / 2;
}

/* False: enough for this turn, or enough is under way. */
static bool go_on(struct restore *r, unsigned *budget)
{
    const struct snapshot *s = &r->snapshot;

    if (!*budget || r->under_way >= RESTORE_UNDER_WAY || is_much(r->m->store))
        return false;
    --*budget;
    if (r->kind == SNAPSHOT_KEY && !r->removed) {
        r->removed = restore_keys(r, budget);
    } else if (!r->removed) {
        r->removed = restore_remove(r, budget);
    } else if (r->at < s->count && s->rows[r->at].kind == r->kind) {
        restore_row(r, &s->rows[r->at++]);
    } else if (r->under_way) {
        return false; /* the next kind builds on this one */
    } else {
        next_kind(r);
    }
    return true;
}

static void restore_step(void *arg)
{
    struct restore *r = arg;
    unsigned budget = musterd_share(r->m, ROWS_A_TURN);

    musterd_turn_came(r->m);
    musterd_tick(r->m);
    while (!r->wrong && r->kind < SNAPSHOT_KINDS && go_on(r, &budget))
        continue;
    if (r->under_way) /* restore_end() goes on */
        return;
    if (r->wrong || r->kind == SNAPSHOT_KINDS)
        restore_over(r);
    else if (!r->step.queued)
        musterd_later(r->m, &r->step);
}

/* -- in the thread --------------------------------------------------------- */

static void read_file(struct restore *r)
{
    if (r->resumed)
        r->bytes = journal_read(r->journal, &r->len, &r->wrong);
    if (!r->wrong)
        r->wrong = snapshot_read(&r->snapshot, r->bytes, r->len);
    if (!r->wrong && r->journal && !r->resumed)
        r->wrong = journal_write(r->journal, r->bytes, r->len);
    r->journaled = r->journal && !r->wrong;
    if (r->wrong)
        r->end = SNAPSHOT_REFUSED;
    else
        restore_names(r);
    free(r->bytes);
    r->bytes = NULL;
}

static void close_journal(struct restore *r)
{
    char *wrong = journal_drop(r->journal);

    r->closing = r->journaled = false;
    if (!wrong)
        return;
    r->end = SNAPSHOT_FAILED;
    free(r->wrong);
    r->wrong = wrong;
}

static void look(void *arg, struct offload_items *items)
{
    struct offload_item *item;
    struct restore *r;

    (void)arg;
    for (item = items->first; item; item = item->next) {
        r = container_of(item, struct restore, item);
        if (r->closing)
            close_journal(r);
        else
            read_file(r);
    }
}

static void looked(void *arg)
{
    struct restore *r = arg;
    struct offload_items items = {0};

    if (!offload_take(r->thread, &items))
        return;
    loop_fd_off(r->ready);
    if (r->end != SNAPSHOT_DONE || r->looked) {
        restore_told(r);
        return;
    }
    r->looked = true;
    directory_wake(r->m->directory);
    musterd_later(r->m, &r->step);
}

/* bytes NULL: it goes on with its journal. */
static void restore_new(struct musterd *m, char *journal, char *bytes,
                        size_t len, snapshot_done_fn *done, void *arg)
{
    struct restore *r = xcalloc(1, sizeof(*r));

    r->m = m;
    r->journal = journal;
    r->resumed = !bytes;
    r->bytes = bytes;
    r->len = len;
    r->done = done;
    r->arg = arg;
    r->step = (struct loop_task){.fn = restore_step, .arg = r};
    r->owner.fixed = "a snapshot is being restored: try again";
    r->thread = offload_new(look, NULL);
    r->ready = loop_fd_new(m->loop, offload_fd(r->thread), false, looked, r);
    m->restoring = r;
    give(r);
}

bool snapshot_restore(struct musterd *m, char *bytes, size_t len,
                      snapshot_done_fn *done, void *arg)
{
    if (m->restoring)
        return false;
    restore_new(m, journal_path(m), bytes, len, done, arg);
    return true;
}

bool snapshot_resume(struct musterd *m, snapshot_done_fn *done, void *arg)
{
    char *journal = journal_path(m);

    if (journal)
        journal_tidy(journal);
    if (!journal || !journal_is_there(journal)) {
        free(journal);
        return false;
    }
    restore_new(m, journal, NULL, 0, done, arg);
    return true;
}

void snapshot_stop(struct musterd *m)
{
    struct restore *r = m->restoring;
    struct offload_items items = {0};

    if (!r || r->stopping)
        return;
    r->stopping = true;
    offload_wait(r->thread);
    if (offload_take(r->thread, &items) &&
        (r->looked || r->end == SNAPSHOT_REFUSED)) {
        restore_told(r);
        return;
    }
    if (!r->wrong)
        r->wrong = xstrdup("musterd is going down");
    r->end = r->journaled ? SNAPSHOT_LATER : SNAPSHOT_FAILED;
    if (!r->under_way)
        restore_over(r);
}

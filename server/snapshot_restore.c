/*
 * A restore: looked at in a thread, then done by the loop, kind by kind:
 *
 *   read --wrong--> done(is_file)
 *     '--right--> ACL: remove, put -> SERVICE: remove, put -> ... -> done
 *                         '---------- the store fails ----------> done
 */
#include <stdlib.h>
#include <string.h>

#include "server/musterd.h"
#include "server/snapshot_impl.h"
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
    free(r);
}

static void restore_over(struct restore *r)
{
    r->m->restoring = NULL;
    catalog_owner_gone(r->m->catalog, &r->owner);
    r->done(r->arg, r->wrong, r->is_file, &r->counts);
    restore_free(r);
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

/* False: enough for this turn, or enough is under way. */
static bool go_on(struct restore *r, unsigned *budget)
{
    const struct snapshot *s = &r->snapshot;

    if (!*budget || r->under_way >= RESTORE_UNDER_WAY)
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

static void look(void *arg, struct offload_items *items)
{
    struct offload_item *item;
    struct restore *r;

    (void)arg;
    for (item = items->first; item; item = item->next) {
        r = container_of(item, struct restore, item);
        r->wrong = snapshot_read(&r->snapshot, r->bytes, r->len);
        r->is_file = r->wrong != NULL;
        if (!r->wrong)
            restore_names(r);
        free(r->bytes);
        r->bytes = NULL;
    }
}

static void looked(void *arg)
{
    struct restore *r = arg;
    struct offload_items items = {0};

    if (!offload_take(r->thread, &items))
        return;
    loop_fd_off(r->ready);
    if (r->is_file) {
        restore_over(r);
        return;
    }
    directory_wake(r->m->directory);
    musterd_later(r->m, &r->step);
}

bool snapshot_restore(struct musterd *m, char *bytes, size_t len,
                      snapshot_done_fn *done, void *arg)
{
    struct offload_items items = {0};
    struct restore *r;

    if (m->restoring)
        return false;
    r = xcalloc(1, sizeof(*r));
    r->m = m;
    r->bytes = bytes;
    r->len = len;
    r->done = done;
    r->arg = arg;
    r->step = (struct loop_task){.fn = restore_step, .arg = r};
    r->owner.fixed = "a snapshot is being restored: try again";
    r->thread = offload_new(look, NULL);
    r->ready = loop_fd_new(m->loop, offload_fd(r->thread), false, looked, r);
    loop_fd_on(r->ready);
    m->restoring = r;
    offload_add(&items, &r->item);
    offload_give(r->thread, &items);
    return true;
}

void snapshot_stop(struct musterd *m)
{
    struct restore *r = m->restoring;
    struct offload_items items = {0};

    if (!r)
        return;
    offload_wait(r->thread);
    (void)offload_take(r->thread, &items);
    if (!r->wrong)
        r->wrong = xstrdup("musterd is going down");
    r->stopping = true;
    if (!r->under_way)
        restore_over(r);
}

#include <stdlib.h>

#include "dispatcher/jobpast_impl.h"
#include "dispatcher/jobreplay.h"
#include "dispatcher/jobstore_impl.h"
#include "lib/log.h"
#include "lib/mem.h"

struct jobpages {
    struct jobpast *past;
    struct job *job; /* in use */
    struct eventlog log;
    struct jobstore_fetch fetch; /* of its tasks */
    bool fetching, fetched, over;
    struct past_item *item; /* under way */
    uint64_t behind;        /* the last row that is in the log */
    struct jobreplay_turn turn;
};

static void page_entry(void *arg, const struct joblog_entry *e)
{
    struct jobpages *g = arg;
    struct job *j = g->job;
    struct event_past past;

    if (e->what != JOBLOG_EVENT || (e->has_index && e->index >= j->n_tasks))
        return;
    if (e->tail && e->seq < j->tasks[e->index].tail_seq)
        return; /* the rest of its row is in the tail */
    past = joblog_past(e, j);
    for (unsigned i = 0; e->kind == EVENT_EXIT && i < EVENT_STREAMS; i++)
        eventlog_set_offset(&g->log, e->index, i, e->offsets[i]);
    eventlog_restore(&g->log, &past);
}

static void page_ask(struct jobpages *g)
{
    struct past_item *item = xcalloc(1, sizeof(*item));

    item->what = READ_ENTRIES;
    item->number = g->job->number;
    item->behind = g->behind;
    item->pages = g;
    g->item = item;
    past_give(g->past, item);
}

static void page_fetched(struct jobstore_fetch *f)
{
    struct jobpages *g = container_of(f, struct jobpages, fetch);

    g->fetching = false;
    g->fetched = true;
    if (g->job->light) { /* it cannot be read: that is all there is */
        g->over = true;
        eventlog_close(&g->log);
        return;
    }
    page_ask(g);
}

void jobpages_read(struct past_item *item)
{
    struct jobpages *g = item->pages;
    bool whole = true;

    if (!g)
        return;
    g->item = NULL;
    for (size_t i = 0; i < item->n; i++) {
        struct past_row *r = &item->rows[i];

        whole &= jobreplay_row(&g->turn, r->turn, r->tail, buf_data(&r->data),
                               buf_len(&r->data));
        g->behind = r->row;
    }
    whole &= jobreplay_end(&g->turn);
    if (!whole || (item->error && *item->error))
        log_error("dispatcher.store: the output of job %s cannot be read: %s",
                  g->job->jid, whole ? item->error : "it is damaged");
    g->over = !item->error || *item->error; /* "" is: there is more */
    if (g->over)
        eventlog_close(&g->log);
}

struct jobpages *jobpast_pages(struct jobpast *p, struct job *j)
{
    struct eventlog_bounds all = {SIZE_MAX / 4, SIZE_MAX / 4, SIZE_MAX / 4};
    struct jobpages *g = xcalloc(1, sizeof(*g));

    g->past = p;
    g->job = j;
    j->in_use++;
    eventlog_init(&g->log, &all);
    if (job_hosts(j))
        eventlog_set_hosts(&g->log, job_hosts(j));
    g->fetch.done = page_fetched;
    g->turn = (struct jobreplay_turn){.fn = page_entry, .arg = g};
    return g;
}

struct eventlog *jobpages_log(struct jobpages *g)
{
    return &g->log;
}

bool jobpages_more(struct jobpages *g)
{
    eventlog_drop_before(&g->log, UINT64_MAX);
    if (g->over)
        return false;
    if (g->fetching || g->item)
        return true;
    if (!g->fetched && jobpast_fetch(g->past, &g->fetch, g->job->jid)) {
        g->fetching = true;
        return true;
    }
    g->fetched = true;
    page_ask(g);
    return true;
}

void jobpages_free(struct jobpages *g)
{
    struct jobpast *p = g->past;
    struct job *j = g->job;

    if (g->item)
        g->item->pages = NULL;
    if (g->fetching || g->fetch.job)
        jobpast_unfetch(p, &g->fetch);
    eventlog_free(&g->log);
    free(g);
    j->in_use--;
    disk_let_go(p->store, j);
}

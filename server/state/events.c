#include "server/state/events.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/mem.h"

struct events {
    struct store *store; /* borrowed */
    struct store_client client;
    struct event *list; /* owned, all */
    size_t count, max;
    struct event_waiter *waiters;
    struct event_counts counts;
};

/* An event on its way. */
struct event_txn {
    struct store_txn txn;
    struct events *ev;
    struct event *event; /* owned, until it is listed */
    bool here, listed;
    event_done_fn *done;
    void *arg;
};

/* -- events ---------------------------------------------------------------- */

static const char *text_or_none(const char *text)
{
    return text ? text : "";
}

/* All in one piece of memory. */
static struct event *event_new(const struct event_request *q)
{
    const char *texts[] = {q->name, text_or_none(q->node),
                           text_or_none(q->service), text_or_none(q->tag)};
    const char *copies[ARRAY_LEN(texts)];
    size_t size = sizeof(struct event) + q->payload_len, i, len;
    struct event *e;
    char *to;

    for (i = 0; i < ARRAY_LEN(texts); i++)
        size += strlen(texts[i]) + 1;
    e = xcalloc(1, size);
    to = (char *)(e + 1);
    for (i = 0; i < ARRAY_LEN(texts); i++) {
        len = strlen(texts[i]) + 1;
        copies[i] = memcpy(to, texts[i], len);
        to += len;
    }
    e->name = copies[0];
    e->node = copies[1];
    e->service = copies[2];
    e->tag = copies[3];
    e->payload = to;
    e->payload_len = q->payload_len;
    if (q->payload_len)
        memcpy(to, q->payload, q->payload_len);
    uuid_make(e->id);
    return e;
}

/* Bytes of a string in MessagePack as Consul's agents write it. */
static size_t packed(size_t len)
{
    return len + (len < 32 ? 1 : len <= UINT16_MAX ? 3 : 5);
}

/* ... and of a field with a name of that many bytes, left out when empty. */
static size_t packed_field(size_t name, size_t len)
{
    return len ? packed(name) + packed(len) : 0;
}

/* "consul:event:NAME", and a map of ID n p nf sf tf v. */
static size_t event_size(const struct event_request *q)
{
    return strlen("consul:event:") + strlen(q->name) + 1 +
           packed_field(2, UUID_LEN) + packed_field(1, strlen(q->name)) +
           packed_field(1, q->payload_len) +
           packed_field(2, strlen(text_or_none(q->node))) +
           packed_field(2, strlen(text_or_none(q->service))) +
           packed_field(2, strlen(text_or_none(q->tag))) + packed(1) + 1;
}

const char *event_refusal(const struct event_request *q)
{
    if (!q->name || !*q->name)
        return "User event missing name";
    if (*text_or_none(q->tag) && !*text_or_none(q->service))
        return "Cannot provide tag filter without service filter";
    if (event_size(q) > EVENT_SIZE_MAX)
        return "user event exceeds limit of 512 bytes";
    return NULL;
}

/* -- the list -------------------------------------------------------------- */

static void events_trim(struct events *ev)
{
    struct event *e;

    while (ev->count > ev->max) {
        e = ev->list;
        DL_DELETE(ev->list, e);
        free(e);
        ev->count--;
    }
}

static bool is_named(const struct event *e, const char *name)
{
    return !name || !strcmp(e->name, name);
}

const struct event *events_next(const struct events *ev, const char *name,
                                const struct event *after)
{
    const struct event *e = after ? after->next : ev->list;

    while (e && !is_named(e, name))
        e = e->next;
    return e;
}

uint64_t events_index(const struct events *ev, const char *name,
                      event_may_fn *may, void *arg)
{
    const struct event *e = NULL, *last = NULL;
    uint64_t index;

    while ((e = events_next(ev, name, e)))
        if (!may || may(arg, e))
            last = e;
    index = last ? uuid_fold(last->id) : 1;
    return index ? index : 1;
}

/* -- being told ------------------------------------------------------------ */

void events_wait(struct events *ev, struct event_waiter *w)
{
    if (w->waits)
        return;
    w->waits = true;
    DL_APPEND(ev->waiters, w);
    ev->counts.waiters++;
}

void events_wait_end(struct events *ev, struct event_waiter *w)
{
    if (!w->waits)
        return;
    w->waits = false;
    DL_DELETE(ev->waiters, w);
    ev->counts.waiters--;
}

static void events_tell(struct events *ev)
{
    struct event_waiter *w, *next;

    DL_FOREACH_SAFE (ev->waiters, w, next)
        w->changed(w);
}

/* -- as the store sees it -------------------------------------------------- */

static bool events_check(void *arg, const struct store_txn *txn)
{
    (void)arg;
    (void)txn;
    return true;
}

static void events_apply(void *arg, struct store_txn *txn, uint64_t revision)
{
    struct event_txn *t = container_of(txn, struct event_txn, txn);
    struct events *ev = arg;

    t->event->ltime = revision;
    ev->counts.fired++;
    if (t->here && strcmp(t->event->name, EVENT_REXEC) != 0) {
        DL_APPEND(ev->list, t->event);
        ev->count++;
        t->listed = true;
    }
}

/* Never: none is durable. */
static bool events_write(void *arg, const struct store_txn *txn,
                         struct store_text *out)
{
    (void)arg;
    (void)txn;
    (void)out;
    return false;
}

static bool events_load(void *arg, const struct store_row *row, char **error)
{
    (void)arg;
    (void)row;
    *error = xstrdup("events are not kept");
    return false;
}

static void events_done(struct store_txn *txn, enum store_status status,
                        uint64_t revision)
{
    struct event_txn *t = container_of(txn, struct event_txn, txn);
    struct events *ev = t->ev;

    (void)revision;
    if (t->listed)
        events_tell(ev);
    if (t->done && status == STORE_OK)
        t->done(t->arg, EVENT_DONE, t->event, NULL);
    else if (t->done)
        t->done(t->arg, EVENT_FAILED, NULL,
                txn->error ? txn->error : "the store refused it");
    if (!t->listed)
        free(t->event);
    free(t);
    events_trim(ev);
}

void events_fire(struct events *ev, const struct event_request *q,
                 event_done_fn *done, void *arg)
{
    const char *wrong = event_refusal(q);
    struct event_txn *t;

    if (wrong) {
        ev->counts.refused++;
        if (done)
            done(arg, EVENT_REFUSED, NULL, wrong);
        return;
    }
    t = xcalloc(1, sizeof(*t));
    t->txn = (struct store_txn){.client = &ev->client,
                                .op = STORE_PUT,
                                .expect = STORE_EXPECT_ABSENT,
                                .done = events_done};
    t->ev = ev;
    t->event = event_new(q);
    t->here = q->here;
    t->done = done;
    t->arg = arg;
    store_commit(ev->store, &t->txn);
}

/* -- life ------------------------------------------------------------------ */

struct event_counts events_count(const struct events *ev)
{
    struct event_counts n = ev->counts;

    n.listed = ev->count;
    return n;
}

struct events *events_new(struct store *store, size_t max)
{
    struct events *ev = xcalloc(1, sizeof(*ev));

    ev->store = store;
    ev->max = max ? max : 1;
    ev->client = (struct store_client){.name = "event",
                                       .check = events_check,
                                       .apply = events_apply,
                                       .write = events_write,
                                       .load = events_load,
                                       .arg = ev};
    store_add_client(store, &ev->client);
    return ev;
}

void events_set_max(struct events *ev, size_t max)
{
    ev->max = max ? max : 1;
    events_trim(ev);
}

void events_free(struct events *ev)
{
    if (!ev)
        return;
    ev->max = 0;
    events_trim(ev);
    free(ev);
}

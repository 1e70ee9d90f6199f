#include "server/storage.h"

#include <stdlib.h>
#include <string.h>

#include "lib/conf.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/metrics.h"
#include "server/musterd.h"

#define STORE_SQLITE "sqlite:"

/* The first revision of a registry that is new and speaks Consul's API: there
 * the first ones are Consul's own, and clients rely on it: they ask for a
 * change of index 1 to see it refused. */
#define FIRST_REVISION 16

struct storage {
    struct musterd *m;
    char *setting; /* owned: settings change while it runs, this does not */
    uint64_t opened_ms;
    struct loop_fd *done;    /* something can be collected; or NULL */
    struct loop_task onward; /* what waits is handed over */
};

/* -- the loop -------------------------------------------------------------- */

static void storage_pending(void *arg)
{
    struct storage *s = arg;

    loop_settle(s->m->loop, &s->onward);
}

static void storage_onward(void *arg)
{
    struct storage *s = arg;

    store_hand_over(s->m->store);
}

static void storage_collect(void *arg)
{
    struct storage *s = arg;

    musterd_tick(s->m);
    store_collect(s->m->store);
}

static void storage_told(void *arg, const char *degraded)
{
    (void)arg;
    if (degraded)
        log_error("registry.store: degraded: changes are %s; what is there is "
                  "found as before, and each change is tried",
                  degraded);
    else
        log_warn("registry.store: it can be written to again");
}

/* -- numbers --------------------------------------------------------------- */

static void add_histogram(const char *name, const char *help,
                          const struct histogram *h, const void *owner)
{
    metrics_add(&(struct metric){.name = name,
                                 .help = help,
                                 .type = METRIC_HISTOGRAM,
                                 .histogram = h,
                                 .owner = owner});
}

static void add_metrics(struct storage *s)
{
    static const struct metric_row rows[] = {
        {"muster_store_commits_total",
         "Groups of changes put on the disk.",
         offsetof(struct store_counts, commits),
         {NULL, NULL}},
        {"muster_store_changes_total",
         "Changes put on the disk.",
         offsetof(struct store_counts, changes),
         {NULL, NULL}},
        {"muster_store_failures_total",
         "Changes that could not be kept.",
         offsetof(struct store_counts, failures),
         {NULL, NULL}},
        {"muster_store_refusals_total",
         "Changes refused because too many waited for the disk.",
         offsetof(struct store_counts, refusals),
         {NULL, NULL}},
        {"muster_store_checkpoints_total",
         "Times the log was folded into the database.",
         offsetof(struct store_counts, checkpoints),
         {NULL, NULL}},
        {"muster_store_queue_changes",
         "Changes that wait for the disk.",
         offsetof(struct store_counts, under_way),
         {NULL, NULL}},
        {"muster_store_queue_bytes",
         "Memory that changes take that wait for the disk.",
         offsetof(struct store_counts, bytes),
         {NULL, NULL}},
        {"muster_store_file_bytes",
         "Size of the database.",
         offsetof(struct store_counts, file_bytes),
         {NULL, NULL}},
        {"muster_store_log_bytes",
         "Size of the log of the database.",
         offsetof(struct store_counts, log_bytes),
         {NULL, NULL}},
        {"muster_store_degraded",
         "1 while nothing can be kept.",
         offsetof(struct store_counts, degraded),
         {NULL, NULL}},
        {"muster_store_replayed_records",
         "Records found at the start.",
         offsetof(struct store_counts, records),
         {NULL, NULL}},
    };
    const struct store_counts *c = &s->m->store->counts;

    metrics_add_rows(rows, ARRAY_LEN(rows), c, s,
                     (struct metric_label){NULL, NULL});
    add_histogram("muster_store_commit_changes",
                  "Changes that shared a write to the disk.", &c->size, s);
    add_histogram("muster_store_commit_seconds",
                  "Time a write to the disk took.", &c->seconds, s);
}

/* -- life ------------------------------------------------------------------ */

static struct store *open_store(const struct conf *conf)
{
    const char *setting = conf_str(conf, "registry.store");
    struct store *store;
    char *error = NULL;

    if (strncmp(setting, STORE_SQLITE, strlen(STORE_SQLITE)) != 0)
        return store_memory_new();
    store = store_sqlite_open(setting + strlen(STORE_SQLITE),
                              conf_size(conf, "registry.store_queue"), &error);
    if (!store)
        log_error("registry.store: %s", error);
    free(error);
    return store;
}

struct storage *storage_open(struct musterd *m, const struct conf *conf)
{
    struct storage *s = xcalloc(1, sizeof(*s));
    size_t consul;

    s->m = m;
    s->setting = xstrdup(conf_str(conf, "registry.store"));
    s->onward = (struct loop_task){.fn = storage_onward, .arg = s};
    s->opened_ms = loop_clock();
    m->store = open_store(conf);
    if (m->store) {
        (void)conf_listen(conf, "registry.consul", &consul);
        if (consul)
            m->store->revision = FIRST_REVISION - 1;
        m->store->pending = storage_pending;
        m->store->told = storage_told;
        m->store->pending_arg = s;
        add_metrics(s);
        return s;
    }
    free(s->setting);
    free(s);
    return NULL;
}

const char *storage_path(const struct storage *s)
{
    return strncmp(s->setting, STORE_SQLITE, strlen(STORE_SQLITE)) == 0
               ? s->setting + strlen(STORE_SQLITE)
               : NULL;
}

bool storage_replay(struct storage *s)
{
    struct store *store = s->m->store;
    char *error = NULL;

    if (!store_replay(store, &error)) {
        log_error("registry.store: %s", error);
        free(error);
        return false;
    }
    if (store->fd >= 0) {
        log_info("registry.store: %s: %llu records replayed in %llu ms, "
                 "revision %llu",
                 s->setting, (unsigned long long)store->counts.records,
                 (unsigned long long)(loop_clock() - s->opened_ms),
                 (unsigned long long)store->revision);
        s->done = loop_fd_new(s->m->loop, store->fd, false, storage_collect, s);
        loop_fd_on(s->done);
    }
    return true;
}

void storage_finish(struct storage *s)
{
    musterd_tick(s->m);
    store_finish(s->m->store);
}

void storage_close(struct storage *s)
{
    if (!s)
        return;
    loop_fd_free(s->done);
    metrics_forget(s);
    store_close(s->m->store);
    s->m->store = NULL;
    loop_unsettle(s->m->loop, &s->onward);
    free(s->setting);
    free(s);
}

#include "server/musterd.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "lib/auth/auth.h"
#include "lib/conf.h"
#include "lib/conn.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/metrics.h"
#include "server/acl_port.h"
#include "server/acl_rights.h"
#include "server/audit.h"
#include "server/checks.h"
#include "server/counts.h"
#include "server/identity.h"
#include "server/keys.h"
#include "server/places.h"
#include "server/prepared.h"
#include "server/snapshot.h"
#include "server/self.h"
#include "server/state/directory.h"
#include "server/state/hash.h"
#include "server/state/kv.h"
#include "server/state/pool.h"
#include "server/state/token_store.h"
#include "server/statics.h"
#include "server/storage.h"

#define TIDY_MS    5000
#define TIDY_CONNS 64 /* so many that went leave something to give back */

static void catalog_has_changed(void *arg)
{
    struct musterd *m = arg;

    if (watches_look(&m->watches))
        loop_settle(m->loop, &m->wake);
    if (m->identity)
        identity_changed(m->identity);
    directory_changed(m->directory);
}

static void wake_watchers(void *arg)
{
    struct musterd *m = arg;

    if (watches_wake(&m->watches))
        loop_later(m->loop, &m->wake);
}

void musterd_tick(struct musterd *m)
{
    uint64_t now = loop_now(m->loop);

    catalog_set_now(m->catalog, now);
    kv_set_now(m->kv, now);
}

static void expire(void *arg)
{
    struct musterd *m = arg;
    uint64_t wait;

    musterd_tick(m);
    wait = catalog_expire(m->catalog);
    if (wait != UINT64_MAX)
        loop_timer_set(m->expiry, wait);
}

/* After a fall memory goes back little by little, so that what falls in a storm
 * and rises again finds it; the last of it is what malloc() holds. */
static void tidy_up(void *arg)
{
    struct musterd *m = arg;

    if (conn_fallen() >= TIDY_CONNS)
        m->tidying = true;
    if (pool_trim()) {
        m->tidying = true;
    } else if (m->tidying) {
        malloc_trim(0);
        m->tidying = false;
    }
    loop_timer_set(m->tidy, TIDY_MS);
}

/* A service may be the next to expire. */
static void watch_expiry(void *arg)
{
    struct musterd *m = arg;

    musterd_tick(m);
    loop_timer_set(m->expiry, catalog_next_expiry(m->catalog));
}

static void musterd_configure(struct musterd *m, const struct conf *conf)
{
    struct catalog_limits *l = &m->catalog->limits;

    m->limits.name = conf_size(conf, "limits.name");
    m->limits.value = conf_size(conf, "limits.value");
    m->limits.watch_queue = conf_size(conf, "registry.watch_queue");
    m->limits.watches = conf_size(conf, "limits.watches");
    m->limits.readers = (unsigned)conf_int(conf, "limits.readers");
    m->limits.selector = conf_size(conf, "limits.selector");
    m->limits.regexes = (unsigned)conf_int(conf, "limits.regexes");
    token_store_set_max(m->tokens, (size_t)conf_int(conf, "limits.tokens"));
    l->services = (size_t)conf_int(conf, "limits.services");
    l->memory = conf_size(conf, "limits.memory");
    l->services_per_owner =
        (size_t)conf_int(conf, "limits.services_per_connection");
    l->text = conf_size(conf, "limits.line");
    l->attrs = (unsigned)conf_int(conf, "limits.attrs");
    /* a line with every attribute a service may have, its name, and as many
     * directives as there are */
    m->max_words = 2 * (int)l->attrs + 64;
    m->words = xreallocarray(m->words, (size_t)m->max_words, sizeof(*m->words));
}

void musterd_reload(struct musterd *m, const struct conf *conf)
{
    musterd_configure(m, conf);
    keys_configure(m->keys, conf);
    prepared_configure(m->prepared, conf);
    acl_rights_configure(m->rights, conf);
    places_configure(m->places, conf);
    checks_configure(m->checks, conf);
    identity_configure(m->identity, conf);
    if (!statics_load(m->statics, conf))
        log_error("registry.static: the static entries stay as they were");
}

/* -- tokens ---------------------------------------------------------------- */

static void token_came(void *arg, struct principal *p)
{
    const struct musterd *m = arg;

    auth_put(m->auth, AUTH_STORE, p);
}

static void token_went(void *arg, const char *name)
{
    const struct musterd *m = arg;

    auth_drop(m->auth, AUTH_STORE, name, "the token was revoked");
}

/* -- life ------------------------------------------------------------------ */

bool musterd_init(struct musterd *m, struct loop *loop, struct auth *auth,
                  const struct conf *conf)
{
    const struct token_user user = {
        .put = token_came, .drop = token_went, .arg = m};
    struct catalog_limits limits = {0};

    hash_init();
    *m = (struct musterd){.loop = loop, .auth = auth};
    m->storage = storage_open(m, conf);
    if (!m->storage)
        return false;
    m->self = self_new(m, conf);
    if (!m->self)
        return false;
    m->catalog = catalog_new(m->store, &limits,
                             (size_t)conf_int(conf, "registry.changes"),
                             conf_size(conf, "registry.changes_size"));
    m->tokens = token_store_new(m->store, 0, &user);
    watches_init(&m->watches, m->catalog);
    m->wake = (struct loop_task){.fn = wake_watchers, .arg = m};
    m->catalog->changed = catalog_has_changed;
    m->catalog->deadline = watch_expiry;
    m->catalog->arg = m;
    server_audit_start(m);
    m->expiry = loop_timer_new(loop, expire, m);
    m->tidy = loop_timer_new(loop, tidy_up, m);
    loop_timer_set(m->tidy, TIDY_MS);
    m->keys = keys_new(m, conf);
    m->prepared = prepared_new(m, conf);
    if (!acl_rights_new(m, conf))
        return false;
    m->places = places_new(m, conf);
    m->checks = checks_new(m, conf);
    m->identity = identity_new(m, conf);
    musterd_configure(m, conf);
    musterd_tick(m);
    m->statics = statics_new(loop, m->catalog);
    if (!storage_replay(m->storage))
        return false;
    catalog_start(m->catalog);
    keys_start(m->keys);
    prepared_start(m->prepared);
    if (!acl_rights_start(m->rights))
        return false;
    m->ports = acl_ports_new(m);
    counts_tell(m);
    identity_start(m->identity);
    self_start(m->self);
    checks_start(m->checks);
    places_start(m->places);
    keys_depend(m->keys);
    return statics_load(m->statics, conf);
}

void musterd_finish(struct musterd *m)
{
    snapshot_stop(m);
    keys_finish(m->keys);
    places_finish(m->places);
    storage_finish(m->storage);
}

void musterd_free(struct musterd *m)
{
    metrics_forget(m);
    storage_close(m->storage);
    token_store_free(m->tokens);
    identity_free(m->identity);
    m->identity = NULL;
    checks_free(m->checks);
    m->checks = NULL;
    places_free(m->places);
    catalog_free(m->catalog);
    prepared_free(m->prepared);
    acl_ports_free(m->ports);
    acl_rights_free(m->rights);
    keys_free(m->keys);
    self_free(m->self);
    watches_free(&m->watches);
    statics_free(m->statics);
    loop_unsettle(m->loop, &m->wake);
    loop_unsettle(m->loop, &m->looked);
    loop_timer_free(m->expiry);
    loop_timer_free(m->tidy);
    free(m->words);
}

int musterd_split(struct musterd *m, char *line, size_t len, const char **wrong)
{
    int n;

    if (memchr(line, '\0', len)) {
        *wrong = "a line holds a NUL";
        return -1;
    }
    n = words_split(line, len, m->words, m->max_words);
    if (n >= 0)
        return n;
    *wrong = words_error_text(n);
    return -1;
}

char *musterd_refuse_selector(const struct musterd *m, const struct selector *s,
                              enum refusal *why)
{
    size_t size = selector_size(s);

    if (selector_regexes(s) > m->limits.regexes) {
        *why = REFUSED_REGEXES;
        return xasprintf("too many regular expressions in one selector: at "
                         "most %u",
                         m->limits.regexes);
    }
    if (size > m->limits.selector) {
        *why = REFUSED_SELECTOR;
        return xasprintf("the selector takes %zu bytes of memory: at most %zu",
                         size, m->limits.selector);
    }
    return NULL;
}

#define BUDGET_SHARERS 4 /* so many have all of their budget in one turn */
#define BUDGET_LEAST   100

void musterd_later(struct musterd *m, struct loop_task *task)
{
    if (!task->queued)
        m->under_way++;
    loop_later(m->loop, task);
}

void musterd_turn_came(struct musterd *m)
{
    m->under_way--;
}

static void turn_is_over(void *arg)
{
    (void)arg; /* that it is no longer queued says it */
}

bool musterd_may_look(struct musterd *m)
{
    if (m->looked.queued)
        return false;
    m->looked.fn = turn_is_over;
    loop_later(m->loop, &m->looked);
    return true;
}

void musterd_not_later(struct musterd *m, struct loop_task *task)
{
    if (task->queued)
        m->under_way--;
    loop_unsettle(m->loop, task);
}

unsigned musterd_share(const struct musterd *m, unsigned most)
{
    unsigned share = most * BUDGET_SHARERS / (BUDGET_SHARERS + m->under_way);

    return share > BUDGET_LEAST ? share : BUDGET_LEAST;
}

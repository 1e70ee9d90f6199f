#include "server/places.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "lib/metrics.h"
#include "server/musterd.h"
#include "server/self.h"
#include "server/state/directory.h"
#include "server/state/kv.h"

/* The numbers, as of when somebody last asked. */
struct places_counts {
    uint64_t nodes, names, instances, checks, waiters, woken;
};

/* A port by the word that services(5) has for it: tcp!http. */
struct port {
    unsigned number;
    UT_hash_handle hh;
    char word[];
};

struct places {
    struct musterd *m;
    struct loop_task settle;
    struct loop_task wake; /* goes on making the view */
    bool wakes;            /* that is queued */
    struct loop_task rest; /* goes on with changes of many services */
    struct loop_timer *idle;
    uint64_t idle_ms; /* 0: the view stays */
    bool asked;       /* since the timer was set */
    struct places_waiter *waiters;
    struct places_counts counts;
};

/* -- words for ports ------------------------------------------------------- */

/* All of services(5): read once, when the first word is looked up. */
static struct port *ports;
static bool ports_read;

static void port_add(const char *net, const char *name, int port)
{
    char *word = xasprintf("%s!%s", net, name);
    size_t len = strlen(word);
    struct port *p;

    HASH_FIND(hh, ports, word, len, p);
    if (!p) {
        p = xcalloc(1, sizeof(*p) + len + 1);
        memcpy(p->word, word, len);
        p->number = ntohs((uint16_t)port);
        HASH_ADD_KEYPTR(hh, ports, p->word, len, p);
    }
    free(word);
}

static void read_ports(void)
{
    const struct servent *s;
    char **alias;

    setservent(0);
    while ((s = getservent())) {
        port_add(s->s_proto, s->s_name, s->s_port);
        for (alias = s->s_aliases; *alias; alias++)
            port_add(s->s_proto, *alias, s->s_port);
    }
    endservent();
    ports_read = true;
}

static unsigned port_of(const char *net, const char *word)
{
    bool udp = !strcmp(net, "udp");
    struct port *p;
    char *key;

    if (!ports_read)
        read_ports();
    key = xasprintf("%s!%s", udp ? "udp" : "tcp", word);
    HASH_FIND_STR(ports, key, p);
    free(key);
    return p ? p->number : 0;
}

static void forget_ports(void)
{
    struct port *p, *next;

    HASH_ITER (hh, ports, p, next) {
        HASH_DEL(ports, p);
        free(p);
    }
    ports_read = false;
}

/* -- numbers --------------------------------------------------------------- */

static void count(void *arg)
{
    struct places *p = arg;
    struct directory_counts n = directory_count(p->m->directory);

    p->counts = (struct places_counts){.nodes = n.nodes,
                                       .names = n.names,
                                       .instances = n.instances,
                                       .checks = n.checks,
                                       .waiters = n.waiters,
                                       .woken = n.woken};
}

static void add_metrics(struct places *p)
{
#define ROW(name, field, help)                                                 \
    {                                                                          \
        name, help, offsetof(struct places_counts, field),                     \
        {                                                                      \
            NULL, NULL                                                         \
        }                                                                      \
    }
    static const struct metric_row rows[] = {
        ROW("muster_directory_nodes", nodes,
            "Nodes, as Consul's clients see them; 0 until one asked."),
        ROW("muster_directory_names", names,
            "Names of services, as Consul's clients see them."),
        ROW("muster_directory_instances", instances,
            "Services of nodes, as Consul's clients see them."),
        ROW("muster_directory_checks", checks, "Checks of nodes and services."),
        ROW("muster_directory_waiters", waiters,
            "Readers that wait for nodes, services or checks to change."),
        ROW("muster_directory_woken_total", woken,
            "Times that such a reader was woken to look again."),
    };
#undef ROW

    metrics_add_rows(rows, ARRAY_LEN(rows), &p->counts, p,
                     (struct metric_label){NULL, NULL});
    metrics_on_read(count, p, p);
}

/* -- sleep ----------------------------------------------------------------- */

static void watch_idle(struct places *p)
{
    bool awake = directory_count(p->m->directory).nodes;

    if (awake && p->idle_ms && !loop_timer_is_set(p->idle)) {
        p->asked = false;
        loop_timer_set(p->idle, p->idle_ms);
    }
}

/* Sessions end with nodes and checks, whoever asks for these. */
static void idle(void *arg)
{
    struct places *p = arg;

    if (p->asked || kv_count(p->m->kv).sessions ||
        !directory_may_sleep(p->m->directory)) {
        watch_idle(p);
        return;
    }
    log_info("nobody asks for nodes and services: the view of them is "
             "forgotten");
    directory_sleep(p->m->directory);
    p->m->tidying = true; /* what it took goes back to the system */
}

/* -- the loop -------------------------------------------------------------- */

static void pending(void *arg)
{
    struct places *p = arg;

    loop_settle(p->m->loop, &p->settle);
}

static void rests(void *arg)
{
    struct places *p = arg;

    if (!p->rest.queued)
        musterd_later(p->m, &p->rest);
}

static void rest(void *arg)
{
    struct places *p = arg;

    musterd_turn_came(p->m);
    musterd_tick(p->m);
    if (directory_go_on(p->m->directory))
        rests(p);
}

static void settle(void *arg)
{
    struct places *p = arg;

    directory_settle(p->m->directory);
    watch_idle(p);
}

/* -- who has to wait ------------------------------------------------------- */

#define WAKE_AT_ONCE 1000 /* services: more are taken in over several turns */

static void wake(void *arg)
{
    struct places *p = arg;
    struct places_waiter *w;

    musterd_turn_came(p->m);
    if (!directory_wake_some(p->m->directory,
                             musterd_share(p->m, WAKE_AT_ONCE))) {
        musterd_later(p->m, &p->wake);
        return;
    }
    p->wakes = false;
    musterd_tick(p->m);
    watch_idle(p);
    while ((w = p->waiters)) {
        DL_DELETE(p->waiters, w);
        w->ready(w);
    }
}

bool places_are_ready(struct places *p)
{
    bool ready =
        !p->wakes && directory_wake_some(p->m->directory, WAKE_AT_ONCE);

    p->asked = true;
    watch_idle(p);
    return ready;
}

void places_wait(struct places *p, struct places_waiter *w)
{
    p->wakes = true;
    musterd_later(p->m, &p->wake);
    DL_APPEND(p->waiters, w);
}

void places_wait_end(struct places *p, struct places_waiter *w)
{
    DL_DELETE(p->waiters, w);
}

/* -- life ------------------------------------------------------------------ */

void places_configure(struct places *p, const struct conf *conf)
{
    const struct directory_limits limits = {
        .nodes = (size_t)conf_int(conf, "registry.nodes"),
        .checks = (size_t)conf_int(conf, "registry.checks")};

    directory_limit(p->m->directory, &limits);
    p->idle_ms = (uint64_t)conf_duration_ms(conf, "registry.view_idle");
    loop_timer_off(p->idle);
    watch_idle(p);
}

struct places *places_new(struct musterd *m, const struct conf *conf)
{
    struct places *p = xcalloc(1, sizeof(*p));
    const struct directory_setup setup = {.node = m->self->node,
                                          .by_table = m->self->is_07,
                                          .port_of = port_of,
                                          .pending = pending,
                                          .rests = rests,
                                          .arg = p};

    p->m = m;
    p->settle = (struct loop_task){.fn = settle, .arg = p};
    p->wake = (struct loop_task){.fn = wake, .arg = p};
    p->rest = (struct loop_task){.fn = rest, .arg = p};
    p->idle = loop_timer_new(m->loop, idle, p);
    m->directory = directory_new(m->catalog, &setup);
    places_configure(p, conf);
    add_metrics(p);
    return p;
}

void places_start(struct places *p)
{
    places_advertise(p);
    directory_start(p->m->directory, p->m->self->id);
}

void places_advertise(struct places *p)
{
    directory_advertise(p->m->directory, p->m->self->host, p->m->self->port);
}

void places_finish(struct places *p)
{
    directory_finish(p->m->directory);
}

void places_free(struct places *p)
{
    if (!p)
        return;
    metrics_forget(p);
    loop_unsettle(p->m->loop, &p->settle);
    musterd_not_later(p->m, &p->wake);
    musterd_not_later(p->m, &p->rest);
    loop_timer_free(p->idle);
    directory_free(p->m->directory);
    p->m->directory = NULL;
    forget_ports();
    free(p);
}

#include "plugins/registry/consul/rexec.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "client/tls_settings.h"
#include "lib/addr.h"
#include "lib/auth/secret.h"
#include "lib/auth/tokens.h"
#include "lib/http.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/metrics.h"
#include "plugins/registry/consul/call.h"
#include "plugins/registry/consul/rexec_ask.h"
#include "plugins/registry/consul/rexec_pick.h"
#include "plugins/registry/consul/rexec_run.h"
#include "server/musterd.h"
#include "server/state/events.h"
#include "server/state/execs.h"
#include "server/state/query.h"
#include "server/state/session.h"

#define DISPATCHER_PORT 6704
#define DISPATCHERS     100 /* services of that kind that are looked at */

/* One that was fired, until it is over. */
struct firing {
    struct rexec *rexec;
    struct rexec_place place;
    struct rexec_job job;
    struct rexec_pick *pick; /* or ... */
    struct rexec_run *run;
    bool ended; /* its session has, while it was picked for */
    struct firing *prev, *next;
};

/* Since the start, but for running. */
struct rexec_counts {
    uint64_t begun, resumed, cancelled, refused;
    unsigned running;
};

struct rexec {
    struct musterd *m;
    const struct conf *conf;
    bool on;
    struct firing *firings;
    struct session_observer observer;
    struct rexec_counts counts;
};

static struct firing *firing_new(struct rexec *x)
{
    struct firing *f = xcalloc(1, sizeof(*f));

    f->rexec = x;
    DL_APPEND(x->firings, f);
    x->counts.running++;
    return f;
}

static void firing_free(struct firing *f)
{
    DL_DELETE(f->rexec->firings, f);
    f->rexec->counts.running--;
    rexec_pick_cancel(f->pick);
    if (f->run)
        rexec_run_free(f->run);
    rexec_place_free(&f->place);
    rexec_job_free(&f->job);
    free(f);
}

/* -- sessions -------------------------------------------------------------- */

static void on_session_gone(struct session_observer *o, const struct session *s,
                            uint64_t revision)
{
    struct rexec *x = container_of(o, struct rexec, observer);
    struct firing *f;

    (void)revision;
    DL_FOREACH (x->firings, f) {
        if (strcmp(f->place.session, s->id) != 0)
            continue;
        f->ended = true;
        x->counts.cancelled++;
        if (f->run)
            rexec_run_cancel(f->run);
    }
}

/* -- the dispatcher -------------------------------------------------------- */

static bool found_dispatcher(void *arg, struct service *v)
{
    char *addr = arg;
    size_t len;
    const char *value = record_lookup(v->record, "addr", 4, &len);
    char *text = value ? xstrndup(value, len) : xstrdup(v->name);
    struct addr a;

    if (!addr_parse(&a, text, DISPATCHER_PORT) && a.kind != ADDR_OFF)
        addr_write_dial(&a, addr, ADDR_TEXT_MAX);
    free(text);
    return !*addr;
}

/* The first that is registered; "": there is none. */
static void find_dispatcher(const struct rexec *x, char *addr)
{
    struct selector s = {0};
    char *error = selector_parse_text(&s, "kind=dispatcher", 15);
    struct query q = {.terms = s.terms, .count = s.count, .left = UINT64_MAX};
    unsigned budget = DISPATCHERS;

    *addr = '\0';
    if (!error)
        query_run(&q, x->m->catalog, &budget, found_dispatcher, addr);
    free(error);
    selector_free(&s);
}

/* -- from the event to the run --------------------------------------------- */

static void on_over(void *arg, struct rexec_run *run)
{
    struct firing *f = arg;

    (void)run;
    f->run = NULL;
    firing_free(f);
}

/* At the dispatcher of that address; "": there is none. known says who is
 * meant, and what is known of it already. */
static void run(struct firing *f, const struct rexec_run_setup *known,
                const char *addr)
{
    struct rexec *x = f->rexec;
    const char *file = conf_str(x->conf, "token_file");
    char *wrong = NULL;
    char *token = file && *file ? token_read(file, &wrong) : NULL;
    struct muster_tls tls = tls_settings(x->conf);
    struct muster_options options = {
        .dispatcher = addr, .tls = &tls, .token = token};
    struct rexec_run_setup s = *known;

    s.m = x->m;
    s.place = &f->place;
    s.job = &f->job;
    s.line = conf_size(x->conf, "limits.line");
    s.over = on_over;
    s.arg = f;
    s.why = wrong ? "the token of this registry cannot be read"
                  : "no dispatcher is registered";
    if (!wrong && *addr)
        s.dispatcher = &options;
    else
        log_warn("remote execution of session %s: %s", f->place.session, s.why);
    f->run = rexec_run_start(&s);
    secret_free(token);
    free(wrong);
}

static void begin(struct firing *f, struct rexec_target *list, size_t count)
{
    struct rexec_run_setup setup = {
        .wait_ms = f->job.wait_ms, .targets = list, .count = count};
    char addr[ADDR_TEXT_MAX];

    find_dispatcher(f->rexec, addr);
    run(f, &setup, addr);
}

static void on_picked(void *arg, struct rexec_target *list, size_t count)
{
    struct firing *f = arg;

    f->pick = NULL;
    log_debug("remote execution of session %s: %zu workers are meant",
              f->place.session, count);
    if (count && !f->ended) {
        begin(f, list, count);
        return;
    }
    rexec_targets_free(list, count);
    firing_free(f);
}

/* -- who may --------------------------------------------------------------- */

/* The arguments of the operation, as rights look at them. */
struct pairs {
    const struct muster_attr *list;
    size_t count;
};

static bool pair_at(const void *list, size_t i, struct argument *out)
{
    const struct pairs *p = list;

    if (i >= p->count)
        return false;
    *out = (struct argument){.name = p->list[i].name,
                             .value = p->list[i].value,
                             .len = strlen(p->list[i].value)};
    return true;
}

static bool may_run(const struct principal *who, const struct rexec_job *j)
{
    struct muster_attr list[REXEC_PAIRS_MAX];
    struct buf text = BUF_INIT;
    struct pairs pairs = {.list = list};
    bool may;

    if (!who || who->all)
        return true;
    pairs.count = rexec_ask_pairs(j, &text, list);
    may = principal_may_run(who, "execute", pair_at, &pairs);
    buf_free(&text);
    return may;
}

/* On whose behalf the call is; NULL: of one who may execute everywhere: so may
 * a token of Consul's that may fire the event. Who shows none is who he is to
 * the other faces. */
static const struct principal *caller(const struct call *c)
{
    const struct principal *p =
        *c->token ? authority_principal(c) : http_principal(c->r);

    return !p || p->all ? NULL : p;
}

bool rexec_may_fire(struct call *c)
{
    const struct principal *who;

    if (!c->m->rexec || !c->m->rexec->on)
        return true;
    who = caller(c);
    if (!who ||
        (who->exec.kind != SCOPE_NONE && principal_may_op(who, "execute")))
        return true;
    c->m->rexec->counts.refused++;
    call_deny(c);
    return false;
}

/* -- the event ------------------------------------------------------------- */

/* The job of the place: what is wrong with it, static; or NULL. */
static const char *read_job(struct firing *f)
{
    const struct kv_entry *entry;
    char *key;

    if (!session_find(f->rexec->m->kv, f->place.session))
        return "there is no such session";
    key = xasprintf("%s/%s/job", f->place.prefix, f->place.session);
    entry = kv_find(f->rexec->m->kv, key, strlen(key));
    free(key);
    if (!entry)
        return "there is no job";
    if (strcmp(entry->session, f->place.session) != 0)
        return "its session does not hold the job's key";
    return rexec_job_read(&f->job, entry->value, entry->value_len);
}

static const char *start(struct firing *f, const struct event *e,
                         const struct principal *who)
{
    struct rexec_filters filters = {e->node, e->service, e->tag};
    const char *wrong = rexec_place_read(&f->place, e->payload, e->payload_len);

    if (!wrong)
        wrong = read_job(f);
    if (!wrong && f->rexec->counts.running > REXEC_RUNS_MAX)
        wrong = "too many run already";
    if (!wrong && !may_run(who, &f->job))
        wrong = "who asks may not run that";
    if (!wrong)
        f->pick = rexec_pick_start(f->rexec->m, &filters,
                                   (struct principal *)(uintptr_t)who,
                                   on_picked, f, &wrong);
    return wrong;
}

void rexec_fired(struct call *c, const struct event *e)
{
    struct rexec *x = c->m->rexec;
    struct firing *f;
    const char *wrong;

    if (!x || !x->on)
        return;
    f = firing_new(x);
    wrong = start(f, e, caller(c));
    if (!wrong) {
        x->counts.begun++;
        return;
    }
    x->counts.refused++;
    log_warn("remote execution by %s is not begun: %s", http_peer(c->r), wrong);
    firing_free(f);
}

/* -- after a restart ------------------------------------------------------- */

/* What cannot be gone on with: static, or NULL. */
static const char *look(struct firing *f, const char *session,
                        struct rexec_kept *k)
{
    bool lives = session_find(f->rexec->m->kv, session) != NULL;

    f->place.session = xstrdup(session);
    f->place.prefix = k->prefix;
    k->prefix = NULL;
    if (k->n_parts)
        return NULL;
    return lives ? read_job(f) : "its session has ended";
}

/* It was under way: it goes on; or its job is to end, as its session has. */
static void go_on(struct rexec *x, const struct exec_kept *e)
{
    struct firing *f = firing_new(x);
    struct rexec_kept k;
    const char *wrong = rexec_kept_read(&k, e->bytes, e->len);
    struct rexec_run_setup setup = {.again = true,
                                    .wait_ms = k.wait_ms,
                                    .targets = k.targets,
                                    .count = k.count,
                                    .parts = k.parts,
                                    .n_parts = k.n_parts};

    if (!wrong)
        wrong = look(f, e->id, &k);
    if (wrong) {
        log_warn("remote execution of session %s does not go on: %s", e->id,
                 wrong);
        execs_remove(x->m->execs, e->id);
        firing_free(f);
    } else {
        k.targets = NULL;
        k.count = 0;
        log_info("remote execution of session %s goes on after the restart",
                 e->id);
        x->counts.resumed++;
        run(f, &setup, k.dispatcher);
        if (!session_find(x->m->kv, f->place.session))
            rexec_run_cancel(f->run);
    }
    rexec_kept_free(&k);
}

void rexec_resume(struct rexec *x)
{
    struct exec_kept e;

    while (execs_take(x->m->execs, &e)) {
        go_on(x, &e);
        free(e.bytes);
    }
}

/* -- life ------------------------------------------------------------------ */

static const struct metric_row rows[] = {
    {"muster_consul_exec_total",
     "Remote executions that were begun.",
     offsetof(struct rexec_counts, begun),
     {NULL, NULL}},
    {"muster_consul_exec_resumed_total",
     "Remote executions that went on after a restart.",
     offsetof(struct rexec_counts, resumed),
     {NULL, NULL}},
    {"muster_consul_exec_cancelled_total",
     "Remote executions whose session ended before they did.",
     offsetof(struct rexec_counts, cancelled),
     {NULL, NULL}},
    {"muster_consul_exec_refused_total",
     "Remote executions that could not be begun, or not by who asked.",
     offsetof(struct rexec_counts, refused),
     {NULL, NULL}},
};

static double running(void *arg)
{
    const struct rexec *x = arg;

    return x->counts.running;
}

struct rexec *rexec_new(struct musterd *m, const struct conf *conf)
{
    struct rexec *x = xcalloc(1, sizeof(*x));

    x->m = m;
    x->observer.gone = on_session_gone;
    session_observe(m->kv, &x->observer);
    rexec_configure(x, conf);
    metrics_add_rows(rows, ARRAY_LEN(rows), &x->counts, x,
                     (struct metric_label){NULL, NULL});
    metrics_add_gauge("muster_consul_exec_running",
                      "Remote executions that are under way.", running, x, x);
    return x;
}

void rexec_configure(struct rexec *x, const struct conf *conf)
{
    x->conf = conf;
    x->on = conf_bool(conf, "consul.remote_exec");
}

void rexec_free(struct rexec *x)
{
    if (!x)
        return;
    metrics_forget(x);
    session_unobserve(x->m->kv, &x->observer);
    while (x->firings)
        firing_free(x->firings);
    free(x);
}

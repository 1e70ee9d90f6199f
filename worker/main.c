/*
 * muster-worker: options, the order of starting and ending, signals.
 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "client/ask_registry.h"
#include "lib/addr.h"
#include "lib/admin.h"
#include "lib/audit.h"
#include "lib/auth/auth_conf.h"
#include "lib/listen_conf.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/tls_conf.h"
#include "lib/watchdog.h"
#include "worker/admin.h"
#include "worker/drain.h"
#include "worker/drained.h"
#include "worker/facts.h"
#include "worker/plugin_env.h"
#include "worker/status.h"
#include "worker/worker.h"

#define PART_MAX 16384 /* longest text of one line of output, bytes */

/* -- settings -------------------------------------------------------------- */

static unsigned slots_of(const struct conf *conf)
{
    int64_t slots = conf_int(conf, "worker.slots");

    return slots ? (unsigned)slots : facts_cpus();
}

/* A quoted text is at most twice as long, and the dispatcher puts words of its
 * own before it: a line of it must fit there. */
static size_t part_of(const struct conf *conf)
{
    uint64_t part = conf_size(conf, "limits.line") / 4;

    return part < PART_MAX ? (size_t)part : PART_MAX;
}

/* True: there are others than before. */
static bool ops_refresh(struct worker *w)
{
    struct buf ops = BUF_INIT;
    bool same;

    op_list(&w->peers.rules, &ops);
    same = w->ops && strcmp(w->ops, buf_str(&ops)) == 0;
    free(w->ops);
    w->ops = xstrdup(buf_str(&ops));
    buf_free(&ops);
    return !same;
}

static void plugins_look(struct worker *w)
{
    const struct conf *c = w->daemon.conf;
    size_t n;
    const char *const *folders = conf_list(c, "worker.plugins", &n);

    plugins_scan(w->plugins, folders, n,
                 (uint64_t)conf_duration_ms(c, "worker.describe"));
}

void worker_configure(struct worker *w)
{
    const struct conf *c = w->daemon.conf;
    struct op_rules *rules = &w->peers.rules;

    w->jobs.limits = (struct job_limits){
        .slots = slots_of(c),
        .window = conf_size(c, "worker.window"),
        .results = (unsigned)conf_int(c, "worker.results"),
        .grace_ms = (uint64_t)conf_duration_ms(c, "worker.grace"),
        .longest_ms = (uint64_t)conf_duration_ms(c, "worker.max_timeout"),
        .abandon_ms = (uint64_t)conf_duration_ms(c, "worker.abandon"),
        .part = part_of(c)};
    plugin_env_set(&w->jobs.settings, c);
    w->jobs.spool_size = conf_size(c, "worker.spool_size");
    w->peers.body_max = conf_size(c, "limits.body");
    rules->ops = conf_list(c, "worker.ops", &rules->op_count);
    rules->users = conf_list(c, "worker.users", &rules->user_count);
    actions_load(&w->actions, c);
    rules->actions = &w->actions;
    if (ops_refresh(w))
        peers_tell_ops(&w->peers);
}

/* A dispatcher may be quiet for as long as it likes. */
static struct listen_limits listen_limits_of(const struct conf *c)
{
    struct listen_limits limits = listen_conf_limits(c);

    limits.conn.idle_ms = 0;
    return limits;
}

static void attrs_of(struct worker *w, struct attrs *a)
{
    const struct plugin *g;
    size_t i, k;

    for (i = 0; (g = plugins_at(w->plugins, i)); i++)
        for (k = 0; k < g->about.attrs.count; k++)
            attrs_set(a, g->about.attrs.list[k].name,
                      g->about.attrs.list[k].value);
    actions_attrs(&w->actions, a);
    registrar_attrs(a, w->daemon.conf, w->host, w->ops, w->jobs.limits.slots);
}

/* -- plugins --------------------------------------------------------------- */

/* A start waits so long for all of them: they are registered with the rest. */
#define PLUGINS_START_MS 3000

static void attrs_tell(struct worker *w)
{
    struct attrs attrs = {0};

    attrs_of(w, &attrs);
    registrar_update(&w->registrar, &attrs);
    attrs_free(&attrs);
}

static void on_plugins(void *arg)
{
    struct worker *w = arg;

    if (ops_refresh(w))
        peers_tell_ops(&w->peers);
    if (w->registrar.service)
        attrs_tell(w);
    if (w->starting && !plugins_is_scanning(w->plugins))
        loop_stop(w->loop);
}

static void plugins_late(void *arg)
{
    struct worker *w = arg;

    log_warn("plugins are slow to describe themselves: going on without");
    loop_stop(w->loop);
}

/* Before anybody can dial. */
static void plugins_begin(struct worker *w)
{
    struct loop_timer *late = loop_timer_new(w->loop, plugins_late, w);

    w->starting = true;
    plugins_look(w);
    loop_timer_set(late, PLUGINS_START_MS);
    loop_run(w->loop);
    loop_timer_free(late);
    w->starting = false;
}

static void on_fact(void *arg, const struct job *j, const char *attr,
                    const char *value)
{
    struct worker *w = arg;

    registrar_fact(&w->registrar, j->jid, attr, value);
}

/* -- signals --------------------------------------------------------------- */

static void on_reload(void *arg)
{
    struct worker *w = arg;
    struct listen_limits limits;

    audit_reopen();
    if (!daemon_reload(&w->daemon))
        return;
    worker_configure(w);
    limits = listen_limits_of(w->daemon.conf);
    listen_host_limits(w->listen, &limits);
    auth_conf_apply(w->auth, w->daemon.conf, &w->daemon.files);
    tls_conf_reload(w->tls, w->daemon.conf);
    admin_configure(w->admin, w->daemon.conf);
    registrar_reload(&w->registrar, w->daemon.conf, w->daemon.files.token);
    attrs_tell(w);
    status_changed(w);
    plugins_look(w);
    fronts_look(w->fronts, w->daemon.conf);
    audit_reload(w->daemon.conf);
}

static char *on_drain(void *arg, const char *reason, uint64_t seconds)
{
    return drained_set(arg, reason, seconds);
}

static void on_jobs_changed(void *arg)
{
    status_changed(arg);
}

static void signals_start(struct worker *w)
{
    w->signals[0] = loop_signal_new(w->loop, SIGTERM, drain_signal, w);
    w->signals[1] = loop_signal_new(w->loop, SIGINT, drain_signal, w);
    w->signals[2] = loop_signal_new(w->loop, SIGHUP, on_reload, w);
    w->signals[3] = loop_signal_new(w->loop, SIGUSR1, drain_leave, w);
}

/* -- starting -------------------------------------------------------------- */

/* Jobs get 0, 1 and 2 of their own: pipes must not be made in those places. */
static void descriptors_fill(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd < 3);
    if (fd >= 0)
        close(fd);
}

static void instance_make(char *out, size_t len)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    unsigned char random[16];
    size_t i;

    if (getrandom(random, len, 0) < 0)
        snprintf((char *)random, sizeof(random), "%d", (int)getpid());
    for (i = 0; i < len; i++)
        out[i] = letters[random[i] % 32];
    out[len] = '\0';
}

static bool listen_start(struct worker *w)
{
    struct listen_limits limits = listen_limits_of(w->daemon.conf);
    size_t n;

    w->listen = listen_host_new(w->loop, &limits);
    w->auth = auth_new(w->loop);
    auth_conf_apply(w->auth, w->daemon.conf, &w->daemon.files);
    listen_host_auth(w->listen, auth_listen(), w->auth);
    w->tls = tls_conf_new(w->loop, w->daemon.conf);
    if (!w->tls)
        return false;
    listen_host_tls(w->listen, tls_conf_tls(w->tls));
    conf_listen(w->daemon.conf, "worker.bind", &n);
    if (!n)
        log_error("worker.bind is off: no dispatcher could reach this worker");
    worker_admin(w);
    return n &&
           listen_conf_add(w->listen, w->daemon.conf, "worker.bind", &peer_face,
                           &w->peers) &&
           listen_conf_add(w->listen, w->daemon.conf, "worker.admin",
                           admin_face(), w->admin);
}

/* Tokens that are not in our file may be the registry's. */
static void ask_with(struct worker *w)
{
    struct asker asker = ask_registry(w->registrar.muster);

    auth_set_ask(w->auth, ask_new(w->auth, w->loop, &asker));
}

static bool registrar_begin(struct worker *w)
{
    struct attrs attrs = {0};
    bool done;

    attrs_of(w, &attrs);
    attrs_set_fmt(&attrs, "slots_free", "%u", peers_slots_free(&w->peers));
    attrs_set(&attrs, "load", w->load);
    drained_load(w, &attrs);
    done = registrar_start(&w->registrar, loop_base(w->loop), w->daemon.conf,
                           w->daemon.files.token,
                           listen_face_addr(w->listen, peer_face.name), &attrs);
    attrs_free(&attrs);
    if (done) {
        ask_with(w);
        fronts_look(w->fronts, w->daemon.conf);
    }
    return done;
}

/* False, and logged: jobs could not be kept where the settings say. */
static bool spool_start(struct worker *w)
{
    const char *path = conf_str(w->daemon.conf, "worker.spool");
    char *why = NULL;

    if (strcmp(path, "off") == 0)
        return true;
    w->spool = spool_open(w->loop, path, &why);
    if (!w->spool) {
        log_error("worker.spool %s: %s. Give this worker a folder of its own "
                  "that it may write to, or say off: then jobs end with the "
                  "worker",
                  path, why);
        free(why);
        return false;
    }
    snprintf(w->instance, sizeof(w->instance), "%s", spool_instance(w->spool));
    w->jobs.spool = w->spool;
    return true;
}

static bool worker_start(struct worker *w)
{
    w->loop = loop_new(NULL);
    instance_make(w->instance, sizeof(w->instance) - 1);
    if (!w->loop || !audit_start(w->loop, w->daemon.conf, w->daemon.name) ||
        !spool_start(w) || !jobs_init(&w->jobs, w->loop, w->instance))
        return false;
    w->host = xstrdup(conf_str(w->daemon.conf, "worker.host"));
    w->jobs.host = w->host;
    w->jobs.nofile = w->daemon.nofile;
    /* once: it may ask a network. No other call here goes there */
    w->jobs.self = getpwuid(geteuid());
    w->jobs.news = peer_news;
    w->jobs.changed = on_jobs_changed;
    w->jobs.fact = on_fact;
    w->jobs.begun = peer_begun;
    w->jobs.asked_by = &w->peers;
    w->jobs.arg = w;
    w->plugins = plugins_new(&w->jobs, on_plugins, w);
    w->peers.rules.plugins = w->plugins;
    w->fronts = fronts_new(&w->jobs, &w->registrar, &w->peers.rules);
    w->peers.rules.fronts = w->fronts;
    w->peers.jobs = &w->jobs;
    w->peers.host = w->host;
    w->peers.instance = w->instance;
    w->peers.drain = on_drain;
    w->peers.arg = w;
    worker_configure(w);
    if (w->spool)
        jobs_recover(&w->jobs);
    status_init(w);
    plugins_begin(w);
    if (!listen_start(w))
        return false;
    signals_start(w);
    return registrar_begin(w);
}

static bool worker_ready(struct worker *w)
{
    struct buf words = BUF_INIT;
    bool told;

    listen_ready_words(w->listen, &words);
    told = daemon_ready(&w->daemon, buf_str(&words));
    buf_free(&words);
    return told;
}

/* -- ending ---------------------------------------------------------------- */

static void worker_free(struct worker *w)
{
    size_t i;

    if (w->auth)
        auth_set_ask(w->auth, NULL);
    fronts_free(w->fronts);
    w->peers.rules.fronts = NULL;
    registrar_stop(&w->registrar);
    listen_host_free(w->listen);
    admin_free(w->admin);
    peers_free(&w->peers);
    loop_timer_free(w->drain_timer);
    drained_free(w);
    for (i = 0; i < ARRAY_LEN(w->signals); i++)
        if (w->signals[i])
            loop_signal_free(w->signals[i]);
    status_free(w);
    plugins_free(w->plugins);
    plugin_env_free(&w->jobs.settings);
    jobs_free(&w->jobs);
    spool_free(w->spool);
    audit_stop();
    auth_free(w->auth);
    tls_conf_free(w->tls);
    loop_free(w->loop);
    free(w->host);
    free(w->ops);
    actions_free(&w->actions);
    daemon_end(&w->daemon);
}

static void serve(struct worker *w)
{
    struct watchdog *watchdog = watchdog_new(w->loop);

    loop_run(w->loop);
    daemon_over();
    watchdog_free(watchdog);
}

int main(int argc, char **argv)
{
    struct worker w = {
        .daemon = {.name = "muster-worker",
                   .about = "Registers this host and runs jobs on it.",
                   .program = CONF_WORKER}};
    int status;

    descriptors_fill();
    status = daemon_start(&w.daemon, argc, argv);
    if (status >= 0)
        return status;
    status = DAEMON_FAILED;
    if (worker_start(&w) && worker_ready(&w)) {
        serve(&w);
        status = DAEMON_OK;
    }
    worker_free(&w);
    return status;
}

/*
 * muster-dispatch: finds workers, runs jobs on those that match.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "client/muster.h"
#include "client/ask_registry.h"
#include "client/tls_settings.h"
#include "dispatcher/admin.h"
#include "dispatcher/dispatch.h"
#include "lib/addr.h"
#include "lib/admin.h"
#include "lib/audit.h"
#include "lib/auth/auth_conf.h"
#include "lib/buf.h"
#include "lib/daemon.h"
#include "lib/listen_conf.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "lib/pidfile.h"
#include "lib/tls_conf.h"
#include "lib/watchdog.h"
#include "plugins/dispatch/exec.h"
#include "plugins/dispatch/exed/exed.h"

#define CLOSING                                                                \
    "the dispatcher is going down; the job goes on at the workers, "           \
    "but its record ends here"

#define CLOSING_KEPT                                                           \
    "the dispatcher is going down; the job goes on, and can be followed when " \
    "it is back"

struct program {
    struct daemon daemon;
    struct loop *loop;
    struct listen_host *listen;
    struct auth *auth; /* who may */
    struct tls_conf *tls;
    struct admin *admin;
    struct dispatch *dispatch;
    struct exed *exed;
    char *pid_file; /* owned; NULL: none */
    struct muster *muster;
    struct muster_registration *registration;
    struct loop_signal *term, *intr, *hup;
    struct loop_task ending, stop; /* one after the other */
};

/* The faces and the settings that say where each listens. */
static const struct {
    const char *key;
    const struct listen_face *(*face)(void);
} faces[] = {
    {"dispatcher.exec", exec_face},
};

/* -- signals --------------------------------------------------------------- */

static void on_term(void *arg)
{
    struct program *p = arg;
    unsigned running = dispatch_running(p->dispatch);
    bool durable = dispatch_is_durable(p->dispatch);

    if (p->daemon.stopping)
        return;
    daemon_stopping(&p->daemon, "told to end");
    if (running)
        log_warn("%u job%s not ended: what runs goes on at the workers, %s",
                 running, running == 1 ? " has" : "s have",
                 durable ? "and is taken up again at the next start"
                         : "its record is gone");
    listen_host_stop(p->listen);
    dispatch_go_down(p->dispatch, durable ? CLOSING_KEPT : CLOSING);
    loop_later(p->loop, &p->ending);
}

/* Readers have been told: now every connection, in the settling step. */
static void on_ending(void *arg)
{
    struct program *p = arg;

    admin_stop(p->admin, "the dispatcher is going down");
    exed_stop(p->exed, "the dispatcher is going down");
    listen_host_close_all(p->listen, "the dispatcher is going down");
    loop_later(p->loop, &p->stop);
}

static void on_stop(void *arg)
{
    struct program *p = arg;

    loop_stop(p->loop);
}

static void on_hup(void *arg)
{
    struct program *p = arg;
    struct dispatch_settings settings;
    struct listen_limits limits;
    struct muster_tls tls;

    audit_reopen();
    if (!daemon_reload(&p->daemon))
        return;
    dispatch_settings_read(&settings, p->daemon.conf);
    dispatch_reload(p->dispatch, &settings);
    limits = listen_conf_limits(p->daemon.conf);
    listen_host_limits(p->listen, &limits);
    auth_conf_apply(p->auth, p->daemon.conf, &p->daemon.files);
    tls_conf_reload(p->tls, p->daemon.conf);
    admin_configure(p->admin, p->daemon.conf);
    exed_configure(p->exed, p->daemon.conf);
    tls = tls_settings(p->daemon.conf);
    if (!muster_set_tls(p->muster, &tls, NULL)) /* tls_conf told why */
        log_warn("to registries the certificates are those of before, too");
    if (!muster_set_token(p->muster, p->daemon.files.token))
        log_warn("the token of token_file cannot be shown");
    dispatch_set_token(p->dispatch, p->daemon.files.token);
    audit_reload(p->daemon.conf);
}

/* -- the registry ---------------------------------------------------------- */

static void on_registered(void *arg, uint64_t revision)
{
    (void)arg;
    log_info("registered at revision %llu", (unsigned long long)revision);
}

static void on_refused(void *arg, const char *text)
{
    (void)arg;
    log_warn("the registry refuses to register this dispatcher: %s", text);
}

/* Tokens that are not in our file may be the registry's. */
static void ask_with(struct program *p)
{
    struct asker asker = ask_registry(p->muster);

    auth_set_ask(p->auth, ask_new(p->auth, p->loop, &asker));
}

static bool connect_registry(struct program *p)
{
    struct muster_tls tls = tls_settings(p->daemon.conf);
    struct muster_options options = {
        .registries = conf_joined(p->daemon.conf, "dispatcher.registry"),
        .tls = &tls,
        .token = p->daemon.files.token};
    char *error = NULL;

    p->muster = muster_new(loop_base(p->loop), &options, &error);
    if (!p->muster)
        log_error("dispatcher.registry: %s", error);
    else
        ask_with(p);
    free(error);
    return p->muster && dispatch_start(p->dispatch, p->muster);
}

/* A socket of this machine has no name that a service may have. */
static void service_name(const struct program *p, const struct addr *addr,
                         char *name, size_t size)
{
    if (addr->kind == ADDR_TCP)
        addr_write_dial(addr, name, size);
    else
        snprintf(name, size, "dispatcher-%s", dispatch_instance(p->dispatch));
}

static bool register_self(struct program *p)
{
    const struct addr *bound = listen_face_addr(p->listen, "exec"), *addr;
    struct addr public;
    struct utsname system;
    const char *process = conf_str(p->daemon.conf, "node");
    char name[ADDR_TEXT_MAX], dial[ADDR_TEXT_MAX];
    char *error = NULL;

    if (!bound)
        return true;
    uname(&system);
    public = addr_public(bound, system.nodename);
    addr = &public;
    service_name(p, addr, name, sizeof(name));
    addr_write_dial(addr, dial, sizeof(dial));
    struct muster_attr attrs[] = {
        {"kind", "dispatcher"},
        {"addr", dial},
        {"instance", dispatch_instance(p->dispatch)},
        {"version", muster_version()},
        {"node", conf_nodename(p->daemon.conf)},
        {"process", process},
    };
    struct muster_registration_options o = {
        .name = name,
        .attrs = attrs,
        .attr_count = ARRAY_LEN(attrs) - (process == NULL),
        .replace = true,
        .on_registered = on_registered,
        .on_refused = on_refused,
    };
    p->registration = muster_register(p->muster, &o, &error);
    if (!p->registration)
        log_error("registering: %s", error);
    free(error);
    return p->registration != NULL;
}

/* -- starting and ending --------------------------------------------------- */

static bool listen_all(struct program *p)
{
    for (size_t i = 0; i < ARRAY_LEN(faces); i++)
        if (!listen_conf_add(p->listen, p->daemon.conf, faces[i].key,
                             faces[i].face(), p->dispatch))
            return false;
    p->exed = exed_new(p->loop, p->dispatch, p->auth);
    exed_configure(p->exed, p->daemon.conf);
    if (!listen_conf_add(p->listen, p->daemon.conf, "dispatcher.http",
                         exed_face(), p->exed))
        return false;
    p->admin = dispatch_admin(p->dispatch, p->listen, p->auth, p->tls);
    admin_configure(p->admin, p->daemon.conf);
    return listen_conf_add(p->listen, p->daemon.conf, "dispatcher.admin",
                           admin_face(), p->admin);
}

static bool speak_tls(struct program *p)
{
    p->tls = tls_conf_new(p->loop, p->daemon.conf);
    if (!p->tls)
        return false;
    listen_host_tls(p->listen, tls_conf_tls(p->tls));
    dispatch_set_tls(p->dispatch, tls_conf_tls(p->tls));
    return true;
}

static bool write_pid(struct program *p)
{
    const char *path = conf_str(p->daemon.conf, "api.pid_file");

    if (!path || !*path)
        return true;
    p->pid_file = xstrdup(path);
    return pidfile_write(path);
}

static bool make_dispatch(struct program *p,
                          const struct dispatch_settings *settings)
{
    char *error = NULL;

    p->dispatch = dispatch_new(p->loop, settings, &error);
    if (!p->dispatch) {
        log_error("dispatcher.store: %s", error);
        free(error);
        return false;
    }
    dispatch_set_auth(p->dispatch, p->auth);
    return true;
}

static bool program_start(struct program *p)
{
    struct dispatch_settings settings;
    struct listen_limits limits;
    struct buf words = BUF_INIT;
    bool ok;

    p->loop = loop_new(NULL);
    if (!p->loop) {
        log_error("no event loop");
        return false;
    }
    p->ending = (struct loop_task){.fn = on_ending, .arg = p};
    p->stop = (struct loop_task){.fn = on_stop, .arg = p};
    limits = listen_conf_limits(p->daemon.conf);
    p->listen = listen_host_new(p->loop, &limits);
    p->auth = auth_new(p->loop);
    auth_conf_apply(p->auth, p->daemon.conf, &p->daemon.files);
    listen_host_auth(p->listen, auth_listen(), p->auth);
    dispatch_settings_read(&settings, p->daemon.conf);
    if (!make_dispatch(p, &settings))
        return false;
    dispatch_set_token(p->dispatch, p->daemon.files.token);
    p->term = loop_signal_new(p->loop, SIGTERM, on_term, p);
    p->intr = loop_signal_new(p->loop, SIGINT, on_term, p);
    p->hup = loop_signal_new(p->loop, SIGHUP, on_hup, p);
    if (!audit_start(p->loop, p->daemon.conf, p->daemon.name) ||
        !speak_tls(p) || !listen_all(p) || !connect_registry(p) ||
        !register_self(p))
        return false;
    if (!write_pid(p))
        return false;
    listen_ready_words(p->listen, &words);
    ok = daemon_ready(&p->daemon, buf_str(&words));
    buf_free(&words);
    return ok;
}

/* Clients are closed first: they hold readers. */
static void program_end(struct program *p)
{
    if (p->pid_file)
        pidfile_remove(p->pid_file);
    free(p->pid_file);
    listen_host_free(p->listen);
    admin_free(p->admin);
    exed_free(p->exed);
    dispatch_free(p->dispatch);
    audit_stop();
    if (p->auth)
        auth_set_ask(p->auth, NULL);
    muster_free(p->muster);
    auth_free(p->auth);
    tls_conf_free(p->tls);
    loop_signal_free(p->term);
    loop_signal_free(p->intr);
    loop_signal_free(p->hup);
    if (p->loop)
        loop_free(p->loop);
    daemon_end(&p->daemon);
}

static void serve(struct program *p)
{
    struct watchdog *watchdog = watchdog_new(p->loop);

    loop_run(p->loop);
    daemon_over();
    watchdog_free(watchdog);
}

int main(int argc, char **argv)
{
    struct program p = {
        .daemon = {.name = "muster-dispatch",
                   .about = "finds workers in a registry and runs jobs on "
                            "those that match",
                   .program = CONF_DISPATCH}};
    int status = daemon_start(&p.daemon, argc, argv);

    if (status >= 0)
        return status;
    status = DAEMON_FAILED;
    if (program_start(&p)) {
        serve(&p);
        status = DAEMON_OK;
    }
    program_end(&p);
    return status;
}

/*
 * musterd: the registry daemon. Start-up order: settings, core, faces, ready;
 * then the loop; at SIGTERM the faces close what they have, and it ends.
 */
#include <signal.h>
#include <stdlib.h>

#include "lib/audit.h"
#include "lib/auth/auth_conf.h"
#include "lib/conf.h"
#include "lib/daemon.h"
#include "lib/db.h"
#include "lib/listen_conf.h"
#include "lib/log.h"
#include "lib/tls_conf.h"
#include "lib/watchdog.h"
#include "server/audit.h"
#include "server/faces.h"
#include "server/musterd.h"
#include "server/snapshot.h"
#include "server/storage.h"

/* The program: what its signal handlers need. */
struct program {
    struct daemon daemon;
    struct loop *loop;
    struct listen_host *host;
    struct auth *auth;
    struct tls_conf *tls;
    struct musterd musterd;
    bool whole; /* no snapshot is restored in part */
};

/* -- a snapshot that the last end has left half restored ------------------- */

static void snapshot_is_over(void *arg, enum snapshot_end end,
                             const char *wrong, const struct snapshot_counts *n)
{
    struct program *p = arg;

    p->whole = end == SNAPSHOT_DONE;
    if (p->whole)
        log_warn("the snapshot that was being restored at the last end is "
                 "restored: %zu changed, %zu removed, %zu as they were",
                 n->changed, n->removed, n->same);
    else
        log_error("the snapshot that was being restored at the last end cannot "
                  "be: %s: start again when that is cured; or remove "
                  "%s" DB_SNAPSHOT ", and go on with a part of what was and a "
                  "part of the snapshot",
                  wrong, storage_path(p->musterd.storage));
    server_audit_restored(wrong);
    loop_stop(p->loop);
}

/* Before anybody is served. */
static bool make_whole(struct program *p)
{
    p->whole = true;
    if (snapshot_resume(&p->musterd, snapshot_is_over, p))
        loop_run(p->loop);
    return p->whole;
}

/* -- the faces ------------------------------------------------------------- */

static bool faces_listen(struct program *p)
{
    size_t count, i;
    const struct face_entry *table = faces_table(&count);

    faces_open(&p->musterd, p->host, p->auth, p->tls, p->daemon.conf);
    for (i = 0; i < count; i++)
        if (!listen_conf_add(
                p->host, p->daemon.conf, table[i].key, table[i].face(),
                table[i].ctx ? table[i].ctx(&p->musterd) : &p->musterd))
            return false;
    faces_listening(&p->musterd, p->host);
    return true;
}

static bool tell_ready(struct program *p)
{
    struct buf words = BUF_INIT;
    bool ok;

    listen_ready_words(p->host, &words);
    ok = daemon_ready(&p->daemon, buf_str(&words));
    buf_free(&words);
    return ok;
}

static void on_term(void *arg)
{
    struct program *p = arg;

    if (p->daemon.stopping)
        return;
    daemon_stopping(&p->daemon, "a signal asked for it");
    listen_host_stop(p->host);
    musterd_finish(&p->musterd);
    loop_stop(p->loop);
}

static void on_hup(void *arg)
{
    struct program *p = arg;
    struct listen_limits limits;

    audit_reopen();
    if (!daemon_reload(&p->daemon))
        return;
    limits = listen_conf_limits(p->daemon.conf);
    listen_host_limits(p->host, &limits);
    auth_conf_apply(p->auth, p->daemon.conf, &p->daemon.files);
    tls_conf_reload(p->tls, p->daemon.conf);
    musterd_reload(&p->musterd, p->daemon.conf);
    audit_reload(p->daemon.conf);
    faces_configure(&p->musterd, p->daemon.conf);
}

static void serve(struct program *p)
{
    static const int ends[] = {SIGTERM, SIGINT};
    struct loop_signal *on_end[ARRAY_LEN(ends)], *hup;
    struct watchdog *watchdog = watchdog_new(p->loop);
    size_t i;

    for (i = 0; i < ARRAY_LEN(ends); i++)
        on_end[i] = loop_signal_new(p->loop, ends[i], on_term, p);
    hup = loop_signal_new(p->loop, SIGHUP, on_hup, p);
    loop_run(p->loop);
    daemon_over();
    watchdog_free(watchdog);
    for (i = 0; i < ARRAY_LEN(ends); i++)
        loop_signal_free(on_end[i]);
    loop_signal_free(hup);
}

int main(int argc, char **argv)
{
    static struct program p = {
        .daemon = {.name = "musterd",
                   .about = "the service registry of muster",
                   .program = CONF_MUSTERD}};
    int status = daemon_start(&p.daemon, argc, argv);
    struct listen_limits limits;

    if (status >= 0)
        return status;
    p.loop = loop_new(NULL);
    if (!p.loop) {
        log_error("cannot make an event loop");
        return DAEMON_FAILED;
    }
    loop_cache_clock(p.loop);
    limits = listen_conf_limits(p.daemon.conf);
    p.host = listen_host_new(p.loop, &limits);
    p.auth = auth_new(p.loop);
    auth_conf_apply(p.auth, p.daemon.conf, &p.daemon.files);
    listen_host_auth(p.host, auth_listen(), p.auth);
    p.tls = tls_conf_new(p.loop, p.daemon.conf);
    if (p.tls)
        listen_host_tls(p.host, tls_conf_tls(p.tls));
    status = p.tls && audit_start(p.loop, p.daemon.conf, p.daemon.name) &&
                     musterd_init(&p.musterd, p.loop, p.auth, p.daemon.conf) &&
                     make_whole(&p) && faces_listen(&p) && tell_ready(&p)
                 ? DAEMON_OK
                 : DAEMON_FAILED;
    if (status == DAEMON_OK)
        serve(&p);
    /* every connection is closed, so that its face lets go of the core */
    faces_stop(&p.musterd, "the daemon is going down");
    listen_host_close_all(p.host, "the daemon is going down");
    loop_settle_all(p.loop);
    listen_host_free(p.host);
    faces_close(&p.musterd);
    musterd_free(&p.musterd);
    audit_stop();
    auth_free(p.auth);
    tls_conf_free(p.tls);
    loop_free(p.loop);
    daemon_end(&p.daemon);
    return status;
}

/*
 * musterd: the registry daemon. Start-up order: settings, core, faces, ready;
 * then the loop; at SIGTERM the faces close what they have, and it ends.
 */
#include <signal.h>
#include <stdlib.h>

#include "lib/conf.h"
#include "lib/daemon.h"
#include "lib/listen.h"
#include "lib/log.h"
#include "server/faces.h"
#include "server/musterd.h"

/* The program: what its signal handlers need. */
struct program {
    struct daemon daemon;
    struct loop *loop;
    struct listen_host *host;
    struct musterd musterd;
};

static struct listen_limits limits_read(const struct conf *conf)
{
    return (struct listen_limits){
        .conn = {.line = conf_size(conf, "limits.line"),
                 .output = conf_size(conf, "limits.output"),
                 .lines_a_turn =
                     (unsigned)conf_int(conf, "limits.requests_per_turn"),
                 .first_ms =
                     (uint64_t)conf_duration_ms(conf, "limits.first_line"),
                 .idle_ms = (uint64_t)conf_duration_ms(conf, "limits.idle")},
        .connections = (unsigned)conf_int(conf, "limits.connections"),
        .connections_per_address =
            (unsigned)conf_int(conf, "limits.connections_per_address"),
    };
}

static bool face_listen(struct program *p, const struct face_entry *entry)
{
    size_t count, i;
    const char *const *texts = conf_listen(p->daemon.conf, entry->key, &count);
    struct addr addr;
    char *error;

    for (i = 0; i < count; i++) {
        const char *wrong = addr_parse(&addr, texts[i], 0);

        error = wrong ? xasprintf("%s: %s: %s", entry->key, texts[i], wrong)
                      : listen_add(p->host, entry->face(), &addr, &p->musterd);
        if (error) {
            log_error("%s", error);
            free(error);
            return false;
        }
    }
    return true;
}

static bool faces_listen(struct program *p)
{
    size_t count, i;
    const struct face_entry *table = faces_table(&count);

    for (i = 0; i < count; i++)
        if (!face_listen(p, &table[i]))
            return false;
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

    daemon_stopping(&p->daemon, "a signal asked for it");
    listen_host_stop(p->host);
    loop_stop(p->loop);
}

static void on_hup(void *arg)
{
    struct program *p = arg;
    struct listen_limits limits;

    if (!daemon_reload(&p->daemon))
        return;
    limits = limits_read(p->daemon.conf);
    listen_host_limits(p->host, &limits);
    musterd_configure(&p->musterd, p->daemon.conf);
}

static void serve(struct program *p)
{
    static const int ends[] = {SIGTERM, SIGINT};
    struct loop_signal *on_end[ARRAY_LEN(ends)], *hup;
    size_t i;

    for (i = 0; i < ARRAY_LEN(ends); i++)
        on_end[i] = loop_signal_new(p->loop, ends[i], on_term, p);
    hup = loop_signal_new(p->loop, SIGHUP, on_hup, p);
    loop_run(p->loop);
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
    limits = limits_read(p.daemon.conf);
    p.host = listen_host_new(p.loop, &limits);
    musterd_init(&p.musterd, p.loop, p.daemon.conf);
    status = faces_listen(&p) && tell_ready(&p) ? DAEMON_OK : DAEMON_FAILED;
    if (status == DAEMON_OK)
        serve(&p);
    /* every connection is closed, so that its face lets go of the core */
    listen_host_close_all(p.host, "the daemon is going down");
    loop_settle_all(p.loop);
    listen_host_free(p.host);
    musterd_free(&p.musterd);
    loop_free(p.loop);
    daemon_end(&p.daemon);
    return status;
}

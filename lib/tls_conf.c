#include "lib/tls_conf.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "lib/metrics.h"

#define HOUR_MS     (3600 * 1000)
#define DAY_S       86400
#define WARN_BEFORE (14 * DAY_S) /* seconds before the end */
#define CHECK_NEVER HOUR_MS      /* tls.check 0: for the warning only */

struct tls_conf {
    struct loop *loop;
    struct tls *tls;
    struct loop_timer *timer;
    uint64_t check_ms; /* tls.check; 0: files are not looked at */
    int64_t warned;    /* when the log told of an end; seconds of the epoch */
    char *wrong;       /* owned; see tls_conf_wrong() */
    uint64_t tried_ms; /* the last reading */
    struct {
        uint64_t good, bad; /* readings after the first */
    } counts;
};

struct tls_options tls_conf_options(const struct conf *conf)
{
    return (struct tls_options){
        .cert = conf_str(conf, "tls.cert"),
        .key = conf_str(conf, "tls.key"),
        .ca = conf_str(conf, "tls.ca"),
        .name = conf_str(conf, "tls.name"),
        .only_13 = conf_enum(conf, "tls.min") == 1,
    };
}

/* Of a daemon. */
static struct tls_options options_of(const struct conf *conf)
{
    struct tls_options o = tls_conf_options(conf);

    o.client = (enum tls_client)conf_enum(conf, "tls.client");
    return o;
}

/* -- the end of certificates ----------------------------------------------- */

static bool warn_of(const char *setting, const char *file, int64_t until)
{
    int64_t left = until - (int64_t)time(NULL);

    if (!until || left >= WARN_BEFORE)
        return false;
    if (left <= 0)
        log_error("%s: a certificate in %s has expired: nobody accepts it",
                  setting, file);
    else
        log_warn("%s: a certificate in %s expires in %lld %s", setting, file,
                 (long long)(left >= 2 * DAY_S ? left / DAY_S : left / 3600),
                 left >= 2 * DAY_S ? "days" : "hours");
    return true;
}

static void warn_daily(struct tls_conf *t)
{
    const struct tls_options *o = tls_options(t->tls);
    int64_t now = (int64_t)time(NULL);
    bool cert, ca;

    /* a clock that was put back must not silence it */
    if (now - t->warned < DAY_S && now >= t->warned)
        return;
    cert = warn_of("tls.cert", o->cert, tls_until(t->tls));
    ca = warn_of("tls.ca", o->ca, tls_ca_until(t->tls));
    if (cert || ca)
        t->warned = now;
}

/* -- reading again --------------------------------------------------------- */

static void read_again(struct tls_conf *t, const struct tls_options *o)
{
    char *error = NULL;

    free(t->wrong);
    t->wrong = NULL;
    t->tried_ms = loop_now(t->loop);
    if (tls_load(t->tls, o, &error)) {
        t->counts.good++;
        t->warned = 0;
        if (o->cert || o->ca)
            log_info("the certificates of tls.* were read again");
        warn_daily(t);
        return;
    }
    t->counts.bad++;
    t->wrong = error;
    log_error("%s; the certificates that were read before stay in use", error);
}

static void timer_set(struct tls_conf *t)
{
    loop_timer_set(t->timer, t->check_ms ? t->check_ms : CHECK_NEVER);
}

/* One that is not valid yet will be, without any change of its file. */
static bool is_due(const struct tls_conf *t)
{
    return tls_files_changed(t->tls) ||
           (t->wrong && loop_now(t->loop) - t->tried_ms >= HOUR_MS);
}

static void look(void *arg)
{
    struct tls_conf *t = arg;

    if (t->check_ms && is_due(t))
        read_again(t, tls_options(t->tls));
    warn_daily(t);
    timer_set(t);
}

/* Whether there is anything to read, or was before. */
static bool is_used(const struct tls_options *o)
{
    return o->cert || o->key || o->ca || o->client != TLS_CLIENT_OFF;
}

void tls_conf_reload(struct tls_conf *t, const struct conf *conf)
{
    struct tls_options o = options_of(conf);

    t->check_ms = (uint64_t)conf_duration_ms(conf, "tls.check");
    if (is_used(&o) || is_used(tls_options(t->tls)))
        read_again(t, &o);
    timer_set(t);
}

/* -- metrics --------------------------------------------------------------- */

static double cert_until(void *arg)
{
    const struct tls_conf *t = arg;

    return (double)tls_until(t->tls);
}

static double ca_until(void *arg)
{
    const struct tls_conf *t = arg;

    return (double)tls_ca_until(t->tls);
}

static double is_wrong(void *arg)
{
    const struct tls_conf *t = arg;

    return t->wrong != NULL;
}

static void metrics_start(struct tls_conf *t)
{
    static const char until[] = "muster_tls_certificate_end_timestamp_seconds";
    static const char until_help[] =
        "When the first certificate in that file expires, seconds of the "
        "epoch; 0: there is none.";
    static const struct metric_row rows[] = {
        {"muster_tls_reloads_total",
         "Readings of the certificate files after the first.",
         offsetof(struct tls_conf, counts.good),
         {"outcome", "good"}},
        {"muster_tls_reloads_total",
         "Readings of the certificate files after the first.",
         offsetof(struct tls_conf, counts.bad),
         {"outcome", "bad"}},
    };
    struct metric cert = {.name = until,
                          .help = until_help,
                          .type = METRIC_GAUGE,
                          .labels = {{"file", "cert"}},
                          .read = cert_until,
                          .arg = t,
                          .owner = t};
    struct metric ca = cert;

    ca.labels[0].value = "ca";
    ca.read = ca_until;
    metrics_add(&cert);
    metrics_add(&ca);
    metrics_add_gauge("muster_tls_reload_failed",
                      "1: the certificate files are no good, and those read "
                      "before are used.",
                      is_wrong, t, t);
    metrics_add_rows(rows, ARRAY_LEN(rows), t, t, (struct metric_label){0});
}

/* -- the interface --------------------------------------------------------- */

struct tls_conf *tls_conf_new(struct loop *l, const struct conf *conf)
{
    struct tls_options o = options_of(conf);
    struct tls_conf *t = xcalloc(1, sizeof(*t));
    char *error = NULL;

    t->tls = tls_new(&o, &error);
    if (!t->tls) {
        log_error("%s", error);
        free(error);
        free(t);
        return NULL;
    }
    t->loop = l;
    t->check_ms = (uint64_t)conf_duration_ms(conf, "tls.check");
    t->timer = loop_timer_new(l, look, t);
    warn_daily(t);
    timer_set(t);
    metrics_start(t);
    return t;
}

void tls_conf_free(struct tls_conf *t)
{
    if (!t)
        return;
    metrics_forget(t);
    loop_timer_free(t->timer);
    tls_free(t->tls);
    free(t->wrong);
    free(t);
}

struct tls *tls_conf_tls(const struct tls_conf *t)
{
    return t->tls;
}

const char *tls_conf_wrong(const struct tls_conf *t)
{
    return t->wrong;
}

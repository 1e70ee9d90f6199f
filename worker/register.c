#include "worker/register.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "client/tls_settings.h"
#include "worker/facts.h"

/* Change all the time, and wake nobody. */
#define VOLATILE "load,slots_free"

#define FACTS_MAX 256   /* of all plugins */
#define DOUBT_MS  30000 /* in this time the registry has said no, or never */

/* Attributes that are the worker's to set, not the configuration's. */
static const char *const own_names[] = {
    "kind", "host",  "ops",         "slots",   "slots_free",
    "load", "drain", "drain.until", "version", "addr"};

static bool is_own(const char *name)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(own_names); i++)
        if (strcmp(own_names[i], name) == 0)
            return true;
    return false;
}

/* -- what is registered ---------------------------------------------------- */

static void add_configured(struct attrs *a, const struct conf *conf)
{
    size_t i, n = conf_map_size(conf, "worker.attrs");

    for (i = 0; i < n; i++) {
        struct conf_map_entry e = conf_map_at(conf, "worker.attrs", i);

        if (is_own(e.name))
            log_warn("worker.attrs.%s is not used: the worker sets it", e.name);
        else
            attrs_set(a, e.name, e.value);
    }
}

void registrar_attrs(struct attrs *a, const struct conf *conf, const char *host,
                     const char *ops, unsigned slots)
{
    attrs_set(a, "kind", "worker");
    attrs_set(a, "host", host);
    facts_read(a);
    attrs_set(a, "version", PACKAGE_VERSION);
    attrs_set(a, "ops", ops);
    attrs_set_fmt(a, "slots", "%u", slots);
    add_configured(a, conf);
}

/* No service's name may hold the / of a unix socket's path: worker!HOST!run!w
 * for /run/w, and the dial string as an attribute. */
static void set_unix_name(struct registrar *r, const struct addr *addr)
{
    char text[ADDR_TEXT_MAX], *p;

    r->name =
        xasprintf("worker!%s%s", attrs_get(&r->attrs, "host"), addr->host);
    for (p = r->name; *p; p++)
        if (*p == '/')
            *p = '!';
    attrs_set(&r->attrs, "addr", addr_write_dial(addr, text, sizeof(text)));
}

/* The dial string. */
static void set_name(struct registrar *r, const struct addr *addr)
{
    struct addr public;
    char text[ADDR_TEXT_MAX];

    if (addr->kind == ADDR_UNIX) {
        set_unix_name(r, addr);
        return;
    }
    public = addr_public(addr, attrs_get(&r->attrs, "fqdn"));
    r->name = xstrdup(addr_write_dial(&public, text, sizeof(text)));
}

/* -- what the library tells ------------------------------------------------ */

static void on_registered(void *arg, uint64_t revision)
{
    struct registrar *r = arg;

    free(r->refused);
    r->refused = NULL;
    log_info("registered as %s, revision %llu", r->name,
             (unsigned long long)revision);
}

/* Nobody tells which one it was: all of those that were set lately go, or, if
 * none were, all of them, for rights may have changed. */
static void facts_take_back(struct registrar *r, const char *text)
{
    struct attrs *bad = r->doubts.count ? &r->doubts : &r->facts;
    size_t i;

    for (i = 0; i < bad->count; i++) {
        const char *name = bad->list[i].name;

        log_warn("fact %s is taken back: the registry says: %s", name, text);
        muster_registration_set(r->service, name, NULL);
        attrs_unset(&r->attrs, name);
        if (bad != &r->facts)
            attrs_unset(&r->facts, name);
    }
    attrs_free(bad);
}

static void on_refused(void *arg, const char *text)
{
    struct registrar *r = arg;

    facts_take_back(r, text);
    if (r->refused && strcmp(r->refused, text) == 0)
        return;
    log_error("the registry refuses %s: %s", r->name, text);
    free(r->refused);
    r->refused = xstrdup(text);
}

static void on_link(void *arg, enum muster_link state, const char *text)
{
    (void)arg;
    if (state == MUSTER_UP)
        log_info("%s", text);
    else
        log_warn("%s", text);
}

/* -- another that says to be this one -------------------------------------- */

static const char *attr_or(const struct muster_service *s, const char *name)
{
    const char *value = muster_service_get(s, name);

    return value ? value : "unknown";
}

static void on_conflict(void *arg, const struct muster_service *s)
{
    const struct registrar *r = arg;

    log_error("quarantined: host %s is %s already, from %s; this one, %s from "
              "%s, gets no jobs. Stop one of them, or give it another "
              "worker.host",
              attr_or(s, "host"), attr_or(s, "conflict"),
              attr_or(s, "conflict.with"), r->name,
              attr_or(s, "conflict.from"));
}

static void on_conflict_changed(void *arg, const struct muster_service *s,
                                const struct muster_service *old)
{
    if (strcmp(attr_or(s, "conflict"), attr_or(old, "conflict")) != 0)
        on_conflict(arg, s);
}

static void on_conflict_over(void *arg, const struct muster_service *old)
{
    (void)arg;
    (void)old;
    log_warn("no longer quarantined");
}

static void on_watch_error(void *arg, const char *text)
{
    (void)arg;
    log_debug("whether another says to be this worker is not known: %s", text);
}

/* The registry tells nobody but who asks. */
static void watch_conflict(struct registrar *r)
{
    static const struct muster_monitor_callbacks callbacks = {
        .on_add = on_conflict,
        .on_change = on_conflict_changed,
        .on_gone = on_conflict_over,
        .on_error = on_watch_error,
    };
    struct buf selector = BUF_INIT;
    char *error = NULL;

    buf_add_pair(&selector, ".name", r->name);
    buf_add_pair(&selector, "conflict", "*");
    r->conflict =
        muster_monitor(r->muster, buf_str(&selector), &callbacks, r, &error);
    if (!r->conflict)
        on_watch_error(r, error);
    free(error);
    buf_free(&selector);
}

/* -- its life -------------------------------------------------------------- */

static bool service_start(struct registrar *r, char **error)
{
    struct muster_attr *list = xcalloc(r->attrs.count, sizeof(*list));
    struct muster_registration_options o = {
        .name = r->name,
        .attrs = list,
        .attr_count = r->attrs.count,
        .volatile_attrs = VOLATILE,
        /* what holds our address and is not us is dead */
        .replace = true,
        .on_registered = on_registered,
        .on_refused = on_refused,
        .arg = r};
    size_t i;

    for (i = 0; i < r->attrs.count; i++)
        list[i] =
            (struct muster_attr){r->attrs.list[i].name, r->attrs.list[i].value};
    r->service = muster_register(r->muster, &o, error);
    free(list);
    return r->service != NULL;
}

bool registrar_start(struct registrar *r, struct event_base *base,
                     const struct conf *conf, const char *token,
                     const struct addr *addr, const struct attrs *attrs)
{
    char *error = NULL;
    struct muster_tls tls = tls_settings(conf);
    struct muster_options o = {.registries =
                                   conf_joined(conf, "worker.registry"),
                               .on_link = on_link,
                               .arg = r,
                               .tls = &tls,
                               .token = token};
    bool done;

    attrs_copy(&r->attrs, attrs);
    set_name(r, addr);
    r->muster = muster_new(base, &o, &error);
    done = r->muster && service_start(r, &error);
    if (!done)
        log_error("cannot register %s: %s", r->name, error);
    else
        watch_conflict(r);
    free(error);
    return done;
}

void registrar_set(struct registrar *r, const char *attr, const char *value)
{
    const char *now = attrs_get(&r->attrs, attr);

    if (now && strcmp(now, value) == 0)
        return;
    attrs_set(&r->attrs, attr, value);
    if (!muster_registration_set(r->service, attr, value))
        log_error("cannot register %s '%s'", attr, value);
}

/* Why a plugin may not set it, or NULL. */
static const char *fact_wrong(const struct registrar *r, const char *attr)
{
    if (is_own(attr) || strncmp(attr, "conflict", 8) == 0 ||
        strncmp(attr, "drain", 5) == 0)
        return "it is the worker's own";
    if (attrs_get(&r->facts, attr))
        return NULL;
    if (attrs_get(&r->attrs, attr))
        return "the worker or worker.attrs sets it";
    return r->facts.count >= FACTS_MAX ? "there are too many" : NULL;
}

void registrar_fact(struct registrar *r, const char *jid, const char *attr,
                    const char *value)
{
    const char *wrong = r->service ? fact_wrong(r, attr) : "not registered yet",
               *now = attrs_get(&r->facts, attr);
    uint64_t ms = loop_clock();

    if (wrong) {
        log_id_warn(jid, "its plugin may not set %s: %s", attr, wrong);
        return;
    }
    if (now && strcmp(now, value) == 0)
        return;
    if (ms - r->doubts_ms > DOUBT_MS)
        attrs_free(&r->doubts);
    r->doubts_ms = ms;
    attrs_set(&r->doubts, attr, value);
    attrs_set(&r->facts, attr, value);
    registrar_set(r, attr, value);
}

void registrar_unset(struct registrar *r, const char *attr)
{
    if (!attrs_get(&r->attrs, attr))
        return;
    attrs_unset(&r->attrs, attr);
    if (!muster_registration_set(r->service, attr, NULL))
        log_error("cannot unregister %s", attr);
}

static bool is_state(const struct registrar *r, const char *name)
{
    return attrs_get(&r->facts, name) || strcmp(name, "load") == 0 ||
           strcmp(name, "slots_free") == 0 || strcmp(name, "drain") == 0 ||
           strcmp(name, "drain.until") == 0 || strcmp(name, "addr") == 0;
}

void registrar_update(struct registrar *r, const struct attrs *attrs)
{
    size_t i;

    for (i = r->attrs.count; i-- > 0;) {
        const char *name = r->attrs.list[i].name;

        if (is_state(r, name) || attrs_get(attrs, name))
            continue;
        muster_registration_set(r->service, name, NULL);
        attrs_unset(&r->attrs, name);
    }
    for (i = 0; i < attrs->count; i++)
        attrs_unset(&r->facts, attrs->list[i].name);
    for (i = 0; i < attrs->count; i++)
        registrar_set(r, attrs->list[i].name, attrs->list[i].value);
}

void registrar_reload(struct registrar *r, const struct conf *conf,
                      const char *token)
{
    struct muster_tls tls = tls_settings(conf);

    if (!muster_set_tls(r->muster, &tls, NULL)) /* tls_conf told why */
        log_warn("to registries the certificates are those of before, too");
    if (!muster_set_token(r->muster, token))
        log_warn("the token of token_file cannot be shown");
}

void registrar_stop(struct registrar *r)
{
    if (r->conflict)
        muster_monitor_free(r->conflict);
    if (r->service)
        muster_registration_free(r->service);
    if (r->muster)
        muster_free(r->muster);
    attrs_free(&r->attrs);
    attrs_free(&r->facts);
    attrs_free(&r->doubts);
    free(r->name);
    free(r->refused);
    *r = (struct registrar){0};
}

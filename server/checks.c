#include "server/checks.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "lib/metrics.h"
#include "server/check_attrs.h"
#include "server/checks_impl.h"
#include "server/musterd.h"

static enum dir_status dir_of(enum probe_status s)
{
    static const enum dir_status of[] = {[PROBE_CRITICAL] = DIR_CRITICAL,
                                         [PROBE_WARNING] = DIR_WARNING,
                                         [PROBE_PASSING] = DIR_PASSING};

    return of[s];
}

static enum probe_status probe_of(enum dir_status s)
{
    static const enum probe_status of[] = {[DIR_CRITICAL] = PROBE_CRITICAL,
                                           [DIR_WARNING] = PROBE_WARNING,
                                           [DIR_PASSING] = PROBE_PASSING};

    return of[s];
}

/* -- from the directory to the prober -------------------------------------- */

const char *checks_definition(const struct dir_check *c)
{
    size_t len = strlen(CHECKS_OF_ATTRS);

    if (strncmp(c->definition, CHECKS_OF_ATTRS, len) != 0)
        return c->definition;
    return c->definition + len + strspn(c->definition + len, " ");
}

static void check_is_there(struct checks *k, const struct dir_check *c)
{
    const struct probe_id id = {.node = c->node->name, .id = c->id};
    const char *text = checks_definition(c), *why;
    struct probe_spec spec;

    if (!*text || !strncmp(text, CHECKS_ELSEWHERE, strlen(CHECKS_ELSEWHERE))) {
        prober_drop(k->prober, id);
        return;
    }
    why = probe_spec_read(&spec, text, strlen(text));
    if (why) {
        log_warn("check %s of node %s is not run: %s", c->id, c->node->name,
                 why);
        prober_drop(k->prober, id);
        return;
    }
    spec.lives = text != c->definition;
    prober_put(k->prober, id, &spec, probe_of(c->status),
               c->changed > k->started);
}

static void on_check(void *arg, const struct dir_check *c, enum dir_event e)
{
    struct checks *k = arg;

    if (c->implied) /* another one may have its id */
        return;
    if (e == DIR_WENT)
        prober_drop(k->prober,
                    (struct probe_id){.node = c->node->name, .id = c->id});
    else
        check_is_there(k, c);
}

static void on_instance(void *arg, const struct dir_instance *i,
                        enum dir_event e)
{
    if (e != DIR_WENT)
        checks_note(arg, i);
}

/* -- from the prober to the directory -------------------------------------- */

static void on_report(void *arg, struct probe_id id, enum probe_status status,
                      const char *output)
{
    struct checks *k = arg;

    musterd_tick(k->m);
    directory_check(k->m->directory, id.node, id.id, dir_of(status), output,
                    NULL, NULL);
}

/* A service whose own attributes ask for a TTL lives by its lines. */
static uint64_t on_quiet(void *arg, struct probe_id id)
{
    struct checks *k = arg;
    const struct dir_check *c =
        directory_check_of(k->m->directory, id.node, id.id);

    if (!c || !c->instance || !c->instance->entry)
        return UINT64_MAX;
    musterd_tick(k->m);
    return catalog_quiet(k->m->catalog, c->instance->entry);
}

static void on_reap(void *arg, struct probe_id id)
{
    struct checks *k = arg;
    struct directory *d = k->m->directory;
    const struct dir_check *c = directory_check_of(d, id.node, id.id);
    struct dir_removal gone = {.who = {.may_all = true}};
    char *node, *service;

    if (!c || !*c->service_id)
        return;
    log_info("service %s of node %s goes: its check %s has been critical for "
             "too long",
             c->service_id, c->node->name, c->id);
    node = xstrdup(c->node->name);
    service = xstrdup(c->service_id);
    gone.node = node;
    gone.service_id = service;
    musterd_tick(k->m);
    directory_deregister(d, &gone, NULL, NULL);
    free(node);
    free(service);
}

/* -- for faces ------------------------------------------------------------- */

bool checks_tell(struct checks *k, const char *node, const char *id,
                 enum dir_status status, const char *output, dir_done_fn *done,
                 void *arg)
{
    struct directory *d = k->m->directory;
    const struct dir_check *c = directory_check_of(d, node, id);
    struct probe_id pid;

    if (!c)
        return false;
    pid = (struct probe_id){.node = c->node->name, .id = c->id};
    if (!prober_tell(k->prober, pid, probe_of(status), output))
        return false;
    directory_check(d, node, id, status, output, done, arg);
    return true;
}

void checks_renew(struct checks *k, const char *node, const char *id)
{
    const struct dir_check *c = directory_check_of(k->m->directory, node, id);

    if (c)
        prober_renew(k->prober,
                     (struct probe_id){.node = c->node->name, .id = c->id});
}

bool checks_run_scripts(const struct checks *k)
{
    return k->scripts;
}

/* -- life ------------------------------------------------------------------ */

void checks_configure(struct checks *k, const struct conf *conf)
{
    const struct prober_limits limits = {
        .at_once = (unsigned)conf_int(conf, "consul.probes"),
        .scripts = conf_bool(conf, "consul.enable_script_checks"),
        .user = conf_str(conf, "consul.script_user"),
        .ca = conf_str(conf, "tls.ca")};

    k->scripts = limits.scripts;
    prober_limit(k->prober, &limits);
}

void checks_start(struct checks *k)
{
    k->started = catalog_revision(k->m->catalog);
}

struct checks *checks_new(struct musterd *m, const struct conf *conf)
{
    struct checks *k = xcalloc(1, sizeof(*k));
    const struct prober_user user = {
        .report = on_report, .quiet = on_quiet, .reap = on_reap, .arg = k};

    k->m = m;
    k->prober = prober_new(m->loop, &user);
    k->started = UINT64_MAX;
    k->look = (struct loop_task){.fn = checks_look, .arg = k};
    k->listener = (struct dir_listener){
        .check = on_check, .instance = on_instance, .arg = k};
    directory_listen(m->directory, &k->listener);
    checks_configure(k, conf);
    checks_count(k);
    return k;
}

void checks_free(struct checks *k)
{
    if (!k)
        return;
    metrics_forget(k);
    loop_unsettle(k->m->loop, &k->look);
    checks_forget(k);
    prober_free(k->prober);
    free(k);
}

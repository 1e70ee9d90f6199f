#include "plugins/registry/consul/agent_probe.h"

#include <string.h>

#include "lib/mem.h"
#include "plugins/registry/consul/body.h"
#include "plugins/registry/consul/call.h"
#include "plugins/registry/consul/duration.h"

static uint64_t ms_of(int64_t ns)
{
    return ns > 0 ? (uint64_t)duration_ms(ns) : 0;
}

static bool read_ms(struct call *c, const json_t *o, const char *names,
                    uint64_t *ms)
{
    int64_t ns;

    if (!body_duration(c, o, names, &ns))
        return false;
    *ms = ms_of(ns);
    return true;
}

static void read_times(struct agent_probe *p, struct call *c, const json_t *o)
{
    struct probe_spec *s = &p->spec;

    if (body_duration(c, o, "Interval", &p->interval_ns)) {
        s->interval_ms = ms_of(p->interval_ns);
        p->any = true;
    }
    if (body_duration(c, o, "TTL", &p->ttl_ns)) {
        s->ttl_ms = ms_of(p->ttl_ns);
        p->any = true;
    }
    p->any |= read_ms(c, o, "Timeout", &s->timeout_ms);
    p->any |= read_ms(c, o,
                      "DeregisterCriticalServiceAfter|"
                      "deregister_critical_service_after",
                      &s->reap_ms);
}

/* What later versions look at, and what is said of it here. */
#define NOT_HERE(field)                                                        \
    {                                                                          \
        field, "checks by " field                                              \
               " are not done here: by HTTP, TCP, Script, Args or TTL"         \
    }
static const struct {
    const char *field, *wrong;
} later[] = {NOT_HERE("GRPC"),   NOT_HERE("AliasService"),
             NOT_HERE("H2PING"), NOT_HERE("AliasNode"),
             NOT_HERE("UDP"),    NOT_HERE("OSService")};

static void read_later(struct agent_probe *p, struct call *c, const json_t *o)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(later) && !p->later; i++) {
        const char *text = body_text(c, o, later[i].field);

        if (text && *text)
            p->later = later[i].wrong;
    }
    p->any |= p->later != NULL;
}

/* Of the methods that are given the one that Consul would take. */
static void read_target(struct agent_probe *p, struct call *c, const json_t *o)
{
    const char *http = body_text(c, o, "HTTP"), *tcp = body_text(c, o, "TCP");
    const char *target = http && *http ? http : tcp;

    if (!target || !*target)
        return;
    p->any = p->intervals = true;
    p->spec.method = target == http ? PROBE_HTTP : PROBE_TCP;
    p->spec.target = xstrdup(target);
}

static void read_script(struct agent_probe *p, struct call *c, const json_t *o)
{
    const char *script = body_text(c, o, "Script");
    const char *shell = body_text(c, o, "Shell");
    const char *names = "Args|ScriptArgs|script_args";
    const json_t *args = body_list(c, o, names);
    const char *docker =
        body_text(c, o, "DockerContainerID|docker_container_id");
    size_t i;

    p->docker = docker && *docker;
    p->any |= p->docker;
    if (script && *script) {
        shell = shell && *shell ? shell : "/bin/sh";
        probe_add_arg(&p->spec, shell, strlen(shell));
        probe_add_arg(&p->spec, "-c", 2);
        probe_add_arg(&p->spec, script, strlen(script));
    } else {
        for (i = 0; args && i < json_array_size(args); i++) {
            const char *arg = body_item(c, args, i, names);

            if (arg)
                probe_add_arg(&p->spec, arg, strlen(arg));
        }
    }
    if (!p->spec.arg_count)
        return;
    p->any = p->intervals = p->scripted = true;
    p->spec.method = PROBE_SCRIPT;
}

static void read_headers(struct agent_probe *p, struct call *c, const json_t *o)
{
    const json_t *map = body_map(c, o, "Header"), *values;
    const char *name;
    void *at;

    for (at = map ? json_object_iter((json_t *)map) : NULL; at;
         at = json_object_iter_next((json_t *)map, at)) {
        size_t i;

        name = json_object_iter_key(at);
        values = json_object_iter_value(at);
        if (!json_is_array(values) && !json_is_null(values))
            body_wrong(c, "'Header[%s]': source data must be an array or slice",
                       name);
        for (i = 0; i < json_array_size(values); i++) {
            const char *value = body_item(c, values, i, "Header");

            if (value)
                probe_add_header(&p->spec, name, value);
        }
        p->any = true;
    }
}

static void read_threshold(struct call *c, const json_t *o, const char *names,
                           unsigned *to)
{
    uint64_t n;

    if (body_uint(c, o, names, &n))
        *to = n < 100000 ? (unsigned)n : 100000; /* too many for any check */
}

void agent_probe_read(struct agent_probe *p, struct call *c,
                      const json_t *object)
{
    const char *verb = body_text(c, object, "Method");

    *p = (struct agent_probe){.id = body_text(c, object, "CheckID|check_id"),
                              .name = body_text(c, object, "Name"),
                              .notes = body_text(c, object, "Notes"),
                              .status = body_text(c, object, "Status")};
    p->any = (p->id && *p->id) || (p->name && *p->name) ||
             (p->notes && *p->notes) || (p->status && *p->status);
    read_times(p, c, object);
    read_target(p, c, object);
    if (!p->intervals)
        read_script(p, c, object);
    read_later(p, c, object);
    read_headers(p, c, object);
    if (verb && *verb)
        p->spec.verb = xstrdup(verb);
    body_bool(c, object, "TLSSkipVerify|tls_skip_verify", &p->spec.insecure);
    p->any |= p->spec.verb || p->spec.insecure;
    read_threshold(c, object, "SuccessBeforePassing|success_before_passing",
                   &p->spec.passes);
    read_threshold(c, object, "FailuresBeforeCritical|failures_before_critical",
                   &p->spec.fails);
    read_threshold(c, object, "FailuresBeforeWarning|failures_before_warning",
                   &p->spec.warns);
}

void agent_probe_free(struct agent_probe *p)
{
    probe_spec_free(&p->spec);
}

const char *agent_probe_wrong(struct agent_probe *p)
{
    struct probe_spec *s = &p->spec;

    if (p->interval_ns > 0 && p->ttl_ns > 0)
        return "Interval and TTL cannot both be specified";
    if (p->intervals && p->interval_ns <= 0)
        return "Interval must be > 0 for Script, HTTP, or TCP checks";
    if (!p->intervals && p->later)
        return p->later;
    if (!p->intervals && p->docker)
        return "a check in a container needs a Script or Args";
    if (!p->intervals && p->ttl_ns <= 0)
        return "TTL must be > 0 for TTL checks";
    if (p->docker)
        return "checks in containers are not done here";
    if (s->warns > s->fails)
        return "FailuresBeforeWarning can't be higher than "
               "FailuresBeforeCritical";
    if (!p->intervals)
        s->method = PROBE_TTL;
    return probe_spec_check(s);
}

#include "server/check_attrs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/conf.h"
#include "lib/mem.h"

#define PREFIX      "check."
#define PREFIX_LEN  (sizeof(PREFIX) - 1)
#define INTERVAL_MS 10000 /* unless it says another */

/* One check while its attributes are read. */
struct reading {
    struct probe_spec spec;
    bool any;   /* an attribute of it was there */
    bool asked; /* ... that says what to do */
    char wrong[200];
};

static const struct attr_pair *check_pair(const struct record *r, uint32_t i)
{
    const struct attr_pair *p = r->pairs[i];

    return p->key->len > PREFIX_LEN && !memcmp(p->key->name, PREFIX, PREFIX_LEN)
               ? p
               : NULL;
}

bool check_attrs_any(const struct record *r)
{
    uint32_t i;

    for (i = 0; i < r->count; i++)
        if (check_pair(r, i))
            return true;
    return false;
}

/* -- one attribute --------------------------------------------------------- */

static bool set_ms(uint64_t *ms, const char *value)
{
    int64_t n;

    if (!conf_parse_duration(value, &n) || n <= 0)
        return false;
    *ms = (uint64_t)n;
    return true;
}

static bool set_times(unsigned *times, const char *value)
{
    int64_t n;

    if (!conf_parse_int(value, &n) || n < 1 || n > 1000)
        return false;
    *times = (unsigned)n;
    return true;
}

static bool set_method(struct reading *g, enum probe_method method,
                       const char *target)
{
    if (g->asked || !*target)
        return false;
    g->asked = true;
    g->spec.method = method;
    g->spec.target = xstrdup(target);
    return true;
}

static bool set_ttl(struct reading *g, const char *value)
{
    if (g->asked || !set_ms(&g->spec.ttl_ms, value))
        return false;
    g->asked = true;
    g->spec.method = PROBE_TTL;
    return true;
}

static bool set_verb(struct reading *g, const char *value)
{
    free(g->spec.verb);
    g->spec.verb = xstrdup(value);
    return true;
}

/* False: it means nothing, or its value does not. */
static bool set_field(struct reading *g, const char *field, const char *value)
{
    struct probe_spec *s = &g->spec;

    if (!strcmp(field, "http"))
        return set_method(g, PROBE_HTTP, value);
    if (!strcmp(field, "tcp"))
        return set_method(g, PROBE_TCP, value);
    if (!strcmp(field, "ttl"))
        return set_ttl(g, value);
    if (!strcmp(field, "interval"))
        return set_ms(&s->interval_ms, value);
    if (!strcmp(field, "timeout"))
        return set_ms(&s->timeout_ms, value);
    if (!strcmp(field, "deregister_after"))
        return set_ms(&s->reap_ms, value);
    if (!strcmp(field, "fails"))
        return set_times(&s->fails, value);
    if (!strcmp(field, "warns"))
        return set_times(&s->warns, value);
    if (!strcmp(field, "passes"))
        return set_times(&s->passes, value);
    if (!strcmp(field, "insecure"))
        return conf_parse_bool(value, &s->insecure);
    return !strcmp(field, "method") && set_verb(g, value);
}

/* check.FIELD is of the first, check.N.FIELD of the Nth; NULL: of none. */
static const char *field_of(const char *name, unsigned *number)
{
    char *end;
    unsigned long n;

    *number = 1;
    name += PREFIX_LEN;
    if (*name < '0' || *name > '9')
        return name;
    n = strtoul(name, &end, 10);
    if (*end != '.' || n < 1 || n > CHECK_ATTRS_MAX)
        return NULL;
    *number = (unsigned)n;
    return end + 1;
}

static void take_pair(struct reading *all, const struct attr_pair *p)
{
    unsigned number;
    const char *field = field_of(p->key->name, &number);
    struct reading *g = &all[number - 1];

    g->any = true;
    if (*g->wrong || (field && set_field(g, field, p->value)))
        return;
    snprintf(g->wrong, sizeof(g->wrong), "%s: '%s' cannot be done",
             p->key->name, p->value);
}

/* -- the whole ------------------------------------------------------------- */

static void set_target(struct reading *g, const char *fmt, const char *address,
                       unsigned port)
{
    bool v6 = strchr(address, ':') != NULL;
    char *was = g->spec.target;

    if (!port) {
        snprintf(g->wrong, sizeof(g->wrong),
                 "'%s' needs an address of the service: attribute addr", was);
        return;
    }
    g->spec.target = xasprintf("%s%s%s%s:%u%s", fmt, v6 ? "[" : "", address,
                               v6 ? "]" : "", port, *was == '/' ? was : "");
    free(was);
}

/* What is said of the service's own address. */
static void complete(struct reading *g, const char *address, unsigned port)
{
    struct probe_spec *s = &g->spec;

    if (s->method != PROBE_TTL && !s->interval_ms)
        s->interval_ms = INTERVAL_MS;
    if (s->method == PROBE_HTTP && s->target && *s->target == '/')
        set_target(g, "http://", address, port);
    if (s->method == PROBE_TCP && s->target && !strcmp(s->target, "on"))
        set_target(g, "", address, port);
}

static void judge(struct reading *g)
{
    const char *why;

    if (*g->wrong)
        return;
    why = g->asked ? probe_spec_check(&g->spec)
                   : "none of http, tcp and ttl says what to do";
    if (why)
        snprintf(g->wrong, sizeof(g->wrong), "the check cannot be done: %s",
                 why);
}

void check_attrs_read(struct check_attrs *a, const struct record *r,
                      const char *address, unsigned port)
{
    struct reading *all = xcalloc(CHECK_ATTRS_MAX, sizeof(*all));
    uint32_t i;

    a->count = 0;
    for (i = 0; i < r->count; i++)
        if (check_pair(r, i))
            take_pair(all, r->pairs[i]);
    for (i = 0; i < CHECK_ATTRS_MAX; i++) {
        struct reading *g = &all[i];

        if (!g->any)
            continue;
        if (!*g->wrong && g->asked)
            complete(g, address, port);
        judge(g);
        if (*g->wrong)
            probe_spec_free(&g->spec);
        a->checks[a->count].spec = g->spec;
        memcpy(a->checks[a->count].wrong, g->wrong, sizeof(g->wrong));
        a->count++;
    }
    free(all);
}

void check_attrs_free(struct check_attrs *a)
{
    unsigned i;

    for (i = 0; i < a->count; i++)
        probe_spec_free(&a->checks[i].spec);
    a->count = 0;
}

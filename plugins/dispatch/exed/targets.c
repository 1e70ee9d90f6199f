#include <stdlib.h>
#include <string.h>

#include "lib/auth/principal.h"
#include "plugins/dispatch/exed/body.h"
#include "plugins/dispatch/exed/endpoint.h"
#include "plugins/dispatch/exed/pattern.h"

/* The names of hosts that match. */
struct matched {
    const struct pattern *pattern;
    char **names; /* owned */
    size_t count, size;
};

static void add_host(void *arg, const char *host, const struct attrs *attrs)
{
    struct matched *m = arg;

    (void)attrs;
    if (!pattern_match(m->pattern, host))
        return;
    if (m->count == m->size) {
        m->size = m->size ? 2 * m->size : 64;
        m->names = xreallocarray(m->names, m->size, sizeof(*m->names));
    }
    m->names[m->count++] = xstrdup(host);
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static json_t *names_json(const struct matched *m, const char *after,
                          json_int_t limit)
{
    json_t *list = json_array();

    for (size_t i = 0; i < m->count && limit > 0; i++) {
        if (after && strcmp(m->names[i], after) <= 0)
            continue;
        json_array_append_new(list, body_clean(m->names[i]));
        limit--;
    }
    return list;
}

static json_t *match(struct exed_call *c, const struct pattern *pattern,
                     const struct selector *selector)
{
    struct matched m = {.pattern = pattern};
    json_t *list;

    dispatch_hosts(c->exed->dispatch, selector,
                   &http_principal(c->request)->exec, add_host, &m);
    if (m.count)
        qsort(m.names, m.count, sizeof(*m.names), compare);
    list = names_json(&m, exed_text(c, "after"),
                      exed_number(c, "limit", INT64_MAX));
    while (m.count)
        free(m.names[--m.count]);
    free(m.names);
    return list;
}

static enum http_verdict get_targets(struct exed_call *c)
{
    const char *text = exed_text(c, "pattern"), *select;
    struct selector selector = {0};
    struct pattern *pattern = NULL;
    char *wrong = pattern_parse(text && *text ? text : "*", &pattern);

    if (!dispatch_is_synced(c->exed->dispatch)) {
        pattern_free(pattern);
        free(wrong);
        return exed_unsynced(c->request);
    }
    select = exed_text(c, "select");
    if (!wrong && select && strcmp(select, "all") != 0)
        wrong = selector_parse_text(&selector, select, strlen(select));
    if (wrong) {
        pattern_free(pattern);
        return exed_wrong(c->request, 400, wrong);
    }
    http_reply_json(c->request, 200, match(c, pattern, &selector));
    pattern_free(pattern);
    selector_free(&selector);
    return HTTP_DONE;
}

static const struct param params[] = {
    {.name = "pattern",
     .help = "Which hosts, as Ansible's patterns have it; all without it."},
    {.name = "select", .help = "A selector that they must match as well."},
    {.name = "limit",
     .type = PARAM_NUMBER,
     .min = 1,
     .max = 1000000,
     .help = "At most so many."},
    {.name = "after", .help = "Only those whose names come after this one."},
};

static const struct exed_endpoint rows[] = {
    {.method = HTTP_GET,
     .path = "/target",
     .name = "target",
     .handler = get_targets,
     .who = EXED_RUNNER,
     .params = EXED_PARAMS(params),
     .statuses = "200 400",
     .help = "The hosts that match, by name."},
    {.method = HTTP_GET,
     .path = "/targets",
     .name = "targets",
     .handler = get_targets,
     .who = EXED_RUNNER,
     .params = EXED_PARAMS(params),
     .statuses = "200 400",
     .help = "The same."},
};
const struct exed_family exed_targets = {"targets", rows, ARRAY_LEN(rows)};

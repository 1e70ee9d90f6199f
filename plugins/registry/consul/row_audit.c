#include "plugins/registry/consul/row_audit.h"

#include <stdlib.h>

#include "lib/mem.h"

static bool is_given(const char *text)
{
    return text && *text;
}

static void note(struct row_audit *a, const char *action, const char *node,
                 const char *check)
{
    a->actions[a->count] = action;
    a->whats[a->count++] =
        check ? xasprintf("%s/%s", node, check) : xstrdup(node);
}

void row_audit_register(struct row_audit *a, const struct dir_request *q,
                        const char *node)
{
    unsigned i;

    if (is_given(q->node))
        node = q->node;
    if (!q->skip_node)
        note(a, "node register", node, NULL);
    for (i = 0; i < q->check_count; i++)
        note(a, "check register", node,
             is_given(q->checks[i].id) ? q->checks[i].id : q->checks[i].name);
}

void row_audit_deregister(struct row_audit *a, const struct dir_removal *q,
                          const char *node)
{
    if (is_given(q->node))
        node = q->node;
    if (is_given(q->service_id))
        return;
    if (is_given(q->check_id))
        note(a, "check deregister", node, q->check_id);
    else
        note(a, "node deregister", node, NULL);
}

void row_audit_done(struct row_audit *a, const struct dir_result *r)
{
    unsigned i;

    for (i = 0; i < a->count && r->outcome != DIR_REFUSED; i++)
        server_audit_change(&a->asker, a->actions[i], a->whats[i],
                            r->outcome == DIR_DONE ? NULL : r->text);
    row_audit_clear(a);
}

void row_audit_clear(struct row_audit *a)
{
    while (a->count)
        free(a->whats[--a->count]);
}

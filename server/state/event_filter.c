#include "server/state/event_filter.h"

#include <stdlib.h>
#include <string.h>

#include "lib/rex.h"
#include "server/state/directory.h"

/* What may be looked at for one event: instructions of its expressions, and so
 * many for a service in any case. Some tenths of a second, at the worst. */
#define WORK_MAX     50000000
#define WORK_SERVICE 16

struct event_filter {
    struct rex *node, *service, *tag; /* owned; NULL: there is none */
};

static char *compile(const char *what, const char *pattern, struct rex **out)
{
    const char *wrong;

    if (!pattern || !*pattern)
        return NULL;
    wrong = rex_compile(pattern, out);
    return wrong ? xasprintf("Invalid %s filter: %s", what, wrong) : NULL;
}

char *event_filter_new(const struct event_request *q, struct event_filter **out)
{
    struct event_filter *f = xcalloc(1, sizeof(*f));
    char *wrong = compile("node", q->node, &f->node);

    if (!wrong)
        wrong = compile("service", q->service, &f->service);
    if (!wrong)
        wrong = compile("tag", q->tag, &f->tag);
    if (wrong)
        event_filter_free(f);
    else
        *out = f;
    return wrong;
}

void event_filter_free(struct event_filter *f)
{
    if (!f)
        return;
    rex_free(f->node);
    rex_free(f->service);
    rex_free(f->tag);
    free(f);
}

static bool matches(const struct rex *r, const char *text, size_t *work)
{
    size_t len = strlen(text);

    *work += (len + 1) * (size_t)rex_size(r);
    return *work <= WORK_MAX && rex_match(r, text, len);
}

static bool has_tag(const struct event_filter *f, const struct dir_instance *i,
                    size_t *work)
{
    unsigned k;

    for (k = 0; f->tag && k < i->tags.count; k++)
        if (matches(f->tag, i->tags.list[k], work))
            return true;
    return !f->tag;
}

bool event_filter_judge(const struct event_filter *f, const char *node,
                        struct directory *d, bool *here)
{
    const struct dir_node *own;
    const struct dir_instance *i = NULL;
    size_t work = 0;

    *here = !f->node && !f->service;
    if (*here)
        return true;
    *here = !f->node || matches(f->node, node, &work);
    if (!*here || !f->service)
        return work <= WORK_MAX;
    own = directory_own(d);
    *here = false;
    while (!*here && work <= WORK_MAX && (i = dir_node_next(own, i))) {
        work += WORK_SERVICE;
        *here = matches(f->service, i->id, &work) && has_tag(f, i, &work);
    }
    return *here || work <= WORK_MAX;
}

/*
 * What is registered: a node, a service of it, checks of both; and the outcome
 * of a check.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/attrs.h"
#include "server/state/directory_impl.h"

/* -- the request, as it is kept -------------------------------------------- */

static struct dir_pairs pairs_keep(struct dir_change *ch,
                                   const struct dir_pairs *p)
{
    struct dir_pair *list = dir_change_alloc(ch, p->count * sizeof(*list));
    char *text = dir_change_alloc(ch, dir_pairs_size(p));

    return dir_copy_pairs(p, list, &text);
}

static const struct dir_service_new *
service_keep(struct dir_change *ch, const struct dir_service_new *q)
{
    struct dir_service_new *s;
    const char **tags;
    unsigned i;

    if (!q)
        return NULL;
    s = dir_change_alloc(ch, sizeof(*s));
    tags = dir_change_alloc(ch, q->tags.count * sizeof(*tags));
    *s = *q;
    s->name = dir_change_text(ch, q->name);
    s->id = q->id && *q->id ? dir_change_text(ch, q->id) : s->name;
    s->address = dir_change_text(ch, q->address);
    for (i = 0; i < q->tags.count; i++)
        tags[i] = dir_change_text(ch, q->tags.list[i]);
    s->tags.list = tags;
    s->meta = pairs_keep(ch, &q->meta);
    return s;
}

/* Of several with one id the last counts. */
static unsigned without_doubles(struct dir_check_new *c, unsigned count)
{
    unsigned i, later, kept = 0;

    for (i = 0; i < count; i++) {
        for (later = i + 1; later < count; later++)
            if (!dir_compare(c[i].id, c[later].id))
                break;
        if (later == count)
            c[kept++] = c[i];
    }
    return kept;
}

static const struct dir_check_new *checks_keep(struct dir_change *ch,
                                               const struct dir_check_new *q,
                                               unsigned *count)
{
    struct dir_check_new *c = dir_change_alloc(ch, *count * sizeof(*c));
    unsigned i;

    for (i = 0; i < *count; i++) {
        c[i] = q[i];
        c[i].name = dir_change_text(ch, q[i].name);
        c[i].id =
            q[i].id && *q[i].id ? dir_change_text(ch, q[i].id) : c[i].name;
        c[i].notes = dir_change_text(ch, q[i].notes);
        c[i].output = dir_change_text(ch, q[i].output);
        c[i].definition = dir_change_text(ch, q[i].definition);
        c[i].service_id = dir_change_text(ch, q[i].service_id);
    }
    *count = without_doubles(c, *count);
    return c;
}

static void request_keep(struct dir_change *ch, const struct dir_request *q)
{
    struct dir_request *r = &ch->request;

    *r = *q;
    r->node = ch->node;
    r->address = q->address ? dir_change_text(ch, q->address) : NULL;
    r->id = q->id ? dir_change_text(ch, q->id) : NULL;
    r->tagged = pairs_keep(ch, &q->tagged);
    r->meta = pairs_keep(ch, &q->meta);
    r->service = service_keep(ch, q->service);
    r->checks = checks_keep(ch, q->checks, &r->check_count);
}

/* -- what cannot be -------------------------------------------------------- */

static bool is_long(const char *text)
{
    return strlen(text) > DIR_TEXT_MAX;
}

static const char *pairs_refusal(const struct dir_pairs *p, bool attrs)
{
    const char *wrong = NULL;
    unsigned i;

    if (p->count > DIR_META_MAX)
        return "Node metadata cannot contain more than 64 key/value pairs";
    for (i = 0; i < p->count && !wrong; i++) {
        const char *name = p->list[i].name, *value = p->list[i].value;

        if (is_long(name) || is_long(value))
            wrong = "a key or value of meta is too long";
        else if (attrs && !(wrong = attr_name_wrong(name, strlen(name))))
            wrong = attr_value_wrong(value, strlen(value));
    }
    return wrong;
}

static const char *service_refusal(const struct dir_service_new *s)
{
    const char *texts[] = {s->id, s->name, s->address};
    const char *wrong = pairs_refusal(&s->meta, true);
    unsigned i;

    if (!*s->name)
        return "Must provide service name with ID";
    for (i = 0; i < ARRAY_LEN(texts) && !wrong; i++)
        wrong = is_long(texts[i])
                    ? "a text of the service is too long"
                    : attr_value_wrong(texts[i], strlen(texts[i]));
    if (s->tags.count > DIR_TAGS_MAX)
        wrong = "the service has too many tags";
    for (i = 0; i < s->tags.count && !wrong; i++)
        wrong = attr_value_wrong(s->tags.list[i], strlen(s->tags.list[i]));
    return wrong;
}

static const char *check_refusal(const struct dir_check_new *c)
{
    if (!*c->id)
        return "a check has neither a name nor an id";
    if (is_long(c->id) || is_long(c->name) || is_long(c->notes) ||
        is_long(c->service_id))
        return "a text of the check is too long";
    return NULL;
}

static const char *request_refusal(const struct dir_request *q)
{
    const char *wrong = pairs_refusal(&q->tagged, false);
    unsigned i;

    if (!*q->node)
        return "Must provide node name";
    if (is_long(q->node) || (q->address && is_long(q->address)) ||
        (q->id && is_long(q->id)))
        return "a text of the node is too long";
    if (!wrong)
        wrong = attr_value_wrong(q->node, strlen(q->node));
    if (!wrong)
        wrong = pairs_refusal(&q->meta, false);
    if (!wrong && q->service)
        wrong = service_refusal(q->service);
    if (q->check_count > DIR_CHECKS_MAX)
        wrong = "too many checks in one request";
    for (i = 0; i < q->check_count && !wrong; i++)
        wrong = check_refusal(&q->checks[i]);
    return wrong;
}

/* -- the node -------------------------------------------------------------- */

static bool same_node(const struct dir_record *a, const struct dir_record *b)
{
    return !strcmp(a->address, b->address) && !strcmp(a->id, b->id) &&
           dir_same_pairs(&a->tagged, &b->tagged) &&
           dir_same_pairs(&a->meta, &b->meta);
}

/* False: it is refused. */
static bool add_node(struct dir_change *ch)
{
    const struct dir_request *q = &ch->request;
    struct directory *d = ch->d;
    struct dir_record *was =
        dir_record_find(d, ch->place.key, ch->place.key_len);
    const struct dir_node *n = directory_node(d, ch->node);
    struct dir_record like = {.name = was ? was->name : ch->node,
                              .address = q->address ? q->address
                                         : was      ? was->address
                                                    : "",
                              .id = q->id ? q->id
                                    : was ? was->id
                                          : "",
                              .tagged = q->tagged,
                              .meta = q->meta};

    if (n && (q->skip_node || n->own || !q->address))
        return true;
    if (!q->address) {
        dir_change_refuse(ch, q->skip_node ? "Missing node registration"
                                           : "Must provide address if "
                                             "SkipNodeUpdate is not set");
        return false;
    }
    if (was && same_node(was, &like))
        return true;
    if (!was && d->limits.nodes &&
        d->records.count + d->coming_nodes >= d->limits.nodes) {
        dir_change_refuse(ch, "too many nodes are registered");
        return false;
    }
    dir_effect_node(ch, was, dir_record_new(&like));
    return true;
}

/* -- checks ---------------------------------------------------------------- */

static bool same_check(const struct dir_check_record *a,
                       const struct dir_check_record *b)
{
    return a->status == b->status && a->agent == b->agent &&
           a->durable == b->durable && !strcmp(a->name, b->name) &&
           !strcmp(a->notes, b->notes) &&
           !strcmp(a->definition, b->definition) &&
           !dir_compare(a->service_id, b->service_id);
}

/* Whether it is kept by the store: as long as its service is. */
static bool check_lasts(struct dir_change *ch, const char *service_id)
{
    const struct dir_instance *i =
        *service_id ? dir_find_instance(ch->d, ch->node, service_id) : NULL;

    return !i || !i->bound;
}

/* NULL, or what is wrong with it. */
static const char *add_check(struct dir_change *ch,
                             const struct dir_check_new *c)
{
    struct directory *d = ch->d;
    struct dir_check_record *was = dir_check_record_find(d, ch->node, c->id);
    const struct dir_service_new *s = ch->request.service;
    const struct dir_node *n = directory_node(d, ch->node);
    struct dir_check_record like = {.node = ch->node,
                                    .id = was ? was->id : c->id,
                                    .name = c->name,
                                    .notes = c->notes,
                                    .service_id = c->service_id,
                                    .definition = c->definition,
                                    .output = (char *)c->output,
                                    .status = c->status,
                                    .agent = c->agent};

    if (n && dir_is_serfs(n, c->id))
        return NULL; /* as Consul's server puts it right again */
    if (*c->service_id && (!s || dir_compare(s->id, c->service_id) != 0) &&
        !dir_find_instance(d, ch->node, c->service_id))
        return "failed inserting check: Missing service registration";
    if (c->keep && was) {
        like.status = was->status;
        like.output = was->output;
    }
    like.durable = check_lasts(ch, c->service_id);
    if (was && same_check(was, &like)) {
        if (strcmp(was->output, like.output) != 0)
            dir_check_output(d, was, like.output);
        return NULL;
    }
    if (was && *was->service_id && dir_compare(was->service_id, c->service_id))
        ch->left[ch->left_count++] = dir_change_text(ch, was->service_id);
    if (!was && d->limits.checks &&
        d->check_records.count + d->coming_checks >= d->limits.checks)
        return "too many checks are registered";
    dir_effect_check(ch, was, dir_check_record_new(&like));
    return NULL;
}

static bool add_checks(struct dir_change *ch)
{
    unsigned i, count = ch->request.check_count;
    const char *wrong;

    ch->left = dir_change_alloc(ch, count * sizeof(*ch->left));
    for (i = 0; i < count; i++) {
        wrong = add_check(ch, &ch->request.checks[i]);
        if (wrong) {
            dir_change_refuse(ch, wrong);
            return false;
        }
    }
    return true;
}

/* The id of the service that goes with it: its own, or its checks'; or "". */
static const char *service_of(const struct dir_change *ch)
{
    const struct dir_request *q = &ch->request;
    unsigned i;

    if (q->service)
        return q->service->id;
    for (i = 0; i < q->check_count; i++)
        if (*q->checks[i].service_id)
            return q->checks[i].service_id;
    return "";
}

/* The next service whose checks are others now; NULL: that was all. */
static const char *next_seen(struct dir_change *ch)
{
    const struct dir_request *q = &ch->request;
    size_t n = ch->seen++;

    if (n < q->check_count)
        return q->checks[n].service_id;
    n -= q->check_count;
    return n < ch->left_count ? ch->left[n] : NULL;
}

/* A check may be of another service than the one that its request is about, or
 * have been: the status of that follows under a revision of its own. */
static void follow_checks(struct dir_change *ch)
{
    const struct dir_instance *i;
    struct record_edit edit;
    struct dir_edit e;
    const char *id;

    ch->more = false;
    while (ch->result.outcome == DIR_DONE && (id = next_seen(ch))) {
        i = *id ? dir_find_instance(ch->d, ch->node, id) : NULL;
        if (!i || !i->entry)
            continue;
        dir_edit_init(&e, ch, 1, 1);
        dir_edit_status(&e, i, i->id);
        edit = dir_edit_done(&e);
        if (!edit.set_count && !edit.unset_count)
            continue;
        ch->more = true;
        dir_change_update(ch, i->entry, &edit);
        return;
    }
}

static void register_run(struct dir_change *ch)
{
    const char *wrong = request_refusal(&ch->request), *id = service_of(ch);
    const struct dir_instance *i;

    if (ch->more) {
        follow_checks(ch);
        return;
    }
    if (wrong) {
        dir_change_refuse(ch, wrong);
        return;
    }
    if (!add_node(ch) || !add_checks(ch))
        return;
    ch->more = ch->request.check_count > 1 || ch->left_count;
    i = *id ? dir_find_instance(ch->d, ch->node, id) : NULL;
    if (i && i->entry)
        dir_update_service(ch, i);
    else if (!i && ch->request.service)
        dir_register_service(ch);
    else
        dir_change_commit(ch);
}

void directory_register(struct directory *d, const struct dir_request *q,
                        dir_done_fn *done, void *arg)
{
    struct dir_change *ch = dir_change_new(d, q->node, &q->who, done, arg);

    if (!ch)
        return;
    request_keep(ch, q);
    ch->run = register_run;
    dir_change_go(ch);
}

/* -- what somebody else has set ------------------------------------------- */

static void mend_run(struct dir_change *ch)
{
    const struct dir_instance *i =
        dir_find_instance(ch->d, ch->node, ch->removal.service_id);

    if (i && i->entry && dir_is_amiss(i))
        dir_update_service(ch, i);
}

void dir_mend_status(struct directory *d, const struct dir_instance *i)
{
    static const struct dir_asker registry = {.may_all = true};
    struct dir_change *ch =
        dir_change_new(d, i->node->name, &registry, NULL, NULL);

    if (!ch)
        return;
    ch->removal.service_id = dir_change_text(ch, i->id);
    ch->run = mend_run;
    dir_change_go(ch);
}

/* -- the outcome of a check ------------------------------------------------ */

static void check_run(struct dir_change *ch)
{
    struct directory *d = ch->d;
    struct dir_check_record *was =
        dir_check_record_find(d, ch->node, ch->check);
    struct dir_check_record like;
    const struct dir_instance *i;

    if (!was) {
        dir_change_refuse(ch, "there is no such check");
        return;
    }
    if (was->status == ch->status) {
        if (ch->output && strcmp(ch->output, was->output) != 0)
            dir_check_output(d, was, ch->output);
        return;
    }
    like = *was;
    like.status = ch->status;
    if (ch->output)
        like.output = (char *)ch->output;
    dir_effect_check(ch, was, dir_check_record_new(&like));
    i = *was->service_id ? dir_find_instance(d, ch->node, was->service_id)
                         : NULL;
    ch->alone_if_refused = true;
    if (i && i->entry)
        dir_update_service(ch, i);
    else
        dir_change_commit(ch);
}

void directory_check(struct directory *d, const char *node, const char *id,
                     enum dir_status status, const char *output,
                     dir_done_fn *done, void *arg)
{
    static const struct dir_asker registry = {.may_all = true};
    struct dir_change *ch = dir_change_new(d, node, &registry, done, arg);

    if (!ch)
        return;
    ch->check = dir_change_text(ch, id);
    ch->status = status;
    ch->output = output ? dir_change_text(ch, output) : NULL;
    ch->run = check_run;
    dir_change_go(ch);
}

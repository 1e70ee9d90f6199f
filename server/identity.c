#include "server/identity.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "lib/metrics.h"
#include "server/musterd.h"

#define CONFLICT      "conflict"
#define CONFLICT_FROM "conflict.from"
#define CONFLICT_WITH "conflict.with"
#define PIN           RECORD_PINNED CONFLICT
#define NOWHERE       "nowhere" /* of a persistent service alone */
#define BUDGET        5000      /* changes looked at in a turn */

/* Of an identity that nobody is, but some are quarantined for. */
struct hold {
    uint64_t due_ms; /* when the first of them is released */
    bool seen;
    UT_hash_handle hh;
    char value[];
};

struct identity {
    struct musterd *m;
    char *attr; /* owned; NULL: nobody is compared */
    uint64_t hold_ms;
    struct record *worker; /* counted: `kind worker`, and nothing else */
    struct hold *holds;
    struct loop_timer *timer; /* for the first hold */
    struct loop_task look;    /* at what has changed, at the end of a turn */
    uint64_t noticed;         /* changes up to this one were no worker's, or a
                                 look was asked for */
    uint64_t looked;          /* ... have been looked at */
};

/* In the order in which they are set and unset. */
static const char *const names[] = {CONFLICT,      PIN,
                                    CONFLICT_FROM, RECORD_PINNED CONFLICT_FROM,
                                    CONFLICT_WITH, RECORD_PINNED CONFLICT_WITH};

/* -- reading the catalog --------------------------------------------------- */

static struct word word_of(const char *text)
{
    return (struct word){.text = (char *)text, .len = (unsigned)strlen(text)};
}

static const struct attr_pair *pair_named(const struct record *r,
                                          const char *name)
{
    size_t len = strlen(name);
    uint32_t i;

    for (i = 0; i < r->count; i++)
        if (r->pairs[i]->key->len == len &&
            !memcmp(r->pairs[i]->key->name, name, len))
            return r->pairs[i];
    return NULL;
}

/* Who it says to be; NULL: no worker, or nobody. */
static const struct attr_pair *identity_of(const struct identity *d,
                                           const struct record *r)
{
    return d->attr && r && record_has(r, d->worker->pairs[0])
               ? pair_named(r, d->attr)
               : NULL;
}

static bool is_quarantined(const struct record *r)
{
    return r && r->hidden && pair_named(r, PIN);
}

/* What others say of an identity. */
struct claims {
    struct service *holder; /* the first that is it; NULL: nobody */
    struct service *waits;  /* the first that is quarantined; NULL: nobody */
};

static struct claims claims_of(const struct identity *d,
                               const struct attr_pair *who,
                               const struct service *but)
{
    struct claims c = {0};
    struct seqset_pos pos;
    struct service *v;

    for (v = seqset_first(&who->services, 0, &pos); v && !c.holder;
         v = seqset_next(&pos)) {
        if (v == but || identity_of(d, v->record) != who)
            continue;
        if (!is_quarantined(v->record))
            c.holder = v;
        else if (!c.waits)
            c.waits = v;
    }
    return c;
}

static const char *comes_from(const struct catalog_owner *o)
{
    return o && o->from ? o->from : NOWHERE;
}

/* -- judging what comes ---------------------------------------------------- */

static void add_set(struct catalog_more *more, unsigned i, struct word value)
{
    struct word *to = &more->sets[2 * more->set_count];

    to[0] = word_of(names[i]);
    to[1] = value;
    to[2] = word_of(names[i + 1]);
    to[3] = value;
    more->set_count += 2;
}

static void quarantine(struct catalog_more *more, struct word name,
                       struct word from, struct word with)
{
    add_set(more, 0, name);
    add_set(more, 2, from);
    add_set(more, 4, with);
}

static void release(struct catalog_more *more)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(names); i++)
        more->unsets[more->unset_count++] = word_of(names[i]);
}

static struct word value_of(const struct record *r, const char *name)
{
    const struct attr_pair *p = pair_named(r, name);

    return p ? (struct word){.text = (char *)p->value, .len = p->len}
             : word_of(NOWHERE);
}

/* It was not told of by an accident: somebody runs twice. */
static void tell(const struct service *v, const struct attr_pair *who,
                 const char *from, const struct word *first,
                 const struct word *with)
{
    log_warn("conflict: %s from %s says to be %s %s, which is %.*s from %.*s: "
             "it is quarantined",
             v->name, from, who->key->name, who->value, (int)first->len,
             first->text, (int)with->len, with->text);
}

/* Somebody new says to be that; or a service says to be another. */
static void judge(const struct identity *d, const struct catalog_asking *a,
                  const struct attr_pair *who, struct catalog_more *more)
{
    struct claims c = claims_of(d, who, a->service);
    struct word first, with, from = word_of(comes_from(a->owner));

    if (c.holder) {
        first =
            (struct word){.text = c.holder->name, .len = c.holder->name_len};
        with = word_of(comes_from(c.holder->owner));
        if (c.holder->owner && c.holder->owner->doubted)
            c.holder->owner->doubted(c.holder->owner);
    } else if (c.waits) {
        first = value_of(c.waits->record, CONFLICT);
        with = value_of(c.waits->record, CONFLICT_WITH);
        if (word_is(&first, a->service->name))
            return; /* it is who they are in conflict with, come back */
    } else {
        return;
    }
    quarantine(more, first, from, with);
    tell(a->service, who, from.text, &first, &with);
}

static bool ask(void *arg, const struct catalog_asking *a,
                struct catalog_more *more)
{
    const struct identity *d = arg;
    const struct attr_pair *who = identity_of(d, a->becomes), *was;
    bool quarantined;

    if (!who && !a->becomes->hidden)
        return false; /* most of what there is */
    was = identity_of(d, a->was);
    quarantined = is_quarantined(a->was);
    if (!who || who != was) {
        if (is_quarantined(a->becomes))
            release(more);
        if (who)
            judge(d, a, who, more);
    } else if (a->registers && quarantined) {
        quarantine(more, value_of(a->was, CONFLICT),
                   word_of(comes_from(a->owner)),
                   value_of(a->was, CONFLICT_WITH));
    } else if (quarantined && !is_quarantined(a->becomes)) {
        release(more);
    }
    return more->set_count || more->unset_count;
}

/* -- what has changed ------------------------------------------------------ */

static void is_done(void *arg, const struct catalog_result *r)
{
    (void)arg;
    if (r->status != CATALOG_OK)
        log_warn("conflict: a quarantine could not be changed: %s", r->text);
}

static void change_service(struct identity *d, struct service *v,
                           const struct catalog_more *more)
{
    struct catalog_request q = {.edit = {.sets = more->sets,
                                         .set_count = more->set_count,
                                         .unsets = more->unsets,
                                         .unset_count = more->unset_count},
                                .may_all = true};

    catalog_update(d->m->catalog, v, &q, is_done, NULL);
}

/* Two that came at the same time, while the store was busy. */
static void look_again(struct identity *d, const struct change *ch)
{
    const struct attr_pair *who = identity_of(d, ch->after);
    struct service *v = ch->service;
    struct catalog_more more = {0};
    struct word first, with;
    struct claims c;

    if (!who || !v->registered || v->record != ch->after ||
        is_quarantined(ch->after) || identity_of(d, ch->before) == who)
        return;
    c = claims_of(d, who, v);
    if (!c.holder || c.holder->seq > v->seq)
        return;
    first = (struct word){.text = c.holder->name, .len = c.holder->name_len};
    with = word_of(comes_from(c.holder->owner));
    quarantine(&more, first, word_of(comes_from(v->owner)), with);
    tell(v, who, comes_from(v->owner), &first, &with);
    change_service(d, v, &more);
}

static void hold_free(struct identity *d, struct hold *h)
{
    HASH_DEL(d->holds, h);
    free(h);
}

static void hold_see(struct identity *d, const struct attr_pair *who)
{
    struct hold *h;

    HASH_FIND(hh, d->holds, who->value, who->len, h);
    if (!h) {
        h = xcalloc(1, sizeof(*h) + who->len + 1);
        memcpy(h->value, who->value, who->len);
        h->due_ms = loop_now(d->m->loop) + d->hold_ms;
        HASH_ADD_KEYPTR(hh, d->holds, h->value, who->len, h);
        log_info("conflict: nobody is %s %s: who is quarantined for it is "
                 "released in %llu s",
                 d->attr, h->value, (unsigned long long)d->hold_ms / 1000);
    }
    h->seen = true;
}

/* For whom those that are quarantined wait; a hold for each that is gone. */
static void holds_update(struct identity *d)
{
    const struct attr_key *key =
        record_find_key(&d->m->catalog->index, PIN, strlen(PIN));
    uint64_t now = loop_now(d->m->loop), first = UINT64_MAX;
    const struct attr_pair *who;
    struct seqset_pos pos;
    struct hold *h, *next;
    struct service *v;

    HASH_ITER (hh, d->holds, h, next)
        h->seen = false;
    for (v = key ? seqset_first(&key->services, 0, &pos) : NULL; v;
         v = seqset_next(&pos)) {
        who = identity_of(d, v->record);
        if (who && !claims_of(d, who, v).holder)
            hold_see(d, who);
    }
    HASH_ITER (hh, d->holds, h, next) {
        if (!h->seen)
            hold_free(d, h);
        else if (h->due_ms < first)
            first = h->due_ms;
    }
    if (first != UINT64_MAX)
        loop_timer_set(d->timer, first > now ? first - now : 0);
}

/* The first of them is it from now on, and the others are in conflict with
 * that one. */
static void release_first(struct identity *d, const char *value)
{
    const struct attr_pair *who = record_find_pair(
        &d->m->catalog->index, d->attr, strlen(d->attr), value, strlen(value));
    struct service *first = who ? claims_of(d, who, NULL).waits : NULL, *v;
    struct catalog_more more = {0};
    struct seqset_pos pos;
    uint64_t seq;

    if (!first || claims_of(d, who, NULL).holder)
        return;
    log_warn("conflict: %s is %s %s from now on", first->name, d->attr, value);
    release(&more);
    change_service(d, first, &more);
    for (v = seqset_first(&who->services, first->seq, &pos); v;
         v = seqset_first(&who->services, seq, &pos)) {
        seq = v->seq;
        if (!is_quarantined(v->record) || identity_of(d, v->record) != who)
            continue;
        more = (struct catalog_more){0};
        quarantine(&more,
                   (struct word){.text = first->name, .len = first->name_len},
                   value_of(v->record, CONFLICT_FROM),
                   word_of(comes_from(first->owner)));
        change_service(d, v, &more);
    }
}

static void holds_are_over(void *arg)
{
    struct identity *d = arg;
    uint64_t now = loop_now(d->m->loop);
    struct hold *h, *next;

    musterd_tick(d->m);
    HASH_ITER (hh, d->holds, h, next) {
        if (h->due_ms > now || !d->attr)
            continue;
        HASH_DEL(d->holds, h);
        release_first(d, h->value);
        free(h);
    }
    holds_update(d);
}

static bool is_of_worker(const struct identity *d, const struct change *ch)
{
    const struct attr_pair *worker = d->worker->pairs[0];

    return (ch->before && record_has(ch->before, worker)) ||
           (ch->after && record_has(ch->after, worker));
}

/* What was forgotten before it was looked at has others behind it. */
static void look(void *arg)
{
    struct identity *d = arg;
    const struct changes *s = &d->m->catalog->changes;
    unsigned budget = BUDGET;
    const struct change *ch;

    musterd_tick(d->m);
    if (!changes_knows(s, d->looked))
        d->looked = s->head - s->count;
    for (; d->looked < d->noticed && budget; budget--) {
        ch = changes_at(s, ++d->looked);
        if (is_of_worker(d, ch))
            look_again(d, ch);
    }
    holds_update(d);
    if (d->looked < d->noticed)
        loop_later(d->m->loop, &d->look);
}

void identity_changed(struct identity *d)
{
    const struct changes *s = &d->m->catalog->changes;
    bool all = d->look.queued;

    if (!all && !d->worker->pairs[0]->services.count) {
        d->noticed = d->looked = s->head;
        return;
    }
    all |= !changes_knows(s, d->noticed);
    while (!all && d->noticed < s->head)
        all = is_of_worker(d, changes_at(s, ++d->noticed));
    d->noticed = s->head;
    if (all)
        loop_settle(d->m->loop, &d->look);
    else
        d->looked = d->noticed;
}

/* -- numbers --------------------------------------------------------------- */

static double quarantined(void *arg)
{
    const struct identity *d = arg;
    const struct attr_key *key =
        record_find_key(&d->m->catalog->index, PIN, strlen(PIN));

    return key ? key->services.count : 0;
}

/* -- life ------------------------------------------------------------------ */

void identity_configure(struct identity *d, const struct conf *conf)
{
    d->hold_ms = (uint64_t)conf_duration_ms(conf, "registry.conflict_hold");
}

struct identity *identity_new(struct musterd *m, const struct conf *conf)
{
    const struct word kind[2] = {word_of("kind"), word_of("worker")};
    const struct record_edit edit = {.sets = kind, .set_count = 1};
    const char *attr = conf_str(conf, "registry.identity");
    struct identity *d = xcalloc(1, sizeof(*d));
    struct attr_pair *pinned[1];
    struct record_pins pins = {.pairs = pinned};

    d->m = m;
    d->attr = strcmp(attr, "off") ? xstrdup(attr) : NULL;
    d->timer = loop_timer_new(m->loop, holds_are_over, d);
    d->look = (struct loop_task){.fn = look, .arg = d};
    d->worker = record_edit(&m->catalog->index, NULL, &edit, &pins);
    record_count(d->worker);
    record_unpin(&m->catalog->index, &pins);
    identity_configure(d, conf);
    metrics_add_gauge("muster_quarantined_services",
                      "Workers that say to be another that is there already.",
                      quarantined, d, d);
    m->catalog->more = ask;
    m->catalog->more_arg = d;
    m->catalog->more_about = d->worker->pairs[0];
    return d;
}

void identity_start(struct identity *d)
{
    d->noticed = d->looked = catalog_revision(d->m->catalog);
    holds_update(d);
}

void identity_free(struct identity *d)
{
    struct hold *h, *next;

    if (!d)
        return;
    metrics_forget(d);
    d->m->catalog->more = NULL;
    loop_unsettle(d->m->loop, &d->look);
    loop_timer_free(d->timer);
    HASH_ITER (hh, d->holds, h, next)
        hold_free(d, h);
    record_unref(&d->m->catalog->index, d->worker);
    free(d->attr);
    free(d);
}

#include "server/prober.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <utlist.h>

#include "lib/mem.h"
#include "lib/tls.h"
#include "server/prober_impl.h"

#define AT_ONCE      128  /* until prober_limit() says another */
#define REAP_LOOKS   2000 /* checks looked at in a turn */
#define REAP_TURN_MS 1    /* from a turn to the next */

static char *key_of(struct probe_id id, size_t *len)
{
    size_t node = strlen(id.node) + 1, rest = strlen(id.id) + 1;
    char *key = xmalloc(node + rest);

    memcpy(key, id.node, node);
    memcpy(key + node, id.id, rest);
    *len = node + rest;
    return key;
}

static struct check *check_find(const struct prober *p, struct probe_id id)
{
    struct check *c;
    size_t len;
    char *key = key_of(id, &len);

    HASH_FIND(hh, p->checks, key, len, c);
    free(key);
    return c;
}

/* -- what comes of it ------------------------------------------------------ */

static void set_status(struct check *c, enum probe_status status)
{
    c->status = status;
    if (status != PROBE_CRITICAL)
        c->critical_ms = 0;
    else if (!c->critical_ms)
        c->critical_ms = loop_now(c->prober->loop);
}

/* Somebody else says what it is. */
static void be_told(struct check *c, enum probe_status status)
{
    c->streak = 0;
    c->failing = status == PROBE_CRITICAL;
    set_status(c, status);
}

/* What it is after this outcome, if so many in a row are enough to say so; one
 * is of a TTL, which is told how it is. */
static bool is_believed(struct check *c, enum probe_status *status)
{
    const struct probe_spec *s = &c->spec;
    bool bad = *status == PROBE_CRITICAL;

    if (bad != c->bad)
        c->streak = 0;
    c->bad = bad;
    if (s->method == PROBE_TTL ||
        (bad ? c->status == PROBE_CRITICAL : !c->failing))
        return true;
    if (++c->streak >= (bad ? s->fails : s->passes))
        return true;
    *status = PROBE_WARNING;
    return bad && s->warns && c->streak >= s->warns;
}

void prober_judge(struct check *c, enum probe_status status, const char *output)
{
    const struct prober *p = c->prober;

    if (!is_believed(c, &status))
        return;
    c->failing = c->bad;
    set_status(c, status);
    p->user.report(p->user.arg, check_id(c), status, output);
}

/* -- services that go ------------------------------------------------------ */

static bool is_due(const struct check *c, uint64_t now)
{
    return c->critical_ms && now - c->critical_ms >= c->spec.reap_ms;
}

/* Each of the list is looked at once, and goes to its end: whoever is told may
 * make it another one. It is not found again for a while: if its service goes,
 * never. */
static void reap(void *arg)
{
    struct prober *p = arg;
    uint64_t now = loop_now(p->loop);
    unsigned looks = REAP_LOOKS, reaps = PROBER_REAPS;
    struct check *c;

    if (!p->reap_left)
        p->reap_left = p->reap_count;
    while ((c = p->reaps) && p->reap_left && looks-- && reaps) {
        DL_DELETE2(p->reaps, c, reap_prev, reap_next);
        DL_APPEND2(p->reaps, c, reap_prev, reap_next);
        p->reap_left--;
        if (!is_due(c, now))
            continue;
        c->critical_ms = now;
        reaps--;
        p->counts.reaps++;
        p->user.reap(p->user.arg, check_id(c));
    }
    if (p->reaps)
        loop_timer_set(p->reaper, p->reap_left ? REAP_TURN_MS : PROBER_REAP_MS);
}

static void reap_leave(struct check *c)
{
    struct prober *p = c->prober;

    if (!c->spec.reap_ms)
        return;
    DL_DELETE2(p->reaps, c, reap_prev, reap_next);
    p->reap_count--;
    if (p->reap_left > p->reap_count)
        p->reap_left = p->reap_count;
}

static void reap_join(struct check *c)
{
    struct prober *p = c->prober;

    if (!c->spec.reap_ms)
        return;
    DL_APPEND2(p->reaps, c, reap_prev, reap_next);
    p->reap_count++;
    if (!loop_timer_is_set(p->reaper))
        loop_timer_set(p->reaper, PROBER_REAP_MS);
}

/* -- which there are ------------------------------------------------------- */

static struct check *check_new(struct prober *p, struct probe_id id)
{
    size_t len;
    char *key = key_of(id, &len);
    struct check *c = xcalloc(1, sizeof(*c) + len);

    c->prober = p;
    c->key_len = len;
    memcpy(c->key, key, len);
    c->id = c->key + strlen(c->key) + 1;
    free(key);
    HASH_ADD(hh, p->checks, key, len, c);
    return c;
}

/* What it is about is no longer that. */
static void check_clear(struct check *c)
{
    prober_stop(c);
    reap_leave(c);
    c->prober->counts.checks[c->spec.method]--;
    probe_spec_free(&c->spec);
    free(c->text);
    free(c->said);
    c->text = c->said = NULL;
}

static void check_free(struct check *c)
{
    check_clear(c);
    HASH_DELETE(hh, c->prober->checks, c);
    free(c);
}

static void check_set(struct check *c, struct probe_spec *spec, char *text)
{
    c->spec = *spec;
    *spec = (struct probe_spec){0};
    c->text = text;
    c->prober->counts.checks[c->spec.method]++;
    reap_join(c);
}

static char *text_of(const struct probe_spec *spec)
{
    struct buf b = BUF_INIT;
    char *text;

    probe_spec_write(spec, &b);
    text = xstrdup(buf_str(&b));
    buf_free(&b);
    return text;
}

void prober_put(struct prober *p, struct probe_id id, struct probe_spec *spec,
                enum probe_status status, bool soon)
{
    struct check *c = check_find(p, id);
    char *text = text_of(spec);

    if (c && strcmp(c->text, text) == 0) {
        if (c->status != status)
            be_told(c, status);
        probe_spec_free(spec);
        free(text);
        return;
    }
    if (c)
        check_clear(c);
    else
        c = check_new(p, id);
    check_set(c, spec, text);
    c->critical_ms = 0;
    be_told(c, status);
    prober_schedule(c, soon);
}

void prober_renew(struct prober *p, struct probe_id id)
{
    struct check *c = check_find(p, id);

    if (c && c->spec.method == PROBE_TTL)
        loop_timer_set(c->timer, c->spec.ttl_ms);
}

void prober_drop(struct prober *p, struct probe_id id)
{
    struct check *c = check_find(p, id);

    if (c)
        check_free(c);
}

bool prober_tell(struct prober *p, struct probe_id id, enum probe_status status,
                 const char *output)
{
    struct check *c = check_find(p, id);

    if (!c || c->spec.method != PROBE_TTL)
        return false;
    free(c->said);
    c->said = xstrndup(output, PROBE_OUTPUT_MAX);
    be_told(c, status);
    loop_timer_set(c->timer, c->spec.ttl_ms);
    return true;
}

/* -- life ------------------------------------------------------------------ */

void prober_limit(struct prober *p, const struct prober_limits *limits)
{
    p->at_once = limits->at_once ? limits->at_once : 1;
    p->scripts = limits->scripts;
    free(p->script_user);
    p->script_user = limits->user ? xstrdup(limits->user) : NULL;
    p->place.user = p->script_user;
    free(p->ca);
    p->ca = limits->ca ? xstrdup(limits->ca) : NULL;
    if (p->line)
        loop_later(p->loop, &p->begin);
}

const struct prober_counts *prober_counts(const struct prober *p)
{
    return &p->counts;
}

struct prober *prober_new(struct loop *l, const struct prober_user *user)
{
    struct prober *p = xcalloc(1, sizeof(*p));

    p->loop = l;
    p->user = *user;
    p->at_once = AT_ONCE;
    p->place = (struct probe_place){.loop = l, .tls = prober_tls, .arg = p};
    p->begin = (struct loop_task){.fn = prober_begin, .arg = p};
    p->reaper = loop_timer_new(l, reap, p);
    histogram_init_seconds(&p->counts.seconds);
    if (getrandom(&p->chance, sizeof(p->chance), GRND_NONBLOCK) !=
            sizeof(p->chance) ||
        !p->chance)
        p->chance = 1;
    return p;
}

void prober_free(struct prober *p)
{
    struct check *c, *next;

    if (!p)
        return;
    HASH_ITER (hh, p->checks, c, next)
        check_free(c);
    loop_unsettle(p->loop, &p->begin);
    loop_timer_free(p->reaper);
    tls_free(p->tls[0]);
    tls_free(p->tls[1]);
    free(p->script_user);
    free(p->ca);
    free(p);
}

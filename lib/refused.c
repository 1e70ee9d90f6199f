#include "lib/refused.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "lib/log.h"
#include "lib/mem.h"

#define FROM_MAX 64  /* bytes of an address without its port */
#define TEXT_MAX 200 /* bytes of a text that is kept */
#define KEY_MAX  (FROM_MAX + 64)

/* Refusals of one face for one reason of one address. */
struct account {
    char key[KEY_MAX]; /* "new request 127.0.0.1" */
    char face[16];
    char from[FROM_MAX];
    char last[TEXT_MAX];
    uint64_t ends_ms; /* of its window */
    unsigned told;    /* logged in it */
    uint64_t more;    /* not logged */
    UT_hash_handle hh;
};

static struct {
    struct loop *loop; /* NULL: there are no accounts */
    struct loop_timer *timer;
    struct loop_task at_free;
    struct account *accounts;
    void (*hook)(const struct refused *r);
    unsigned burst;
} the_refused = {.burst = REFUSED_BURST};

void refused_burst(unsigned burst)
{
    the_refused.burst = burst;
}

void refused_hook(void (*fn)(const struct refused *r))
{
    the_refused.hook = fn;
}

static void tell_more(const struct account *a)
{
    if (a->more)
        log_info("%s: ... and %llu more refused from %s, the last: %s", a->face,
                 (unsigned long long)a->more, a->from, a->last);
}

static void account_free(struct account *a)
{
    tell_more(a);
    HASH_DEL(the_refused.accounts, a);
    free(a);
}

/* Accounts whose window is over; those that still fill up get another. */
static void windows_end(void *arg)
{
    uint64_t now = loop_now(the_refused.loop), next = UINT64_MAX;
    struct account *a, *tmp;

    (void)arg;
    HASH_ITER (hh, the_refused.accounts, a, tmp) {
        if (a->ends_ms <= now)
            account_free(a);
        else if (a->ends_ms < next)
            next = a->ends_ms;
    }
    if (next != UINT64_MAX)
        loop_timer_set(the_refused.timer, next - now);
}

static void loop_ends(void *arg)
{
    struct account *a, *tmp;

    (void)arg;
    HASH_ITER (hh, the_refused.accounts, a, tmp)
        account_free(a);
    loop_timer_free(the_refused.timer);
    the_refused.timer = NULL;
    the_refused.loop = NULL;
}

static void begin(struct loop *l)
{
    the_refused.loop = l;
    the_refused.timer = loop_timer_new(l, windows_end, NULL);
    the_refused.at_free = (struct loop_task){.fn = loop_ends};
    loop_at_free(l, &the_refused.at_free);
}

/* The address without its port: "[::1]:80", "127.0.0.1:80", "unix". */
static void take_address(const char *peer, char *out)
{
    const char *colon = strrchr(peer, ':'), *other = strchr(peer, ':');
    size_t len = strlen(peer);

    if (colon != NULL && (colon == other || colon[-1] == ']'))
        len = (size_t)(colon - peer);
    snprintf(out, FROM_MAX, "%.*s", (int)len, peer);
}

static struct account *account_find(const struct refused *r, const char *from)
{
    struct account *a;
    char key[KEY_MAX];

    snprintf(key, sizeof(key), "%.15s %.40s %s", r->face, r->code, from);
    HASH_FIND_STR(the_refused.accounts, key, a);
    if (a != NULL)
        return a;
    if (HASH_COUNT(the_refused.accounts) >= REFUSED_PEERS &&
        strcmp(from, "others") != 0)
        return account_find(r, "others");
    a = xcalloc(1, sizeof(*a));
    memcpy(a->key, key, sizeof(a->key));
    snprintf(a->face, sizeof(a->face), "%s", r->face);
    snprintf(a->from, sizeof(a->from), "%s", from);
    a->ends_ms = loop_now(the_refused.loop) + REFUSED_WINDOW_MS;
    HASH_ADD_STR(the_refused.accounts, key, a);
    if (!loop_timer_is_set(the_refused.timer))
        loop_timer_set(the_refused.timer, REFUSED_WINDOW_MS);
    return a;
}

/* Whether this one is logged as it comes. */
static bool has_turn(const struct refused *r)
{
    char from[FROM_MAX];
    struct account *a;

    take_address(r->from, from);
    a = account_find(r, from);
    if (a->told < the_refused.burst) {
        a->told++;
        return true;
    }
    a->more++;
    snprintf(a->last, sizeof(a->last), "%s", r->text);
    return false;
}

static void tell(struct loop *l, const struct refused *r)
{
    if (the_refused.loop == NULL)
        begin(l);
    if (log_enabled(MLOG_INFO) && has_turn(r)) {
        if (r->id != NULL)
            log_id_info(r->id, "refused: %s", r->text);
        else
            log_warn("%s: refused %s: %s", r->face, r->from, r->text);
    }
    if (the_refused.hook != NULL)
        the_refused.hook(r);
}

void refused_tell(struct loop *l, const struct refused *r)
{
    struct refused whole = *r;
    char face[16];

    if (r->face == NULL) {
        snprintf(face, sizeof(face), "%.*s", (int)strcspn(r->id, "#"), r->id);
        whole.face = face;
    }
    tell(l, &whole);
}

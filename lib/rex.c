#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lib/rex_impl.h"

#define REX_CHEAP  64   /* of a budget: what is always done at once */
#define REX_DIGEST 1024 /* bytes digested for one of a budget */

static void slow_free(struct rex_slow *s);

void rex_free(struct rex *r)
{
    if (!r)
        return;
    slow_free(r->slow);
    free(r->code);
    free(r->classes);
    free(r);
}

int rex_size(const struct rex *r)
{
    return r->count;
}

size_t rex_bytes(const struct rex *r)
{
    return sizeof(*r) + (size_t)r->count * sizeof(*r->code) +
           (size_t)r->n_classes * sizeof(*r->classes);
}

/* -- matching -------------------------------------------------------------- */

/* Where the text so far can have led: instructions that want a byte. */
struct rex_set {
    int list[REX_SIZE_MAX + 1];
    int count;
};

struct rex_run {
    const struct rex *rex;
    size_t at, len;                  /* of the text */
    uint32_t seen[REX_SIZE_MAX + 1]; /* the round in which it was reached */
    uint32_t round;
    unsigned work; /* instructions looked at */
    int stack[REX_SIZE_MAX + 1];
    struct rex_set sets[2], *now, *next;
};

/* Puts an instruction on the stack, once a round. */
static int rex_push(struct rex_run *run, int top, int place)
{
    if (run->seen[place] == run->round)
        return top;
    run->seen[place] = run->round;
    run->stack[top] = place;
    return top + 1;
}

/* Adds what can be reached from place without a byte; true at a match. */
static bool rex_reach(struct rex_run *run, struct rex_set *set, int place)
{
    const struct rex_inst *i;
    int top = rex_push(run, 0, place);

    while (top) {
        place = run->stack[--top];
        run->work++;
        i = &run->rex->code[place];
        switch (i->op) {
        case REX_MATCH: return true;
        case REX_SPLIT:
            top = rex_push(run, top, place + i->y);
            top = rex_push(run, top, place + i->x);
            break;
        case REX_JUMP: top = rex_push(run, top, place + i->x); break;
        case REX_SAVE: top = rex_push(run, top, place + 1); break;
        case REX_BEGIN:
            if (run->at == 0)
                top = rex_push(run, top, place + 1);
            break;
        case REX_END:
            if (run->at == run->len)
                top = rex_push(run, top, place + 1);
            break;
        case REX_BYTE:
        case REX_CLASS: set->list[set->count++] = place;
        }
    }
    return false;
}

static bool rex_takes(const struct rex *r, int place, unsigned char byte)
{
    const struct rex_inst *i = &r->code[place];

    return i->op == REX_BYTE ? i->x == byte
                             : rex_class_has(&r->classes[i->x], byte);
}

/* From the set `now` by one byte to `next`; true at a match. */
static bool rex_step(struct rex_run *run, const struct rex_set *now,
                     struct rex_set *next, unsigned char byte)
{
    int i;

    run->round++;
    next->count = 0;
    for (i = 0; i < now->count; i++)
        if (rex_takes(run->rex, now->list[i], byte) &&
            rex_reach(run, next, now->list[i] + 1))
            return true;
    return false;
}

/* -- a whole match, or a part of one --------------------------------------- */

static void rex_begin(struct rex_run *run, const struct rex *r, size_t len)
{
    run->rex = r;
    run->len = len;
    run->at = 0;
    run->round = 1;
    run->work = 0;
    memset(run->seen, 0, (size_t)r->count * sizeof(run->seen[0]));
    run->now = &run->sets[0];
    run->next = &run->sets[1];
    run->now->count = 0;
}

/* One byte on, or the end. */
static enum rex_result rex_advance(struct rex_run *run, const char *text)
{
    struct rex_set *swap;

    if (rex_reach(run, run->now, 0))
        return REX_YES;
    if (run->at == run->len || (run->rex->anchored && !run->now->count))
        return REX_NO;
    run->at++;
    if (rex_step(run, run->now, run->next, (unsigned char)text[run->at - 1]))
        return REX_YES;
    swap = run->now;
    run->now = run->next;
    run->next = swap;
    return REX_MORE;
}

bool rex_match(const struct rex *r, const char *text, size_t len)
{
    enum rex_result result;
    struct rex_run run;

    rex_begin(&run, r, len);
    do
        result = rex_advance(&run, text);
    while (result == REX_MORE);
    return result == REX_YES;
}

/* -- texts that take long -------------------------------------------------- */

#define SLOW_MEMO 8 /* results remembered: a change has at most four texts */

/* Of a text: keyed by chance, so that nobody can make two texts that have the
 * same. */
struct rex_digest {
    uint64_t len, sum;
};

struct rex_slow {
    struct rex_digest under_way; /* what run is about */
    struct rex_run *run;         /* owned; NULL: nothing is under way */
    unsigned denied;             /* calls about other texts since it went on */
    unsigned memo_next;
    struct {
        struct rex_digest of;
        enum rex_result result; /* REX_MORE: empty */
    } memo[SLOW_MEMO];
};

static uint64_t fold(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static struct rex_digest digest(const char *text, size_t len)
{
    static uint64_t key[3];
    struct rex_digest of = {.len = len};
    uint64_t pair[2];

    if (!key[0] && getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key))
        key[0] = 1; /* a kernel without entropy: it is as good as no key */
    for (of.sum = key[0]; len >= sizeof(pair); len -= sizeof(pair)) {
        memcpy(pair, text, sizeof(pair));
        of.sum = fold(pair[0] ^ key[1], pair[1] ^ of.sum);
        text += sizeof(pair);
    }
    memset(pair, 0, sizeof(pair));
    memcpy(pair, text, len);
    of.sum = fold(fold(pair[0] ^ key[1], pair[1] ^ of.sum) ^ key[2], of.len);
    return of;
}

static void slow_free(struct rex_slow *s)
{
    if (s)
        free(s->run);
    free(s);
}

static struct rex_slow *slow_new(void)
{
    struct rex_slow *s = xcalloc(1, sizeof(*s));
    unsigned i;

    for (i = 0; i < SLOW_MEMO; i++)
        s->memo[i].result = REX_MORE;
    return s;
}

static enum rex_result slow_known(const struct rex_slow *s,
                                  const struct rex_digest *of)
{
    unsigned i;

    for (i = 0; i < SLOW_MEMO; i++)
        if (s->memo[i].result != REX_MORE &&
            !memcmp(&s->memo[i].of, of, sizeof(*of)))
            return s->memo[i].result;
    return REX_MORE;
}

static void slow_learn(struct rex_slow *s, enum rex_result result)
{
    unsigned i = s->memo_next++ % SLOW_MEMO;

    s->memo[i].of = s->under_way;
    s->memo[i].result = result;
    free(s->run);
    s->run = NULL;
}

/* Begins that text, or goes on with it; false if another one has precedence. */
static bool slow_take(struct rex *r, const struct rex_digest *of, size_t len)
{
    struct rex_slow *s = r->slow;

    if (s->run && !memcmp(&s->under_way, of, sizeof(*of)))
        return true;
    if (s->run && s->denied++ < REX_WAIT)
        return false;
    if (!s->run)
        s->run = xmalloc(sizeof(*s->run));
    s->under_way = *of;
    rex_begin(s->run, r, len);
    return true;
}

static enum rex_result slow_go(struct rex_slow *s, const char *text,
                               unsigned *budget)
{
    size_t most = (size_t)*budget * REX_STEPS, done = 0;
    enum rex_result result;

    s->denied = 0;
    do {
        s->run->work = 1;
        result = rex_advance(s->run, text);
        done += s->run->work;
    } while (result == REX_MORE && done < most);
    *budget = done < most ? (unsigned)((most - done) / REX_STEPS) : 0;
    return result;
}

/* That text is done with in one go after all: nobody comes back to it. */
static void slow_forget(struct rex_slow *s, const char *text, size_t len)
{
    struct rex_digest of;

    if (!s || !s->run || s->under_way.len != len)
        return;
    of = digest(text, len);
    if (memcmp(&s->under_way, &of, sizeof(of)) != 0)
        return;
    free(s->run);
    s->run = NULL;
}

enum rex_result rex_match_part(struct rex *r, const char *text, size_t len,
                               unsigned *budget)
{
    size_t cost = len * (size_t)r->count / REX_STEPS;
    struct rex_digest of;
    enum rex_result result;

    if (cost <= *budget || cost <= REX_CHEAP) {
        *budget -= cost < *budget ? (unsigned)cost : *budget;
        slow_forget(r->slow, text, len);
        return rex_match(r, text, len) ? REX_YES : REX_NO;
    }
    if (!r->slow)
        r->slow = slow_new();
    of = digest(text, len);
    *budget -=
        len / REX_DIGEST < *budget ? (unsigned)(len / REX_DIGEST) : *budget;
    result = slow_known(r->slow, &of);
    if (result != REX_MORE || !slow_take(r, &of, len))
        return result;
    result = slow_go(r->slow, text, budget);
    if (result != REX_MORE)
        slow_learn(r->slow, result);
    return result;
}

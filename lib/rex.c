#include <stdlib.h>
#include <string.h>

#include "lib/rex_impl.h"

void rex_free(struct rex *r)
{
    if (!r)
        return;
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
    int stack[REX_SIZE_MAX + 1];
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
        i = &run->rex->code[place];
        switch (i->op) {
        case REX_MATCH: return true;
        case REX_SPLIT:
            top = rex_push(run, top, place + i->y);
            top = rex_push(run, top, place + i->x);
            break;
        case REX_JUMP: top = rex_push(run, top, place + i->x); break;
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

bool rex_match(const struct rex *r, const char *text, size_t len)
{
    struct rex_set sets[2], *now = &sets[0], *next = &sets[1], *swap;
    struct rex_run run;

    run.rex = r;
    run.len = len;
    run.at = 0;
    run.round = 1;
    memset(run.seen, 0, (size_t)r->count * sizeof(run.seen[0]));
    now->count = 0;
    while (!rex_reach(&run, now, 0)) {
        if (run.at == len || (r->anchored && !now->count))
            return false;
        run.at++;
        if (rex_step(&run, now, next, (unsigned char)text[run.at - 1]))
            return true;
        swap = now;
        now = next;
        next = swap;
    }
    return true;
}

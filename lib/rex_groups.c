/*
 * Where a match is: all ways through the instructions are followed at once, as
 * in rex.c, but in the order in which the pattern prefers them, and each way
 * carries the places in the text that it has noted. Of two ways to the same
 * instruction only the preferred one goes on, so there are never more than
 * instructions.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/rex_impl.h"

#define NOTES (2 * REX_GROUPS_MAX)

struct way {
    int place;
    long notes[NOTES];
};

struct ways {
    struct way list[REX_SIZE_MAX + 1];
    int count;
};

/* Still to be looked at: an instruction; or (place < 0) a note to be put back
 * as it was, when all behind it has been looked at. */
struct pending {
    int place, note;
    long was;
};

struct search {
    const struct rex *rex;
    size_t at, len;
    long notes[NOTES]; /* of the way that is being followed */
    uint32_t seen[REX_SIZE_MAX + 1];
    uint32_t round;
    struct pending stack[3 * (REX_SIZE_MAX + 1)];
    int top;
    struct ways ways[2];
};

static void push(struct search *s, int place)
{
    if (s->seen[place] != s->round)
        s->stack[s->top++] = (struct pending){.place = place};
}

static void note(struct search *s, int n)
{
    s->stack[s->top++] =
        (struct pending){.place = -1, .note = n, .was = s->notes[n]};
    s->notes[n] = (long)s->at;
}

/* One instruction: what is preferred is pushed last. */
static void follow(struct search *s, struct ways *to, int place)
{
    const struct rex_inst *i = &s->rex->code[place];

    switch (i->op) {
    case REX_SPLIT:
        push(s, place + i->y);
        push(s, place + i->x);
        break;
    case REX_JUMP: push(s, place + i->x); break;
    case REX_SAVE:
        note(s, i->x);
        push(s, place + 1);
        break;
    case REX_BEGIN:
        if (s->at == 0)
            push(s, place + 1);
        break;
    case REX_END:
        if (s->at == s->len)
            push(s, place + 1);
        break;
    case REX_MATCH:
    case REX_BYTE:
    case REX_CLASS:
        to->list[to->count].place = place;
        memcpy(to->list[to->count++].notes, s->notes, sizeof(s->notes));
    }
}

/* What can be reached from place without a byte, by the way in s->notes. */
static void reach(struct search *s, struct ways *to, int place)
{
    struct pending p;

    push(s, place);
    while (s->top) {
        p = s->stack[--s->top];
        if (p.place < 0)
            s->notes[p.note] = p.was;
        else if (s->seen[p.place] != s->round) {
            s->seen[p.place] = s->round;
            follow(s, to, p.place);
        }
    }
}

static bool takes(const struct search *s, const struct way *w,
                  unsigned char byte)
{
    const struct rex_inst *i = &s->rex->code[w->place];

    return i->op == REX_BYTE ? i->x == byte
                             : rex_class_has(&s->rex->classes[i->x], byte);
}

/* Each way by one byte on, up to one that has arrived: that is noted in found
 * (as nobody before it will), and those behind it end. */
static bool step(struct search *s, const struct ways *now, struct ways *next,
                 const char *text, long *found)
{
    bool arrived = false;
    int i;

    s->round++;
    next->count = 0;
    for (i = 0; i < now->count && !arrived; i++) {
        const struct way *w = &now->list[i];

        if (s->rex->code[w->place].op == REX_MATCH) {
            memcpy(found, w->notes, sizeof(w->notes));
            found[1] = (long)s->at;
            arrived = true;
        } else if (s->at < s->len && takes(s, w, (unsigned char)text[s->at])) {
            memcpy(s->notes, w->notes, sizeof(s->notes));
            s->at++;
            reach(s, next, w->place + 1);
            s->at--;
        }
    }
    return arrived;
}

/* A way of its own begins here, behind all others. */
static void begin(struct search *s, struct ways *to)
{
    memset(s->notes, -1, sizeof(s->notes));
    s->notes[0] = (long)s->at;
    reach(s, to, 0);
}

bool rex_groups(const struct rex *r, const char *text, size_t len,
                struct rex_span *spans)
{
    struct search *s = xcalloc(1, sizeof(*s));
    struct ways *now = &s->ways[0], *next = &s->ways[1], *swap;
    bool matched = false;
    long found[NOTES];
    int i;

    memset(found, -1, sizeof(found));
    s->rex = r;
    s->len = len;
    s->round = 1;
    for (;; s->at++) {
        if (!matched)
            begin(s, now);
        matched |= step(s, now, next, text, found);
        if (s->at == len || (matched && !next->count))
            break;
        swap = now;
        now = next;
        next = swap;
    }
    for (i = 0; i < REX_GROUPS_MAX; i++) {
        bool both = found[2 * i] >= 0 && found[2 * i + 1] >= 0;

        spans[i].at = both ? found[2 * i] : -1;
        spans[i].len = both ? (size_t)(found[2 * i + 1] - found[2 * i]) : 0;
    }
    free(s);
    return matched;
}

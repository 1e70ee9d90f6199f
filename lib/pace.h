/*
 * So many of a thing in one turn of the loop, and the rest in the next: for
 * work that costs enough to keep everybody else waiting, as a handshake does.
 *
 * Must not know what the work is.
 */
#ifndef MUSTER_LIB_PACE_H
#define MUSTER_LIB_PACE_H

#include <stdbool.h>

#include "lib/loop.h"

struct pace {
    struct loop *loop;
    unsigned a_turn; /* 0: no bound; may be changed */
    unsigned used;   /* in this turn */
    struct loop_task next_turn;
};

void pace_init(struct pace *p, struct loop *l, unsigned a_turn);
void pace_end(struct pace *p);
/* False: not in this turn. Ask again from a loop_later(): who was refused first
 * is then served first. */
bool pace_take(struct pace *p);

#endif

#include "lib/pace.h"

static void pace_turn(void *arg)
{
    struct pace *p = arg;

    p->used = 0;
}

void pace_init(struct pace *p, struct loop *l, unsigned a_turn)
{
    *p = (struct pace){.loop = l, .a_turn = a_turn};
    p->next_turn = (struct loop_task){.fn = pace_turn, .arg = p};
}

void pace_end(struct pace *p)
{
    loop_unsettle(p->loop, &p->next_turn);
}

bool pace_take(struct pace *p)
{
    if (!p->a_turn)
        return true;
    /* before those who are refused below ask to be called in the next turn */
    loop_later(p->loop, &p->next_turn);
    if (p->used >= p->a_turn)
        return false;
    p->used++;
    return true;
}

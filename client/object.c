#include "client/object.h"

#include "client/manager.h"

void object_begin(struct object *o, struct muster *m,
                  const struct object_class *class)
{
    o->m = m;
    o->class = class;
    TAILQ_INSERT_TAIL(&m->objects, o, entry);
}

void object_enter(struct object *o)
{
    o->busy++;
    manager_enter(o->m);
}

bool object_leave(struct object *o)
{
    struct muster *m = o->m;
    bool alive = !o->dead;

    if (--o->busy == 0 && o->dead)
        o->class->release(o);
    manager_leave(m);
    return alive;
}

void object_end(struct object *o)
{
    if (o->dead)
        return;
    o->dead = true;
    TAILQ_REMOVE(&o->m->objects, o, entry);
    o->class->stop(o);
    if (!o->busy)
        o->class->release(o);
}

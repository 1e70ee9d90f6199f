/*
 * One request of a name at a time: while one is with the store, others of the
 * same name wait, so that each is judged by what is committed, and what was
 * checked still holds when it is applied.
 *
 *   take --> under way --done--> the next that waits runs (and may take) ...
 *
 * Only behind a store that takes its time: else nothing ever waits. Must not
 * know what a request asks for.
 */
#ifndef MUSTER_STATE_TURNS_H
#define MUSTER_STATE_TURNS_H

#include <stdbool.h>
#include <stddef.h>

struct name_turns;

struct turns {
    struct name_turns *by_name; /* those with a request under way */
};

/* Embedded in what waits. */
struct turn {
    void (*run)(struct turn *t); /* its turn has come; may free it */
    struct turn *next;
};

/* The turns of a name; NULL if no request of it is under way. */
struct name_turns *turns_find(const struct turns *all, const char *name,
                              size_t len);
/* t runs when its turn comes. */
void turns_wait(struct name_turns *n, struct turn *t);
/* A request of that name, which none is under way of, is from now on. */
struct name_turns *turns_take(struct turns *all, const char *name, size_t len);
/* It is done: others run. */
void turns_done(struct turns *all, struct name_turns *n);

#endif

/*
 * A thread that does what would keep the loop's thread waiting: it takes all
 * that was given to it since it took last, works on that, and gives it back.
 *
 *   loop's thread                   the thread
 *     offload_give(items) --queue-->  work(arg, items)
 *     offload_take()      <--done---  fd is readable
 *
 * Must not know what is done; an item is the owner's, with this in front.
 */
#ifndef MUSTER_LIB_OFFLOAD_H
#define MUSTER_LIB_OFFLOAD_H

#include <stdbool.h>

#include "lib/mem.h"

struct offload;

struct offload_item {
    struct offload_item *next;
};

struct offload_items {
    struct offload_item *first, *last;
};

/* In the thread; whatever arg is belongs to the thread until it has ended. */
typedef void offload_work_fn(void *arg, struct offload_items *items);

void offload_add(struct offload_items *l, struct offload_item *item);
/* Moves all of `from` behind those in l. */
void offload_append(struct offload_items *l, struct offload_items *from);
struct offload_item *offload_shift(struct offload_items *l); /* or NULL */

/* Signals are kept off the thread. Fails only for want of memory. */
struct offload *offload_new(offload_work_fn *work, void *arg);
/* Readable: there is something to take. */
int offload_fd(const struct offload *o);
/* Takes the items over. */
void offload_give(struct offload *o, struct offload_items *items);
/* Moves all that is done behind those in l; false: there was nothing. */
bool offload_take(struct offload *o, struct offload_items *l);
/* Waits until all that was given is done. */
void offload_wait(struct offload *o);
/* Ends the thread after all that was given; what is done is to be taken
 * before: it can be no more. NULL is fine. */
void offload_free(struct offload *o);

#endif

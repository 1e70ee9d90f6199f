/*
 * A program that is run beside the loop, and what it writes: for questions
 * that take a while, like which hosts an inventory has. What it complains of is
 * kept, too. It is no job: it dies with the worker, or at its deadline.
 *
 * Must not know what is asked.
 */
#ifndef MUSTER_WORKER_LISTER_H
#define MUSTER_WORKER_LISTER_H

#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/loop.h"

#define LISTER_MAX (16UL << 20) /* bytes that it may write */

struct lister;

/* out is all that it wrote; why NULL, or why that is not to be trusted. The
 * lister is gone after it. */
typedef void lister_fn(void *arg, struct buf *out, const char *why);

/* argv and env end with NULL, and are used up at once. A program that ends well
 * writes the line `.end` last. NULL and errno: it cannot be run. */
struct lister *lister_start(struct loop *l, char *const *argv, char *const *env,
                            uint64_t deadline_ms, lister_fn *done, void *arg);
/* Ends it; nothing is told. NULL is fine. */
void lister_free(struct lister *l);

#endif

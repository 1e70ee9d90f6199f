/*
 * Remote executions that are under way, as who runs them wants to find them
 * again after a restart: bytes under the id of a session. Durable, where the
 * store is; nobody but a restart reads them.
 *
 *   put --(store)--> kept --put--> kept ... --remove--> gone
 *                      '--restart--> found by execs_take()
 *
 * Must not know what is in the bytes, nor whether the session lives.
 */
#ifndef MUSTER_STATE_EXECS_H
#define MUSTER_STATE_EXECS_H

#include <stdbool.h>
#include <stddef.h>

#include "server/state/store.h"

#define EXEC_ID_MAX 64 /* bytes of an id */

struct execs;
struct exec_change;

/* One that the replay found. */
struct exec_kept {
    char id[EXEC_ID_MAX + 1];
    char *bytes; /* owned, with a NUL behind them */
    size_t len;
};

/* It is kept; or it is not, and text (static) says why. */
typedef void exec_done_fn(void *arg, const char *text);

/* Joins the store (before its replay), which is borrowed. */
struct execs *execs_new(struct store *store);
/* After the store has been closed. NULL is fine. */
void execs_free(struct execs *x);

/*
 * What is kept under the id is from now on these bytes, which are copied. done
 * may be called before this returns, which then gives NULL; else it gives what
 * execs_let_go() wants, valid until done is called.
 */
struct exec_change *execs_put(struct execs *x, const char *id,
                              const void *bytes, size_t len, exec_done_fn *done,
                              void *arg);
/* done is not called; what was asked for happens all the same. NULL is fine. */
void execs_let_go(struct exec_change *ch);
/* Nothing is, after all that was put before; there need not be any. */
void execs_remove(struct execs *x, const char *id);

/* The next that the replay found, in the order in which they were first put:
 * each once, and its bytes are the caller's. It stays kept as it is. False:
 * there are no more. */
bool execs_take(struct execs *x, struct exec_kept *out);

#endif

/*
 * Requests about jobs that the dispatcher has to read first, for they ended
 * long ago: the request is kept, and carried out when that is done.
 */
#ifndef PLUGINS_DISPATCH_EXEC_LATER_H
#define PLUGINS_DISPATCH_EXEC_LATER_H

#include <stdbool.h>

#include "plugins/dispatch/exec_request.h"
#include "plugins/dispatch/exec_session.h"

struct exec_later;

typedef void exec_later_fn(struct exec_session *s, struct exec_request *q);

/* False: it can be carried out now. True: q was taken over, and fn comes. */
bool exec_later(struct exec_session *s, struct exec_request *q,
                exec_later_fn *fn);
/* What was done is to survive before it is told: true, and fn comes when it
 * does, with NULL; false: now. */
bool exec_later_kept(struct exec_session *s, exec_later_fn *fn);
/* Forgets it; NULL is fine. */
void exec_later_free(struct exec_later *l);

#endif

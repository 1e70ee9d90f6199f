/*
 * What a principal may ask of the dispatcher, whichever face he asks on:
 * operations on the workers that its token names, and the jobs that it
 * submitted itself. A job of another is as if it were not there.
 *
 * Must not know connections or faces.
 */
#ifndef DISPATCHER_RIGHTS_H
#define DISPATCHER_RIGHTS_H

#include <stdbool.h>

#include "dispatcher/dispatcher.h"
#include "lib/auth/principal.h"
#include "lib/mem.h"

/* NULL, or an error text for the peer (free()). The job is narrowed to what
 * the principal may, and marked as his. */
MUST_CHECK char *rights_run(const struct principal *p,
                            struct dispatch_spec *spec);
/* NULL, or an error text for the peer (free()): whether he may have jobs at
 * all, to see and to end. */
MUST_CHECK char *rights_jobs(const struct principal *p);
/* The same: whether what is everybody's is his, to pause and to drain. */
MUST_CHECK char *rights_all(const struct principal *p);
/* Whether a job of that submitter ("" or NULL: nobody's) is his to see and
 * end. */
bool rights_own(const struct principal *p, const char *by);
/* The same of the job of that id; false if there is none. */
bool rights_own_job(const struct principal *p, const struct dispatch *d,
                    const char *jid);

#endif

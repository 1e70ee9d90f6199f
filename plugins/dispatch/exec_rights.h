/*
 * What a principal may ask of the job port: operations on the workers that its
 * token names, and the jobs that it submitted itself. A job of another is as if
 * it were not there.
 *
 * Must not know connections.
 */
#ifndef PLUGINS_DISPATCH_EXEC_RIGHTS_H
#define PLUGINS_DISPATCH_EXEC_RIGHTS_H

#include "lib/auth/principal.h"
#include "plugins/dispatch/exec_request.h"

/* NULL, or an error text for the peer (free()). A job to run is narrowed to
 * what the principal may, and marked as his. */
MUST_CHECK char *exec_rights_check(const struct principal *p,
                                   struct exec_request *q);
/* Whether a job of that submitter ("" for nobody's) is his to see and end. */
bool exec_rights_own(const struct principal *p, const char *by);

#endif

/*
 * What of port exec is written to the audit log: jobs that are submitted,
 * cancelled and deleted, by whom, for which workers. Arguments are not: they
 * may hold secrets.
 */
#ifndef PLUGINS_DISPATCH_EXEC_AUDIT_H
#define PLUGINS_DISPATCH_EXEC_AUDIT_H

#include "lib/conn.h"
#include "plugins/dispatch/exec_request.h"

/* What is asked for, until exec_audit_end(): a refusal is told with it. A text
 * why it must be refused for it could not be written, or NULL. */
const char *exec_audit_begin(const struct exec_request *q);
void exec_audit_end(void);

/* A job that is being submitted; NULL: there is no audit log. */
struct exec_audit_job;
struct exec_audit_job *exec_audit_job_new(const struct exec_request *q);
/* It was, or error says why not; ends it. NULL is fine. */
void exec_audit_job_told(struct exec_audit_job *j, const struct conn *c,
                         const char *jid, const char *error);
void exec_audit_job_free(struct exec_audit_job *j);

/* "cancel" or the like has been done, to that job or host. */
void exec_audit_done(const struct conn *c, const char *action,
                     const char *what);

#endif

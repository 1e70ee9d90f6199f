/*
 * What of the HTTP face is written to the audit log: jobs that are submitted,
 * cancelled and deleted, by whom, for which hosts. Arguments are not: they may
 * hold secrets.
 */
#ifndef PLUGINS_DISPATCH_EXED_AUDIT_H
#define PLUGINS_DISPATCH_EXED_AUDIT_H

#include "dispatcher/dispatcher.h"
#include "lib/http.h"

/* A job that is being submitted; NULL: there is no audit log. */
struct exed_audit;
struct exed_audit *exed_audit_job(const struct http_request *r,
                                  const struct dispatch_spec *spec);
/* It was, or error says why not; ends it. NULL is fine. Who asked for it may
 * have gone meanwhile. */
void exed_audit_told(struct exed_audit *a, const char *jid, const char *error);
void exed_audit_free(struct exed_audit *a);

/* "cancel" or "delete" has been done. */
void exed_audit_done(const struct http_request *r, const char *action,
                     const char *jid);

#endif

/*
 * Changes of nodes and checks as lines of the audit log; a service writes its
 * own (server/audit.h). Must not know HTTP.
 */
#ifndef PLUGINS_REGISTRY_CONSUL_ROW_AUDIT_H
#define PLUGINS_REGISTRY_CONSUL_ROW_AUDIT_H

#include "server/audit.h"
#include "server/state/directory.h"

/*
 * What a done() of the directory is to write, taken from the request when it is
 * made: nothing of that is borrowed. A refusal writes nothing, nor does the
 * status that a check is told.
 */
struct row_audit {
    struct asker asker;
    const char *actions[DIR_CHECKS_MAX + 1];
    char *whats[DIR_CHECKS_MAX + 1]; /* owned; NODE or NODE/CHECK */
    unsigned count;
};

/* node: the own one, where the request has none. */
void row_audit_register(struct row_audit *a, const struct dir_request *q,
                        const char *node);
void row_audit_deregister(struct row_audit *a, const struct dir_removal *q,
                          const char *node);
/* Writes it, once. */
void row_audit_done(struct row_audit *a, const struct dir_result *r);
void row_audit_clear(struct row_audit *a);

#endif

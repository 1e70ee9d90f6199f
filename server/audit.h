/*
 * Changes of the catalog as lines of the audit log: whatever is committed, who
 * asked for it, from where. Must not know the faces.
 */
#ifndef MUSTER_SERVER_AUDIT_H
#define MUSTER_SERVER_AUDIT_H

#include "lib/auth/principal.h"
#include "lib/sock.h"

struct audit_event;
struct conn;
struct kv_op;
struct kv_result;
struct musterd;
struct session;

/* Who asks, of a face: catalog.asker while it calls the catalog. It lives as
 * long as the request, which may be longer than the connection. */
struct asker {
    const struct conn *conn; /* NULL: gone, and the rest says who it was */
    const char *face;        /* constant text */
    char who[PRINCIPAL_NAME_MAX + 1];
    char from[SOCK_PEER_MAX];
};

/* Who it is, and by which face, into an event. */
void asker_tell(const struct asker *a, struct audit_event *e);
/* The connection goes, and a request of it is still under way. */
void asker_gone(struct asker *a);

/* From now on, if there is an audit log at all. */
void server_audit_start(struct musterd *m);

/* What a request of keys has changed, a line for each operation that changes
 * any; or that the store could not. ops: as they were asked for; values are not
 * looked at. */
void server_audit_keys(const struct asker *a, const struct kv_op *ops,
                       unsigned count, const struct kv_result *r);
/* "session create" or "session destroy" has been done, or could not be. */
void server_audit_session(const struct asker *a, const char *action,
                          const char *id, const struct kv_result *r);
/* Another change that a face has asked for; failed: why the store could not, or
 * NULL. */
void server_audit_change(const struct asker *a, const char *action,
                         const char *what, const char *failed);
/* The start has gone on with a snapshot that was being restored; failed as
 * above. */
void server_audit_restored(const char *failed);
/* A session is gone though nobody asked for it. */
void server_audit_session_end(const struct session *s, uint64_t revision);

#endif

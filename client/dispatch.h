/*
 * One connection to a dispatcher: the address that the manager was given, or
 * one that is looked up in the registry (kind dispatcher). Of several the one
 * whose instance made the job is tried first, then the others in turn.
 *
 * Must not know what is asked of it.
 */
#ifndef MUSTER_CLIENT_DISPATCH_H
#define MUSTER_CLIENT_DISPATCH_H

#include "client/manager.h"
#include "lib/dial.h"

#define DISPATCH_ADDRS_MAX 16

enum dispatch_end {
    DISPATCH_NONE,  /* no dispatcher could be reached */
    DISPATCH_EOF,   /* it has said all it had to say */
    DISPATCH_BROKEN /* the connection broke */
};

/* What the owner is told; it may end itself in any of them. */
struct dispatch_handler {
    /* Connected: write the request. */
    void (*up)(struct object *owner);
    /* An answer line, writable and NUL-terminated. */
    void (*line)(struct object *owner, char *line, size_t len);
    /* No connection any more; dispatch_redial() may follow. */
    void (*down)(struct object *owner, enum dispatch_end end,
                 const char *reason);
};

/* Embedded in its owner; its fields are dispatch.c's. */
struct dispatch {
    struct object *owner;
    const struct dispatch_handler *handler;
    struct addr addrs[DISPATCH_ADDRS_MAX];
    unsigned count; /* of addrs */
    unsigned next;  /* the one to be dialled next */
    char *instance; /* owned; of the job that is asked for, or NULL */
    struct muster_find *find;
    struct dial *dial;
    struct conn *conn;
    bool paused;
};

/* jid: the job that is asked for, or NULL. */
void dispatch_init(struct dispatch *d, struct object *owner, const char *jid,
                   const struct dispatch_handler *handler);
/* Begins to find and to dial; the answer comes later. */
void dispatch_open(struct dispatch *d);
/* Only that address, instead of dispatch_open(). */
void dispatch_open_at(struct dispatch *d, const struct addr *addr);
/* The same dispatcher again, after down(). */
void dispatch_redial(struct dispatch *d);
/* The address in use, once it has been up. */
const struct addr *dispatch_addr(const struct dispatch *d);

struct buf *dispatch_out(struct dispatch *d);
void dispatch_flush(struct dispatch *d);
/* No line is handed out until it goes on; holds for connections to come. */
void dispatch_stop_reading(struct dispatch *d, bool paused);
/* For good. Nothing is told. */
void dispatch_close(struct dispatch *d);

#endif

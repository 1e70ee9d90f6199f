/*
 * One connection to one port of a registry, kept up:
 *
 *   closed --open--> dialling --> up --(lost)--> waiting --> dialling …
 *
 * When a registry does not answer the next one of the manager's list is tried;
 * each wait is a random one up to a bound that doubles with every round
 * through the list, and begins anew once a connection has lasted.
 *
 * Must not know what is said on the port.
 */
#ifndef MUSTER_CLIENT_LINK_H
#define MUSTER_CLIENT_LINK_H

#include "client/manager.h"
#include "lib/dial.h"

enum link_port { LINK_NEW, LINK_FIND, LINK_EVENT };
enum link_state { LINK_CLOSED, LINK_DIALLING, LINK_UP, LINK_WAITING };

/* What the owner is told; it may end itself in any of them. */
struct link_handler {
    /* Connected: write what begins the talk. */
    void (*up)(struct object *owner);
    /* An answer line, writable and NUL-terminated. */
    void (*line)(struct object *owner, char *line, size_t len);
    /* The connection is lost, or none could be made. final: that was the last
     * try, and the link is closed. */
    void (*down)(struct object *owner, const char *reason, bool final);
};

/* Embedded in its owner; its fields are link.c's. */
struct link {
    struct object *owner;
    const struct link_handler *handler;
    enum link_port port;
    enum link_state state;
    bool silent;       /* the manager's token is not shown: the owner's is */
    bool once;         /* one round through the registries, then final */
    bool stay;         /* the registry refused: the others are not asked */
    bool told_up;      /* what on_link was told last */
    bool told;         /* … if it was told anything */
    unsigned registry; /* the one dialled */
    unsigned failed;   /* in a row, without a connection that lasted */
    uint64_t since;    /* when it came up */
    struct backoff backoff;
    struct dial *dial;
    struct conn *conn;
    struct loop_timer *timer;
};

void link_init(struct link *l, struct object *owner, enum link_port port,
               bool once, const struct link_handler *handler);
/* Begins to dial; the answer comes later. */
void link_open(struct link *l);
/* Where to write while it is up; link_flush() afterwards. */
struct buf *link_out(struct link *l);
void link_flush(struct link *l);
bool link_is_up(const struct link *l);
/* The registry has refused: whenever this connection ends, go back to the same
 * one, for another has no say in it. */
void link_stay(struct link *l);
/* Gives the connection up and tries anew: down() is called before this
 * returns. Only in a callback from the loop. */
void link_fail(struct link *l, const char *reason);
/* For good; what was written still goes out. Nothing is told. */
void link_close(struct link *l);

#endif

/*
 * The inside of a listing: listing.c answers the call, listing_rows.c walks
 * along the rows, listing_names.c writes names with their tags, listing_near.c
 * puts rows in another order.
 */
#ifndef PLUGINS_REGISTRY_CONSUL_LISTING_IMPL_H
#define PLUGINS_REGISTRY_CONSUL_LISTING_IMPL_H

#include "lib/buf.h"
#include "plugins/registry/consul/call.h"
#include "plugins/registry/consul/listing.h"
#include "plugins/registry/consul/row_keys.h"

#define LISTING_PIECE_BYTES 65536 /* written in a turn, about */

/* A row: what is not of its kind is NULL. */
struct listing_row {
    const struct dir_node *node;
    const struct dir_name *name;
    const struct dir_instance *instance;
    const struct dir_check *check;
};

struct listing {
    struct call *call;
    enum listing_rows rows;
    struct dir_scope scope;
    const char *tags[LISTING_PARAMS_MAX]; /* the request's */
    unsigned tag_count;
    struct dir_pair metas[LISTING_PARAMS_MAX];
    unsigned meta_count;
    bool passing;
    struct dir_waiter waiter;
    /* where it stands */
    bool begun;      /* a row was looked at */
    unsigned state;  /* LIST_STATE: of those that are walked along */
    struct buf node; /* the node (or name) that was looked at last */
    struct buf key;  /* ... of what is below it */
    struct buf last; /* LIST_OF_NODE: the id that was shown last */
    bool sorts;      /* by ?near: */
    bool sorted;     /* ... and these are the rows, all of them */
    struct row_keys order;
    bool inside; /* LIST_SERVICES: of the name that was looked at last, more: */
    bool looked; /* ... all of it has been looked at */
    bool opened; /* ... and a way that it is written has been begun */
    struct keymap texts; /* ... what was seen of it */
};

/* listing_rows.c */

void listing_rewind(struct listing *l);
/* The next row, shown or not; false: there is none. It is good until the next
 * turn. */
bool listing_next(struct listing *l, struct listing_row *row);
/* Whether it is asked for, and may be seen. */
bool listing_shows(struct listing *l, const struct listing_row *row);

/* listing_names.c */

/* The name, in each way that it is written, with its tags: of its services *n
 * are looked at, which is counted down. False: there is more of it, which
 * listing_go_on_names() writes. */
bool listing_write_names(struct listing *l, const struct dir_name *name,
                         unsigned *n);
bool listing_go_on_names(struct listing *l, unsigned *n);
/* What was seen of one. */
void listing_forget_names(struct listing *l);

/* listing_near.c */

/* All rows by their nodes' distance from ?near: of rows that are to be looked
 * at some more, *n, which is counted down. True: that was all, they are sorted.
 */
bool listing_sort(struct listing *l, unsigned *n);
/* The next of them that is still there. */
bool listing_next_sorted(struct listing *l, struct listing_row *row);

#endif

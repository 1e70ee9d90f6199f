/*
 * The inside of prepared queries, for its parts only: queries.c keeps them,
 * queries_text.c has them as texts, queries_find.c finds the one that is asked
 * for and renders templates, queries_execute.c asks the directory.
 */
#ifndef MUSTER_STATE_QUERIES_IMPL_H
#define MUSTER_STATE_QUERIES_IMPL_H

#include "lib/buf.h"
#include "server/state/keymap.h"
#include "server/state/queries.h"
#include "server/state/turns.h"

/* A query among the others. */
struct query_entry {
    struct query query;
    struct keynode by_id, by_name; /* by_name.key owned: in lower case; NULL:
                                      it is in neither map of names */
};

struct queries {
    struct store *store; /* borrowed */
    struct store_client client;
    size_t max;
    query_session_fn *session_lives;
    void *session_arg;
    struct keymap by_id;
    struct keymap names, templates; /* of those that have a name, by it */
    uint64_t index, first; /* of the last change; as it was at the start */
    struct turns turns;    /* one change at a time */
    struct query_waiter *waiters;
};

/* queries_text.c */

/* As it is kept: words of fields and values. */
void query_write(const struct query_def *d, struct buf *out);
/* NULL, or an error text (free()). d is filled in all the same. */
char *query_read(struct query_def *d, const char *bytes, size_t len);
/* NULL, or why a definition cannot be kept, for the peer (free()). */
char *query_def_wrong(const struct query_def *d);
/* Owned: in lower case. */
char *query_lower(const char *text);

/* queries_find.c */

/* Every text of a template that is rendered: NULL, or what is wrong with one
 * (free()). */
char *query_template_wrong(const struct query_def *d);

#endif

/*
 * A connection of port find: its query and how far the answer has come. Shared
 * by the parts of this face only: find.c reads lines, answer.c answers a query
 * a part at a time, meta.c tells of .meta, quick.c answers small ones together.
 */
#ifndef MUSTER_FACE_FIND_FINDER_H
#define MUSTER_FACE_FIND_FINDER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/auth/principal.h"
#include "lib/conn.h"
#include "lib/selector.h"
#include "lib/words.h"
#include "server/musterd.h"
#include "server/state/query.h"

#define FIND_BUDGET 10000 /* of one connection in a turn: see query_run() */

struct quick;

struct find_options {
    bool keep, names, count, meta, hidden, pinned, whoami;
    uint64_t limit, since; /* UINT64_MAX: not said */
    struct word after;     /* text NULL: not said */
};

struct finder {
    struct musterd *m;
    struct conn *conn;
    struct selector selector;
    struct find_options options;
    struct query query;
    struct loop_task go_on; /* the next part of a long answer */
    uint64_t revision;      /* as of which the answer is */
    uint64_t told;          /* .since: changes up to here are told */
    uint64_t found;
    unsigned budget; /* what is left of it in this turn */
    bool keep;       /* .keep was said: it stays */
    bool answering;
    bool tired; /* it goes on in the next turn: the budget is used up */
    struct quick *quick; /* owned; QUERY_BATCH of them once it is kept */
    unsigned quick_count;
    struct buf put_off; /* lines that came behind a long answer */
};

/* answer.c */

/* Begins the answer to selector, options and query. */
void answer_begin(struct finder *f);
/* The next part of it; true when it is complete. */
bool answer_part(struct finder *f);
/* The rest comes in the next turn, or when there is room. */
void answer_pause(struct finder *f);
void answer_service(struct finder *f, const struct service *v);
void answer_end(struct finder *f);
/* The whole answer to .whoami: a name and its rights. */
void answer_whoami(struct finder *f);

/* meta.c: appends what the registry knows of a service beside its attributes,
 * as directives are written. */
void meta_write(const struct finder *f, const struct service *v,
                struct buf *out);

/* quick.c: queries of few comparisons and no directive, on a kept connection,
 * wait unallocated for others that came with them. */

/* Takes the words as such a query; false if they are none. */
bool quick_take(struct finder *f, const struct word *w, int n);
/* Answers those taken. If one of them is long, it is under way afterwards and
 * the rest are put off. */
void quick_answer_all(struct finder *f);
void quick_free(struct finder *f);

#endif

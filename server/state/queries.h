/*
 * Prepared queries: a question for instances of a service, kept under a name
 * and asked again and again. What Consul calls so, with its rules: templates
 * answer for every name that begins as theirs.
 *
 *   put --(store)--> kept --execute--> instances
 *                      '--its session ends, removed--> gone
 *
 * A question goes: the one of that id; else of that very name; else the
 * template whose name is the longest with which the name begins. Then the
 * instances of its service in the directory: those that are critical left out
 * (or all that are not passing), those without its tags, shuffled, the near
 * ones first, the first so many.
 *
 * Always durable, where the store is. Must not know sockets, HTTP or JSON.
 */
#ifndef MUSTER_STATE_QUERIES_H
#define MUSTER_STATE_QUERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/uuid.h"
#include "server/state/store.h"

struct coordinates;
struct dir_instance;
struct directory;
struct queries;

#define QUERY_TEXT_MAX     4096  /* bytes of any one text of it */
#define QUERY_LIST_MAX     128   /* items of any one list of it */
#define QUERY_SIZE_MAX     65536 /* bytes of one, as it is kept */
#define QUERY_NAME_MAX     512   /* bytes of a name that is asked for */
#define QUERY_PREFIX_MATCH "name_prefix_match"

/* What Consul says before what is wrong with one. */
#define QUERY_INVALID  "Invalid prepared query: "
#define QUERY_TEMPLATE "failed compiling template: "

/* Texts in an order; for pairs name, value, name, value … */
struct query_list {
    char **items; /* owned, and each of them */
    size_t count;
};

/* What is asked, and how it is named. All texts are owned, never NULL. */
struct query_def {
    char *name;    /* "": none */
    char *session; /* its life; "": it stays until it is removed */
    char *token;   /* on whose behalf it is asked; "": the asker's */
    char *type;    /* "", or QUERY_PREFIX_MATCH: a template */
    char *regexp;  /* of a template */
    bool remove_empty_tags;
    char *service;
    char *near; /* a node, "_agent", or "" */
    char *ttl;  /* for DNS, "10s"; "": none */
    bool only_passing;
    int nearest_n; /* other datacenters to fail over to */
    struct query_list datacenters;
    struct query_list tags;          /* "!x": without x */
    struct query_list node_meta;     /* pairs */
    struct query_list ignore_checks; /* ids */
};

void query_def_init(struct query_def *d);
void query_def_free(struct query_def *d);
/* text is copied in the place of what was there. */
void query_set(char **to, const char *text);
void query_list_add(struct query_list *l, const char *text);

/* As it is kept; valid until it is changed or removed. */
struct query {
    char id[UUID_LEN + 1];
    struct query_def def;
    uint64_t created, changed; /* revisions */
};

static inline bool query_is_template(const struct query_def *d)
{
    return *d->type != '\0';
}

enum query_status {
    QUERY_DONE,
    QUERY_REFUSED, /* text says why, in Consul's words where it has some */
    QUERY_MISSING, /* there is none of that id */
    QUERY_FAILED   /* the store could not; text says why */
};

/* id is the query's, text (valid during the call) NULL with QUERY_DONE. */
typedef void query_done_fn(void *arg, enum query_status status, const char *id,
                           const char *text);

/* Tells whether a session lives: a query may be bound to it. */
typedef bool query_session_fn(void *arg, const char *session);

/* Joins the store (before its replay), which is borrowed; at most max are kept
 * (0: no bound; of a replay as many as there are). */
struct queries *queries_new(struct store *store, size_t max,
                            query_session_fn *session_lives, void *arg);
void queries_set_max(struct queries *qs, size_t max);
/* After the replay. */
void queries_start(struct queries *qs);
/* After the store has been closed. NULL is fine. */
void queries_free(struct queries *qs);

/* id NULL: a new one, of a fresh id; else the one of that id is to become so.
 * def is taken over, and empty afterwards. done may be called before this
 * returns. */
void queries_put(struct queries *qs, const char *id, struct query_def *def,
                 query_done_fn *done, void *arg);
/* The same with that id, whether there is one or not: as it once was. */
void queries_restore(struct queries *qs, const char *id, struct query_def *def,
                     query_done_fn *done, void *arg);
void queries_remove(struct queries *qs, const char *id, query_done_fn *done,
                    void *arg);
/* Removes those whose session is over; not to be called by a change itself. */
void queries_look_at_sessions(struct queries *qs);

const struct query *queries_find(const struct queries *qs, const char *id);
/* The next by id; after NULL the first. */
const struct query *queries_next(const struct queries *qs,
                                 const struct query *after);
size_t queries_count(const struct queries *qs);
/* Of the last change; never 0. */
uint64_t queries_index(const struct queries *qs);

/* Embedded in who waits for any of them to change. */
struct query_waiter {
    /* It must not call queries_… in there, but for …_wait_end() of itself. */
    void (*changed)(struct query_waiter *w);
    bool waits;
    struct query_waiter *prev, *next;
};

void queries_wait(struct queries *qs, struct query_waiter *w);
void queries_wait_end(struct queries *qs, struct query_waiter *w);

/* -- asking ---------------------------------------------------------------- */

/* What a name or an id stands for. */
struct query_found {
    const struct query *query;
    struct query_def def; /* as the query's, or a template as it is for that
                             name; owned: query_found_free() */
};

/*
 * False: *error is NULL, there is none; or says what is wrong (static). Among
 * names upper and lower case are the same.
 */
bool queries_resolve(const struct queries *qs, const char *name_or_id,
                     struct query_found *out, const char **error);
void query_found_free(struct query_found *f);

struct query_options {
    struct directory *directory;
    const struct coordinates *coordinates;
    const char *own_node; /* what "_agent" stands for */
    const char *near;     /* in the place of the query's; or NULL */
    size_t limit;         /* 0: none */
    /* Which instances the asker may see; NULL: all. */
    bool (*may_see)(void *arg, const struct dir_instance *i);
    void *arg;
};

struct query_answer {
    const struct dir_instance **instances; /* owned array */
    size_t count;
};

/* def: of queries_resolve(). The instances are valid until the directory next
 * changes. */
void query_execute(const struct query_def *def, const struct query_options *o,
                   struct query_answer *out);
void query_answer_free(struct query_answer *a);

/* The same in parts, for who takes several turns. Whether it is one of them: */
bool query_takes(const struct query_def *def, const struct query_options *o,
                 const struct dir_instance *i);

typedef const char *query_node_fn(const void *row);

/* ... and when all are found, their order, and how many of them it is: of rows
 * that node_of() knows the nodes of. */
size_t query_order(const struct query_def *def, const struct query_options *o,
                   const void **rows, size_t count, query_node_fn *node_of);

#endif

/*
 * The inside of the directory, for its parts only.
 *
 *   directory.c         its life, what is asked for and settled
 *   directory_read.c    reading
 *   directory_text.c    names in any case, the words for a status
 *   directory_map.c     what a service of the catalog says of an instance
 *   directory_view.c    nodes, names and instances
 *   directory_node.c    whether a node is there, and what is told of it
 *   directory_check.c   checks, of records and implied ones
 *   directory_wait.c    indexes, waiters
 *   directory_record.c  records of nodes and checks, as the store keeps them
 *   directory_change.c  changes on their way through catalog and store
 *   directory_register.c, directory_remove.c  what is asked for
 *   directory_edit.c    what a registered service becomes in the catalog
 *
 * What is committed is noted at once (a service, a record that came or went)
 * and taken into the view when somebody reads, or at the end of a turn: so the
 * parts of one change are seen together, and what came and went in between
 * costs nothing.
 */
#ifndef MUSTER_STATE_DIRECTORY_IMPL_H
#define MUSTER_STATE_DIRECTORY_IMPL_H

#include <stddef.h>

#include "lib/mem.h"
#include "server/state/directory.h"
#include "server/state/lanes.h"

#define DIR_GONE_MAX    4096 /* names and nodes, each, remembered as gone */
#define DIR_ON_CRITICAL 4    /* who may be told */
#define DIR_KINDS       (DIR_STATE + 1)
#define DIR_STATES      4 /* DIR_PASSING ..., and any */
#define DIR_ANY         3
#define DIR_A_TURN      500         /* services that a change goes through */
#define DIR_PENDING_MAX (64u << 20) /* bytes of requests not done */

/* The tables whose indexes Consul 0.7 goes by. */
enum dir_table { TABLE_NODES, TABLE_SERVICES, TABLE_CHECKS, DIR_TABLES };

/* A growing list of pointers. */
struct dir_list {
    void **items; /* owned */
    size_t count, size;
};

void dir_list_add(struct dir_list *l, void *item);
void dir_list_free(struct dir_list *l);

/* A node that catalog/register made: one version of it, counted. */
struct dir_record {
    unsigned refs;
    struct keynode by_name; /* its key: the name, folded */
    const char *name, *address, *id;
    struct dir_pairs tagged, meta;
    uint64_t created, changed;
    char text[];
};

/* A check, likewise. */
struct dir_check_record {
    unsigned refs;
    struct keynode by_key;     /* node 0 id, folded */
    struct keynode by_service; /* node 0 service 0 id 0, folded */
    const char *node, *id, *name, *notes, *service_id, *definition;
    char *output; /* the same version may have another one later; owned, if it
                     is not empty */
    enum dir_status status;
    bool agent, durable;
    bool turned; /* it has become critical, and nobody was told yet */
    uint64_t created, changed;
    char text[];
};

struct directory {
    struct catalog *catalog; /* borrowed */
    struct store_client nodes_client, checks_client;
    struct directory_limits limits;
    struct directory_setup setup;
    char *own_name, *own_id, *own_address; /* owned */
    unsigned own_port;
    struct dir_pair own_tagged[2];

    struct keymap records;        /* of struct dir_record */
    struct keymap check_records;  /* by key */
    struct keymap check_services; /* by service */

    bool awake;             /* what happens is noted */
    bool waking;            /* ... and the view is not complete yet: */
    uint64_t woken_seq;     /* services up to here are in it */
    struct buf woken_check; /* key of the last check that was looked at */
    bool taking;            /* the view is being changed */
    uint64_t base;          /* revision at which it woke */
    uint32_t wakings;
    struct keymap old_nodes, old_names; /* of a view that was forgotten */
    size_t definitions;                 /* of records of checks: to be run */
    uint64_t floor; /* of the indexes of what is forgotten */
    struct keymap nodes, names;
    struct htab by_entry;
    struct dir_node *own;
    struct dir_instance *own_service;
    struct dir_node *gone_nodes;
    struct dir_name *gone_names;
    size_t gone_node_count, gone_name_count;
    size_t node_count, name_count, instance_count, check_count;
    struct buf key; /* where keys are put together */

    /* noted, and not taken in; each counted */
    struct dir_list services, nodes_put, checks_put;
    struct dir_list orphans; /* records of checks whose service is gone */
    struct dir_list amiss; /* services that may not say what their checks do */

    uint64_t tables[DIR_TABLES];
    uint64_t nodes_index, services_index, instances_index;
    uint64_t state_index[DIR_STATES];
    struct dir_watch nodes_watch, services_watch, instances_watch;
    struct dir_watch state_watch[DIR_STATES];
    struct dir_watch none_watch;            /* of what never changes */
    struct dir_watch kind_watch[DIR_KINDS]; /* by_table */
    struct dir_watch *due;
    size_t waiters;
    uint64_t woken;

    struct dir_listener *listeners;
    struct {
        void (*fn)(void *arg, const struct dir_check *c, bool gone);
        void *arg;
    } critical[DIR_ON_CRITICAL];
    unsigned critical_count;

    struct catalog_owner owner; /* of services until they are registered */
    struct lanes lanes;
    size_t pending_bytes;
    size_t coming_nodes, coming_checks;
    struct dir_change *resting; /* go on in later turns */
    bool ends;                  /* nobody does any more */
};

/* directory_text.c */

/* Copies it in lower case (ASCII) to *to, and moves that on behind its NUL. */
const char *dir_fold_text(char **to, const char *text);
/* Appends text so, without the NUL. */
void dir_fold(struct buf *out, const char *text);
/* Puts the parts (NULL ends them) together in d->key, folded, a NUL behind
 * each, and returns that. */
const char *dir_key(struct directory *d, size_t *len, const char *a,
                    const char *b, const char *c);
bool dir_same_pairs(const struct dir_pairs *a, const struct dir_pairs *b);
bool dir_same_texts(const struct dir_texts *a, const struct dir_texts *b);
/* Bytes that dir_copy_pairs() takes of text. */
size_t dir_pairs_size(const struct dir_pairs *p);
/* A copy with its texts at *text, which is moved on, and its list at list. */
struct dir_pairs dir_copy_pairs(const struct dir_pairs *p,
                                struct dir_pair *list, char **text);
/* Copies it to *to, and moves that on. */
const char *dir_copy_text(char **to, const char *text);

/* directory_map.c */

/* What v says of itself: node and name are not set. Owned by the caller. */
struct dir_instance *dir_map(struct directory *d, struct service *v);
/* The own service `consul`. */
struct dir_instance *dir_map_own(struct directory *d);
/* Nothing of what is shown of them differs. */
bool dir_same_instance(const struct dir_instance *a,
                       const struct dir_instance *b);
/* True if a meta of that name is the attribute meta.NAME. */
bool dir_is_word(const char *name);
/* The parts of a dial string, net!host!port; false: it is none. They are cut
 * out of text. */
struct dir_dial {
    const char *net, *host, *port;
};

bool dir_split_dial(char *text, struct dir_dial *a);

/* directory_view.c */

struct dir_node *dir_node_of(struct keynode *n);
struct dir_name *dir_name_of(struct keynode *n);
struct dir_instance *dir_instance_by_node(struct keynode *n);
struct dir_instance *dir_instance_by_name(struct keynode *n);
/* That name's, made if there is none. */
struct dir_node *dir_node_get(struct directory *d, const char *name);
struct dir_name *dir_name_get(struct directory *d, const char *name);
/* Something of it came or went: is it there, has it serfHealth, and where is
 * it? */
void dir_node_look(struct directory *d, struct dir_node *n, uint64_t revision);
/* A row of its services, or of their nodes, is another. */
void dir_name_touch(struct directory *d, struct dir_name *n, uint64_t revision);
/* Its row is another. */
void dir_node_touch(struct directory *d, struct dir_node *n, uint64_t revision);
/* What the catalog says of v now. */
void dir_take_service(struct directory *d, struct service *v);
void dir_take_node(struct directory *d, const struct dir_record *r);
void dir_view_start(struct directory *d);
/* Takes in services of the catalog that were there before, some of them; true:
 * it was the last of them. */
bool dir_view_go_on(struct directory *d, unsigned n);
/* Everything of it is to be given back, and there is none. */
void dir_view_drop(struct directory *d);
/* Gives back some of what was dropped, n pieces; true: there may be more. */
bool dir_view_give_back(struct directory *d, unsigned n);
/* Forgets some of what is gone, if it is much. */
void dir_forget(struct directory *d);
/* A little of it, where nothing is under way: of each that may have come. */
void dir_forget_some(struct directory *d);
/* That service's; NULL: the view has none. */
struct dir_instance *dir_instance_of(const struct directory *d,
                                     const struct service *v);
struct dir_instance *dir_find_instance(struct directory *d, const char *node,
                                       const char *id);

/* directory_check.c */

struct dir_check *dir_check_by_node(struct keynode *n);
struct dir_check *dir_check_by_instance(struct keynode *n);
/* i is there: so are the checks that are recorded of it, or its own word. */
void dir_checks_come(struct directory *d, struct dir_instance *i,
                     uint64_t revision);
/* i goes, and its checks with it; their records are left over. */
void dir_checks_go(struct directory *d, struct dir_instance *i,
                   uint64_t revision);
/* The checks of `from`, which i takes the place of. */
void dir_checks_move(struct directory *d, struct dir_instance *from,
                     struct dir_instance *i, uint64_t revision);
/* What i says of itself counts where it has no check. */
void dir_look_said(struct directory *d, struct dir_instance *i,
                   uint64_t revision);
void dir_take_check(struct directory *d, struct dir_check_record *r);
/* i has checks, and says something else than the worst of them. */
bool dir_is_amiss(const struct dir_instance *i);
/* The node answers for itself, and that is the id of its serfHealth: no other
 * check has it. */
bool dir_is_serfs(const struct dir_node *n, const char *id);
/* serfHealth comes (or goes), in the place of what was registered as such. */
void dir_set_serf(struct directory *d, struct dir_node *n, bool on,
                  uint64_t revision);
/* Another output of it; it is nobody's change. */
void dir_check_output(struct directory *d, struct dir_check_record *r,
                      const char *output);
struct dir_check *dir_find_check(struct directory *d, const char *node,
                                 const char *id);
/* Checks of records whose node is there and which belong to it. */
void dir_node_checks_come(struct directory *d, struct dir_node *n,
                          uint64_t revision);
void dir_node_checks_go(struct directory *d, struct dir_node *n,
                        uint64_t revision);
/* One of a node that is given back, while its services are there; false: there
 * is none. */
bool dir_free_check(struct dir_node *n);
void dir_tell_instance(struct directory *d, const struct dir_instance *i,
                       enum dir_event e);
void dir_tell_check(struct directory *d, const struct dir_check *c,
                    enum dir_event e);

/* directory_wait.c */

/* An index moves; w NULL: nobody waits for that. */
void dir_touch(struct directory *d, uint64_t *index, struct dir_watch *w,
               uint64_t revision);
/* One of those of a node or a name, if there are any. */
static inline struct dir_watch *dir_watch_of(struct dir_watch *watches,
                                             unsigned which)
{
    return watches ? &watches[which] : NULL;
}
/* Somebody waits for one of them. */
bool dir_is_waited(const struct dir_watch *watches);
void dir_touch_table(struct directory *d, enum dir_table t, uint64_t revision);
/* Tells those who were touched. */
void dir_tell_waiters(struct directory *d);

/* directory_record.c */

void dir_records_init(struct directory *d);
void dir_records_free(struct directory *d);
struct dir_record *dir_record_find(const struct directory *d, const char *key,
                                   size_t len);
struct dir_check_record *dir_check_record_of(struct keynode *n);
struct dir_check_record *dir_check_record_by_service(struct keynode *n);
struct dir_check_record *
dir_check_record_find(struct directory *d, const char *node, const char *id);
void dir_record_unref(struct dir_record *r); /* NULL is fine */
void dir_check_record_unref(struct dir_check_record *r);
/* With one reference. */
struct dir_record *dir_record_new(const struct dir_record *like);
struct dir_check_record *
dir_check_record_new(const struct dir_check_record *like);
/* Its output is a copy of that. */
void dir_check_record_say(struct dir_check_record *r, const char *output);

/* directory.c */

/* Takes in what was noted; wakes the view. */
void dir_take_in(struct directory *d);
void dir_note_node(struct directory *d, struct dir_record *r);
void dir_note_check(struct directory *d, struct dir_check_record *r);

/* i is made to say what its checks do. */
void dir_mend_status(struct directory *d, const struct dir_instance *i);

/* directory_remove.c */

/* The record of a check whose node or service has gone goes, too: if it is
 * still so. */
void dir_drop_orphan(struct directory *d, struct dir_check_record *r);

/* directory_change.c */

struct dir_change;

/* What a change makes of one record. */
struct dir_effect {
    struct store_txn txn;
    struct dir_change *change;
    struct dir_record *node, *node_after; /* counted; NULL: it is not there */
    struct dir_check_record *check, *check_after;
    struct dir_effect *next;
};

/* What belongs to a change; freed with it. */
struct dir_piece {
    struct dir_piece *next;
    max_align_t bytes[];
};

/*
 * A request on its way. run() is called when its turn has come: it asks for one
 * transaction, or for none. With `more` it is called again when that is done,
 * to look at result and go on; else the change ends with it.
 */
struct dir_change {
    struct lane_claim claim;
    struct lane_place place;
    struct directory *d;
    void (*run)(struct dir_change *ch);
    bool asked, answered, going, more;
    bool alone_if_refused; /* what the catalog refuses goes without it */
    struct dir_asker who;
    const char *node;           /* NUL-terminated; its own */
    struct dir_request request; /* with all that it points to its own */
    struct dir_removal removal;
    const char *check; /* directory_check(), and the next two */
    enum dir_status status;
    const char *output;
    const char **left; /* ids of services that a check of them has left */
    size_t left_count;
    size_t seen;      /* services of checks, and left, that were looked at */
    struct buf after; /* key of the last service that was tried */
    unsigned much;    /* services of the transaction that run() asked for */
    struct dir_effect *effects; /* of the transaction that is under way */
    struct dir_effect **last;
    struct dir_result result;
    char *text; /* owned; of result, or NULL */
    struct dir_piece *pieces;
    size_t size;                  /* bytes, of d->pending_bytes */
    size_t new_nodes, new_checks; /* in d->coming_... */
    dir_done_fn *done;
    void *arg;
    struct dir_change *prev, *next; /* of those that rest */
};

/* NULL: too much is under way; done has been told. node NULL: the own one. */
struct dir_change *dir_change_new(struct directory *d, const char *node,
                                  const struct dir_asker *who,
                                  dir_done_fn *done, void *arg);
/* It runs when its turn comes, and may be gone then. */
void dir_change_go(struct dir_change *ch);
void *dir_change_alloc(struct dir_change *ch, size_t size);
/* A copy; NULL: of "". */
const char *dir_change_text(struct dir_change *ch, const char *text);
/* Its result; without a further transaction the change ends with it. text is
 * static, or owned with _owned. */
void dir_change_refuse(struct dir_change *ch, const char *text);
void dir_change_refuse_owned(struct dir_change *ch, char *text);

/* The record is to become that (NULL: to go); takes over the reference. */
void dir_effect_node(struct dir_change *ch, struct dir_record *before,
                     struct dir_record *after);
void dir_effect_check(struct dir_change *ch, struct dir_check_record *before,
                      struct dir_check_record *after);

/* Ask for a transaction: of the effects alone, or with a service. */
void dir_change_commit(struct dir_change *ch);
void dir_change_update(struct dir_change *ch, struct service *v,
                       const struct record_edit *edit);
void dir_change_register(struct dir_change *ch, const struct word *name,
                         const struct record_edit *edit);
void dir_change_remove(struct dir_change *ch, struct service *v);
void dir_change_remove_all(struct dir_change *ch, struct service *const *list,
                           unsigned count);

/* What is set and unset of a service; the words are the change's. */
struct dir_edit {
    struct dir_change *change;
    struct word *sets, *unsets;
    unsigned set_count, unset_count;
};

void dir_edit_init(struct dir_edit *e, struct dir_change *ch, unsigned sets,
                   unsigned unsets);
void dir_edit_set(struct dir_edit *e, const char *name, const char *value);
void dir_edit_unset(struct dir_edit *e, const char *name);
struct record_edit dir_edit_done(const struct dir_edit *e);
/* Adds what makes `status` say the worst of the service's checks, as the
 * effects leave them; i NULL: it says nothing yet. */
void dir_edit_status(struct dir_edit *e, const struct dir_instance *i,
                     const char *service_id);

/* directory_edit.c */

/* Asks for the transaction: the request's service is new, ... */
void dir_register_service(struct dir_change *ch);
/* ... or i becomes what it says (where it has one), and its status what the
 * checks say. */
void dir_update_service(struct dir_change *ch, const struct dir_instance *i);

#endif

/*
 * The directory: the registry as Consul's clients know it. Nodes have services
 * and checks, a service's name has instances; all of it is read from the
 * catalog's services and from two tables of its own, nodes and checks.
 *
 *   catalog (any face) --committed changes--> view <--- tables nodes, checks
 *                                              |
 *           readers (HTTP, DNS, queries) <-----+--> waiters, on_critical()
 *
 * A service of the catalog is an instance by these attributes, each optional:
 *
 *   node NAME      the node; else `host`; else this musterd's own
 *   id ID          the service's id on its node; else its name
 *   service NAME   what it is an instance of; else what its name says: the
 *                  word in the place of the port of a dial string
 *                  (tcp!host!styx); of another dial string its `kind`; else
 *                  the name
 *   addr tcp!H!P   its address and port, or H:P; else its name, if that is a
 *                  dial string
 *   port N         its port, if that says none
 *   tags a,b       its tags; a comma (or \) inside one stands behind a \
 *   status WORD    passing, warning or critical: the worst of its checks; if
 *                  it has none, it is itself the check service:ID
 *   tag_override 1 EnableTagOverride
 *   meta.NAME V    the meta NAME, where NAME is one of the words above, or is
 *                  host, kind, persist or begins with check. or meta.
 *   NAME V         any other, neither hidden nor volatile: the meta NAME
 *
 * The view is asleep until it is first asked for, or there are checks to run
 * (recorded ones with a definition, or an attribute check.*): until then it
 * costs nothing. It may be sent to sleep again.
 * What is read is what is committed; every pointer that is read here is good
 * until the next change of the catalog or of the directory, that is during a
 * callback of the loop that asks for none.
 *
 * Names of nodes, services and checks are found in whatever case they are
 * written (ASCII), and sorted so.
 *
 * Must not know sockets, HTTP, JSON, DNS or the clock.
 */
#ifndef MUSTER_STATE_DIRECTORY_H
#define MUSTER_STATE_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/words.h"
#include "server/state/catalog.h"
#include "server/state/keymap.h"

#define DIR_SERF_HEALTH "serfHealth"
#define DIR_OWN_SERVICE "consul" /* of the own node; not in the catalog */
#define DIR_OUTPUT_MAX  4096     /* bytes of a check's output; cut above */
#define DIR_TEXT_MAX    4096     /* bytes of a name, id, address, note */
#define DIR_META_MAX    64       /* pairs of a node's or service's meta */
#define DIR_TAGS_MAX    1024     /* of a service */
#define DIR_CHECKS_MAX  64       /* in one request */

struct directory;

enum dir_status { DIR_PASSING, DIR_WARNING, DIR_CRITICAL };

/* passing, warning, critical. */
const char *dir_status_text(enum dir_status s);
bool dir_status_parse(const char *text, enum dir_status *s);

struct dir_pair {
    const char *name, *value;
};

struct dir_pairs {
    const struct dir_pair *list;
    unsigned count;
};

struct dir_texts {
    const char *const *list;
    unsigned count;
};

/* What waits for it; for the directory only. */
struct dir_watch {
    struct dir_waiter *waiters;
    struct dir_watch *next_due; /* NULL: they are not to be told */
};

/* Those of a node (no health) or of a name. */
enum { DIR_WATCH_ROWS, DIR_WATCH_CHECKS, DIR_WATCH_HEALTH, DIR_WATCHES };

struct dir_node {
    const char *name, *address;
    const char *id;          /* a UUID; or "" */
    struct dir_pairs tagged; /* lan and wan ...; none: null */
    struct dir_pairs meta;
    uint64_t created, changed; /* revisions of the node's own row */
    bool own;                  /* this musterd's */
    bool recorded;             /* catalog/register made it */
    /* the directory's own */
    bool present; /* false: only what waits for it and its indexes is left */
    struct keynode by_name;
    struct keymap instances, checks;
    struct keymap own_checks; /* those of no service */
    size_t bound;             /* instances that end with a connection */
    struct dir_check *serf;   /* owned; NULL: it has none */
    struct dir_record *record;
    char *said_address; /* owned; of one that is not recorded */
    uint64_t rows_index, checks_index;
    struct dir_watch *watches;    /* owned; NULL: nobody has ever waited */
    struct dir_node *prev, *next; /* of those that are gone */
    char text[];
};

/* A name that services have, in whatever case they write it. */
struct dir_name {
    const char *name; /* as the first of them wrote it */
    size_t count;     /* instances; 0: only what waits for it is left */
    /* Grows whenever what is read of it may be other than it was, also by what
     * moves no index (the output of a check): what is kept under a name and
     * this holds. */
    uint64_t version;
    /* the directory's own */
    struct keynode by_name;
    struct keymap instances;
    uint64_t rows_index, checks_index, health_index;
    struct dir_watch *watches;    /* as a node's */
    struct dir_name *prev, *next; /* of those that are gone */
    char text[];
};

/* A service of a node. */
struct dir_instance {
    struct dir_node *node;
    struct dir_name *name;
    const char *id;
    const char *service; /* its service's name */
    const char *address; /* of the service; "": its node's */
    unsigned port;       /* 0: none */
    struct dir_texts tags;
    struct dir_pairs meta;
    bool tag_override;
    uint64_t created, changed; /* revisions */
    struct service *entry;     /* in the catalog; NULL: the own `consul` */
    /* the directory's own, but for reading the keys */
    bool bound;       /* it ends with a connection */
    bool says_status; /* its attribute `status` is one of ours */
    enum dir_status status;
    const char *node_name; /* as it is written there; "": the own one */
    const char *hint;      /* an address of its node; or "" */
    uint64_t seq, taken;   /* taken: the entry's revision that was looked at */
    struct hnode by_entry;
    struct keynode by_node, by_name;
    struct keymap checks;
    struct dir_check *said; /* owned; what its `status` says; or NULL */
    char text[];
};

struct dir_check {
    struct dir_node *node;
    struct dir_instance *instance; /* NULL: it is the node's */
    const char *id, *name, *notes, *output;
    const char *service_id; /* "": it is the node's */
    const char *definition; /* a line of words, the prober's; "": none */
    enum dir_status status;
    bool agent;   /* registered with this agent, not in the catalog only */
    bool implied; /* serfHealth, or what a service says of itself: no record */
    uint64_t created, changed;
    /* the directory's own */
    struct keynode by_node, by_instance;
    struct dir_check_record *record;
    char text[];
};

/* -- life ------------------------------------------------------------------ */

/* Bounds; 0 means none. */
struct directory_limits {
    size_t nodes;  /* recorded ones */
    size_t checks; /* recorded ones */
};

struct directory_setup {
    const char *node; /* name of the own node */
    bool by_table;    /* indexes and wakings are those of Consul 0.7 */
    /* The port that a word stands for in tcp!HOST!WORD; 0: none. NULL: none
     * ever does. */
    unsigned (*port_of)(const char *net, const char *word);
    /* directory_settle() is to be called soon, at the end of a turn of the
     * loop. NULL: it is called often enough. */
    void (*pending)(void *arg);
    /* directory_go_on() is to be called in a later turn. NULL: what is asked
     * for is done in one, however much it is. */
    void (*rests)(void *arg);
    void *arg; /* of both */
};

/* Joins the catalog's store, before its replay; what setup says is copied. */
struct directory *directory_new(struct catalog *c,
                                const struct directory_setup *setup);
/* After catalog_start(); id is the own node's, a UUID. The view wakes if there
 * are checks to run. */
void directory_start(struct directory *d, const char *id);
/* After every change of the catalog: cheap while the view is asleep. */
void directory_changed(struct directory *d);
/* What has happened meanwhile is taken in, and who waits is told; what is left
 * over is cleared away. */
void directory_settle(struct directory *d);
/* Goes on with what rests, and with giving back; true: it is to be called
 * again, in another turn. */
bool directory_go_on(struct directory *d);
/* The daemon ends: nothing rests any more. Before the store is finished. */
void directory_finish(struct directory *d);
/* The store must have been closed; before the catalog. NULL is fine. */
void directory_free(struct directory *d);
/* Where the own node, and the service `consul`, is found by others. */
void directory_advertise(struct directory *d, const char *address,
                         unsigned port);
void directory_limit(struct directory *d, const struct directory_limits *l);
/* Wakes the view, as every call below does. Costs time by what is registered:
 * once. */
void directory_wake(struct directory *d);
/* The same in pieces of n services: true when it is awake. Whoever calls
 * anything else before that has to wait for the rest. */
bool directory_wake_some(struct directory *d, unsigned n);

/* True if it is awake and nothing needs it: nobody waits, there is no check to
 * run, and no change is under way. Sessions that depend on nodes or checks need
 * it, too: these are for who asks to know of. */
bool directory_may_sleep(const struct directory *d);
/* If that is so: the view is forgotten until somebody asks again, and indexes
 * begin anew as after a start. Nobody is told. What it took is given back by
 * directory_go_on(). */
void directory_sleep(struct directory *d);

/* -- reading --------------------------------------------------------------- */

const struct dir_node *directory_own(struct directory *d);
/* NULL: there is none of that name. */
const struct dir_node *directory_node(struct directory *d, const char *name);
/* The next by name; NULL gives the first. */
const struct dir_node *directory_next_node(struct directory *d,
                                           const struct dir_node *after);
/* NULL: no service has that name. */
const struct dir_name *directory_name(struct directory *d, const char *service);
const struct dir_name *directory_next_name(struct directory *d,
                                           const struct dir_name *after);
/* The oldest of that id on the node; or NULL. */
const struct dir_instance *directory_instance(struct directory *d,
                                              const char *node, const char *id);
const struct dir_check *directory_check_of(struct directory *d,
                                           const char *node, const char *id);

/* Instances of a name: by node, then id; of a node: by id. after NULL gives the
 * first. Two services may say the same id: only the oldest is found by it. */
const struct dir_instance *dir_name_next(const struct dir_name *n,
                                         const struct dir_instance *after);
const struct dir_instance *dir_node_next(const struct dir_node *n,
                                         const struct dir_instance *after);
/* Checks by id: of a node all, its services' too; of an instance its own; and
 * those that health/service shows: its own and the node's. */
const struct dir_check *dir_node_next_check(const struct dir_node *n,
                                            const struct dir_check *after);
const struct dir_check *dir_own_next_check(const struct dir_instance *i,
                                           const struct dir_check *after);
const struct dir_check *dir_next_check(const struct dir_instance *i,
                                       const struct dir_check *after);
/* The same in another order: first the node's, then its own. */
const struct dir_check *dir_next_check_apart(const struct dir_instance *i,
                                             const struct dir_check *after);
/*
 * The same for a list that is read over several turns, whose last row may be
 * gone by the next: rows behind a name, or a key, that was copied (NULL: the
 * first), and the row of such a key.
 */
const struct dir_node *directory_node_behind(struct directory *d,
                                             const char *name);
const struct dir_name *directory_name_behind(struct directory *d,
                                             const char *name);
const struct dir_instance *dir_name_behind(const struct dir_name *n,
                                           const char *key, size_t len);
const struct dir_instance *dir_node_behind(const struct dir_node *n,
                                           const char *key, size_t len);
const struct dir_check *dir_check_behind(const struct dir_node *n,
                                         const char *key, size_t len);
const struct dir_instance *dir_node_at(const struct dir_node *n,
                                       const char *key, size_t len);
const struct dir_check *dir_check_at(const struct dir_node *n, const char *key,
                                     size_t len);
/* The worst of the checks that dir_next_check() gives. */
enum dir_status dir_health(const struct dir_instance *i);
/* Tags are compared in any case. */
bool dir_has_tag(const struct dir_instance *i, const char *tag);
/* The value, or NULL. */
const char *dir_pair_get(const struct dir_pairs *p, const char *name);
/* Compares names as they are sorted here: like strcmp(), in any case. */
int dir_compare(const char *a, const char *b);

/* -- indexes and waiting --------------------------------------------------- */

/* What an answer is made of. */
enum dir_kind {
    DIR_NODES,          /* catalog/nodes */
    DIR_SERVICES,       /* catalog/services: names and their tags */
    DIR_INSTANCES,      /* any service or node; catalog/services by node-meta */
    DIR_NODE,           /* catalog/node/NAME */
    DIR_NODE_CHECKS,    /* health/node/NAME */
    DIR_SERVICE,        /* catalog/service/NAME */
    DIR_SERVICE_CHECKS, /* health/checks/NAME */
    DIR_HEALTH,         /* health/service/NAME */
    DIR_STATE           /* health/state/STATUS; NAME "any" is all */
};

struct dir_scope {
    enum dir_kind kind;
    const char *name; /* NULL where the kind has none */
};

/*
 * The index of an answer: the revision of the last change of what it is made
 * of, or of when the view woke, if that is later; so that it never falls. In
 * the manner of 0.7 it is that of whole tables. Never 0.
 */
uint64_t directory_index(struct directory *d, const struct dir_scope *s);

/* Embedded in who waits. */
struct dir_waiter {
    /* Something in its scope has changed. It must not call the directory in
     * there, but for directory_wait_end() of itself. */
    void (*changed)(struct dir_waiter *w, uint64_t revision);
    /* the directory's own */
    struct dir_watch *watch; /* NULL: it does not wait */
    struct dir_waiter *prev, *next;
};

/* Only what happens from now on counts: look at the index first. */
void directory_wait(struct directory *d, struct dir_waiter *w,
                    const struct dir_scope *s);
void directory_wait_end(struct directory *d, struct dir_waiter *w);

/* -- writing --------------------------------------------------------------- */

struct dir_service_new {
    const char *id;      /* NULL or "": the name */
    const char *name;    /* needed */
    const char *address; /* NULL or "": none */
    unsigned port;
    struct dir_texts tags;
    struct dir_pairs meta;
    bool tag_override;
};

struct dir_check_new {
    const char *id;                          /* NULL or "": the name */
    const char *name;                        /* needed, or the id */
    const char *notes, *output, *definition; /* NULL: "" */
    const char *service_id;                  /* NULL or "": the node's */
    enum dir_status status;
    bool agent;
    bool keep; /* if it is there, its status and output stay */
};

/* On whose behalf a change is: as in struct catalog_request. */
struct dir_asker {
    struct word by; /* a principal's name; empty: nobody's */
    bool may_all;
    const void *asker; /* catalog.asker: valid until done() */
};

/* Everything is borrowed during the call. A node is made, or changed where it
 * says otherwise, unless it is the own one; with skip_node one that is there is
 * left as it is. */
struct dir_request {
    struct dir_asker who;
    const char *node;    /* NULL: the own one */
    const char *address; /* of the node; NULL: as it was */
    const char *id;      /* NULL: as it was */
    struct dir_pairs tagged, meta;
    bool skip_node;
    const struct dir_service_new *service; /* NULL: none */
    const struct dir_check_new *checks;
    unsigned check_count;
};

/* service_id before check_id; with neither the whole node. */
struct dir_removal {
    struct dir_asker who;
    const char *node; /* NULL: the own one */
    const char *service_id, *check_id;
};

enum dir_outcome {
    DIR_DONE,    /* also where there was nothing to change */
    DIR_REFUSED, /* text says why; nothing has changed */
    DIR_FAILED   /* the store could not */
};

struct dir_result {
    enum dir_outcome outcome;
    uint64_t revision;
    const char *text; /* NULL: DIR_DONE; during the call */
};

typedef void dir_done_fn(void *arg, const struct dir_result *r);

/*
 * Node, service and checks under one revision, durably; what changes nothing
 * is not written. The service is found by its node and id, whoever registered
 * it; else it becomes a persistent one of the catalog, named ID (ID@NODE on
 * another node than the own). done (may be NULL) may be called before this
 * returns.
 */
void directory_register(struct directory *d, const struct dir_request *q,
                        dir_done_fn *done, void *arg);
/* What is not there is no error. A node goes with all it has by one change of
 * the store, each service under a revision of its own; very many services go in
 * several changes, the node with the last. */
void directory_deregister(struct directory *d, const struct dir_removal *q,
                          dir_done_fn *done, void *arg);
/*
 * The outcome of a check, which must be there (DIR_REFUSED): the same status
 * is no change, and its output is seen without a new index. Another is, and
 * with it the `status` of its service, under the same revision. output NULL:
 * as it was.
 */
void directory_check(struct directory *d, const char *node, const char *id,
                     enum dir_status status, const char *output,
                     dir_done_fn *done, void *arg);

/* Told of every check that becomes critical, or goes, for who depends on it:
 * sessions. fn must ask for no change in there, but may note it. */
void directory_on_critical(struct directory *d,
                           void (*fn)(void *arg, const struct dir_check *c,
                                      bool gone),
                           void *arg);

enum dir_event { DIR_CAME, DIR_CHANGED, DIR_WENT };

/* Embedded in who follows what there is (the prober); called in the same way,
 * and once for all that is there when the view wakes. A check's output alone is
 * no event; of an instance any change of its entry is one, of attributes that
 * nobody is shown, too. Any may be NULL. */
struct dir_listener {
    void (*node)(void *arg, const struct dir_node *n, enum dir_event e);
    void (*check)(void *arg, const struct dir_check *c, enum dir_event e);
    void (*instance)(void *arg, const struct dir_instance *i, enum dir_event e);
    void *arg;
    struct dir_listener *next;
};

void directory_listen(struct directory *d, struct dir_listener *l);

struct directory_counts {
    size_t nodes, names, instances, checks; /* 0 while asleep */
    size_t waiters;
    uint64_t woken; /* waiters told of a change, so far */
};

struct directory_counts directory_count(const struct directory *d);

#endif

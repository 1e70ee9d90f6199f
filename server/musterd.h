/*
 * musterd as its faces see it: the core, the loop, and the bounds. A face
 * translates between its wire and the calls of server/state; it holds nothing
 * that others share.
 */
#ifndef MUSTER_SERVER_MUSTERD_H
#define MUSTER_SERVER_MUSTERD_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/loop.h"
#include "lib/refusal.h"
#include "lib/selector.h"
#include "lib/words.h"
#include "server/state/catalog.h"
#include "server/state/watch.h"

struct acl_ports;
struct acl_rights;
struct acls;
struct auth;
struct checks;
struct admin;
struct conf;
struct directory;
struct coordinates;
struct events;
struct execs;
struct consul;
struct dns_face;
struct identity;
struct keys;
struct kv;
struct places;
struct prepared;
struct queries;
struct restore;
struct storage;
struct self;
struct rexec;
struct statics;

/* Bounds of what a line may say. */
struct musterd_limits {
    size_t name;        /* bytes of a service's or attribute's name */
    size_t value;       /* bytes of a value */
    size_t watch_queue; /* bytes queued for a reader of port event */
    size_t watches;     /* bytes of the selections of all of them */
    unsigned readers;   /* of them; 0: as many as come */
    size_t selector;    /* bytes of one selector */
    unsigned regexes;   /* in it */
};

struct musterd {
    struct loop *loop;
    struct storage *storage;
    struct store *store;        /* the storage's */
    struct auth *auth;          /* borrowed */
    struct token_store *tokens; /* owned; whose principals auth has */
    struct catalog *catalog;
    struct watches watches;
    struct musterd_limits limits;

    /* where the words of the line at hand are split into */
    struct word *words; /* owned */
    int max_words;

    unsigned under_way;          /* answers that go on in the next turn */
    size_t watch_bytes;          /* what the readers' selections take */
    struct loop_task looked;     /* queued: a look was had in this turn */
    struct loop_task wake;       /* wakes watchers, at the end of a turn */
    struct loop_timer *expiry;   /* for the next service to expire */
    struct loop_timer *tidy;     /* gives back memory that is kept in vain */
    bool tidying;                /* some was, and perhaps there is more */
    struct statics *statics;     /* owned */
    struct kv *kv;               /* the keys' */
    struct keys *keys;           /* owned */
    struct prepared *prepared;   /* owned; which makes these three: */
    struct directory *directory; /* the places' */
    struct places *places;       /* owned */
    struct events *events;
    struct queries *queries;
    struct execs *execs; /* of rexec */
    struct coordinates *coordinates;
    struct restore *restoring; /* a snapshot; NULL: none is */
    struct acl_rights *rights; /* owned; which makes: */
    struct acls *acls;         /* Consul's tokens */
    struct acl_ports *ports;   /* owned; what they are to auth */
    struct admin *admin;       /* that face's; NULL: it has none yet */
    struct checks *checks;     /* owned */
    struct identity *identity; /* owned */
    struct self *self;         /* owned: who it is to Consul's clients */
    struct consul *consul;     /* that face's; NULL: it has none yet */
    struct rexec *rexec;       /* the same face's remote execution; the same */
    struct dns_face *dns;      /* that face's */
};

/* Builds the core from the settings and fills it with what the store has kept
 * and the static entries; loop is borrowed, and so is auth, which is told of
 * the tokens that the store keeps. False, and logged, if one of them cannot be
 * had; free it all the same. */
bool musterd_init(struct musterd *m, struct loop *loop, struct auth *auth,
                  const struct conf *conf);
/* Settings that may change while it runs, and the static entries. */
void musterd_reload(struct musterd *m, const struct conf *conf);
/* It is about to end: waits until every change that was asked for is kept, or
 * refused, so that this can be answered. */
void musterd_finish(struct musterd *m);
void musterd_free(struct musterd *m);

/* The time goes on: call it before a line is handled. */
void musterd_tick(struct musterd *m);

/*
 * For a face whose answer takes more than one turn: task goes on with it in the
 * next one, and says so then (musterd_turn_came()), or is given up before. What
 * may be spent in a turn is `most`, or less of it where many answers are under
 * way, so that a turn stays short however many ask for much.
 */
void musterd_later(struct musterd *m, struct loop_task *task);
void musterd_turn_came(struct musterd *m);
void musterd_not_later(struct musterd *m, struct loop_task *task);
unsigned musterd_share(const struct musterd *m, unsigned most);

/* Whether a look at every recent change may be had: once in a turn. */
bool musterd_may_look(struct musterd *m);

/*
 * Splits a line into m->words. Returns their number, or -1 and an error text
 * (static) for the peer. A NUL in the line is an error.
 */
int musterd_split(struct musterd *m, char *line, size_t len,
                  const char **wrong);
/* NULL, or what to tell a peer whose selector is over a bound (free()), and the
 * reason. */
MUST_CHECK char *musterd_refuse_selector(const struct musterd *m,
                                         const struct selector *s,
                                         enum refusal *why);

#endif

/*
 * The pairs that services have: every distinct attribute, and every distinct
 * (attribute, value) pair, exists once and carries the set of the services that
 * have it. Together they are the inverted index, and comparing two pairs is
 * comparing two pointers.
 *
 * Must not know records, nor who holds a reference: see record.h.
 */
#ifndef MUSTER_STATE_PAIR_H
#define MUSTER_STATE_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/state/htab.h"
#include "server/state/seqset.h"

/* An attribute that some record has. */
struct attr_key {
    struct hnode node;      /* in record_index.keys */
    struct seqset services; /* those that have it now */
    uint32_t refs;          /* pairs of this attribute */
    uint16_t len;
    bool quoted;  /* its name is written in quotes */
    bool persist; /* it is the one that every record is asked for */
    bool check;   /* its name begins with "check." */
    bool hidden;  /* the registry's own: its name begins with a dot */
    char name[];
};

/* An attribute with a value that some record has. */
struct attr_pair {
    struct hnode node; /* in record_index.pairs */
    uint32_t len;
    struct attr_key *key;   /* counted */
    struct seqset services; /* those that have it now */
    uint32_t refs;          /* beside the services: see above */
    bool quoted;            /* its value is written in quotes */
    char value[];
};

struct record_index {
    struct htab keys, pairs;
    unsigned check_keys; /* keys that are so */
};

/* The hash that the attribute, or the pair, of that name has or would have in
 * its node. */
uint32_t attr_hash(const char *name, size_t len);
uint32_t pair_hash_named(const char *name, size_t name_len, const char *value,
                         size_t len);

void record_index_init(struct record_index *x);
/* Every record must be released before. */
void record_index_free(struct record_index *x);

/* The interned attribute or pair, or NULL if nobody has it. */
struct attr_key *record_find_key(const struct record_index *x, const char *name,
                                 size_t len);
struct attr_pair *record_find_pair(const struct record_index *x,
                                   const char *name, size_t name_len,
                                   const char *value, size_t len);

/* Beginning to look a pair up, for several side by side (see htab.h). */
uint32_t record_warm_pair(const struct record_index *x, const char *name,
                          size_t name_len, const char *value, size_t len);
const struct attr_pair *record_guess_pair(const struct record_index *x,
                                          uint32_t warm);

/*
 * Interning: the attribute of that name, made if there is none; it must be
 * followed by a pair of it before anything else happens. A pair is its own
 * hash, which may be warmed beforehand, and has no reference yet.
 */
struct attr_key *pair_key(struct record_index *x, const char *name, size_t len);
uint32_t pair_hash(const struct attr_key *k, const char *value, size_t len);
void pair_warm(const struct record_index *x, uint32_t hash);
struct attr_pair *pair_intern(struct record_index *x, struct attr_key *k,
                              uint32_t hash, const char *value, size_t len);

static inline void pair_ref(struct attr_pair *p)
{
    p->refs++;
}

void pair_unref(struct record_index *x, struct attr_pair *p);
/* p has lost a service: it goes if that was all that kept it. */
void pair_settle(struct record_index *x, struct attr_pair *p);

#endif

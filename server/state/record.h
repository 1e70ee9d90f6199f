/*
 * What a service says of itself: an immutable, counted record of attribute
 * pairs, which are shared (pair.h).
 *
 * Who keeps a pair alive: the services that have it; a change in the ring that
 * dropped it from a service (until that change is forgotten, and changes are
 * forgotten in their order, so every record in the ring finds its pairs); a
 * request on its way (record_pins); and counted records, which are those on
 * either side of a move that no change tells of (volatile attributes). So a
 * change of one attribute touches the pairs of that attribute only.
 *
 * An attribute whose name begins with a dot is hidden: the registry sets it
 * (`.owner web`, `.pinned.role web`), selectors find it as any other, and an
 * answer does not show it.
 *
 * Must not know lifetimes, revisions, selectors, sockets, nor what a hidden
 * attribute means.
 */
#ifndef MUSTER_STATE_RECORD_H
#define MUSTER_STATE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/words.h"
#include "server/state/pair.h"

struct record {
    uint32_t refs;
    uint32_t count;
    uint32_t size;             /* pairs there is room for */
    uint32_t text_len;         /* at most so many bytes when written */
    bool counted;              /* it holds a reference on each pair */
    bool persist;              /* it has the attribute of that name */
    uint16_t hidden;           /* of its pairs, so many are not shown */
    struct attr_pair *pairs[]; /* in the order of first setting; behind them
                                  the hash of each pair's attribute */
};

/* The hashes of its attributes, in the order of its pairs. */
static inline uint32_t *record_hashes(const struct record *r)
{
    return (uint32_t *)(void *)(r->pairs + r->size);
}

/* What a request changes in a record: borrowed words. */
struct record_edit {
    const struct word *sets;   /* name, value, name, value … */
    unsigned set_count;        /* pairs */
    const struct word *unsets; /* names */
    unsigned unset_count;
};

/* The pairs that an edit names, kept alive until the record is in use. */
struct record_pins {
    struct attr_pair **pairs; /* room for edit.set_count, the caller's */
    unsigned count;
};

/*
 * base (NULL: nothing) with the edit applied; the caller owns one reference,
 * and the pins: record_unpin() when the record is in the index, or unref'd.
 */
struct record *record_edit(struct record_index *x, const struct record *base,
                           const struct record_edit *edit,
                           struct record_pins *pins);
void record_unpin(struct record_index *x, struct record_pins *pins);
/* Makes it a counted record. */
void record_count(struct record *r);
struct record *record_ref(struct record *r);
void record_unref(struct record_index *x, struct record *r); /* NULL is fine */

/* The value of an attribute or NULL: a selector_lookup_fn. */
const char *record_lookup(const void *record, const char *attr, size_t attr_len,
                          size_t *value_len);
struct attr_pair *record_pair_of(const struct record *r,
                                 const struct attr_key *key);
bool record_has(const struct record *r, const struct attr_pair *pair);

/* Where attributes stand in a record: for who asks that of many of them, in a
 * time that does not grow with the square of their number. */
struct record_places {
    const struct record *record; /* NULL: it has none */
    uint32_t *table;             /* owned; places + 1, by hash; or NULL */
    uint32_t mask;
};

static inline void record_places_of(struct record_places *p,
                                    const struct record *r)
{
    *p = (struct record_places){.record = r};
}

/* The place; -1: it has not that attribute. */
int record_places_find(struct record_places *p, const struct attr_key *key);
void record_places_end(struct record_places *p);

/*
 * Moves service v in the index from its old record to its new one; either may
 * be NULL. keep says that a change will tell of it: pairs that v no longer has
 * get a reference, which record_forget() of the same two gives back.
 */
void record_index_move(struct record_index *x, struct service *v,
                       const struct record *from, const struct record *to,
                       bool keep);
void record_forget(struct record_index *x, const struct record *from,
                   const struct record *to);

/* Asks for what will be looked at in a record and its list of pairs. */
static inline void record_prefetch(const struct record *r)
{
    __builtin_prefetch(r);
    __builtin_prefetch(&r->pairs[5]); /* the next line of the cache */
}

/* Appends " name value" for every pair that is shown, or is not. */
void record_write(const struct record *r, struct buf *out);
void record_write_hidden(const struct record *r, struct buf *out);

/* The bound on it, for hidden pairs are counted in 16 bits. */
#define RECORD_HIDDEN_MAX 1024

#endif

/*
 * Static entries as text: the attrdb format of Inferno (attrdb(6)), as far as
 * registry(4) takes services from it.
 *
 *   # what does not register itself
 *   service=net!printer!9100
 *           kind=printer floor=3    # several pairs on a line
 *           where='behind the door' note="it''s old"
 *
 * An entry begins at the first column with service=NAME; indented lines go on
 * with it. An attribute that is itself called so has its name in quotes. A word
 * is quoted, in whole or in part, with ' or ", and holds the same quote when
 * that is written twice; # begins a comment where it is not quoted. All
 * mistakes of a text are told at once.
 *
 * Pure: it must not know files, the catalog, or what becomes of an entry.
 */
#ifndef MUSTER_SERVER_ATTRDB_H
#define MUSTER_SERVER_ATTRDB_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/conf_errors.h"
#include "lib/words.h"

/* What an entry may be at most; 0 is no bound. */
struct attrdb_limits {
    size_t name, value; /* bytes */
    unsigned attrs;     /* of one entry */
};

struct attrdb_entry {
    struct word name;
    size_t first;   /* its pairs in attrdb.words: name, value, … */
    unsigned count; /* pairs; one of them is persist */
    int line;       /* where it begins, from 1 */
};

struct attrdb {
    char *text;                   /* owned; what the words point into */
    struct word *words;           /* owned */
    struct attrdb_entry *entries; /* owned; in the order of the text */
    size_t *by_name;              /* owned; places in entries, sorted */
    size_t count;
};

/*
 * Reads a text; file is how its mistakes call it. False if there are any, and
 * then db is empty. An entry that says nothing of persist has `persist 1`.
 */
__attribute__((warn_unused_result)) bool
attrdb_read(struct attrdb *db, const char *text, size_t len, const char *file,
            const struct attrdb_limits *limits, struct conf_errors *errs);
void attrdb_free(struct attrdb *db); /* all zero again */

static inline const struct word *attrdb_pairs(const struct attrdb *db,
                                              const struct attrdb_entry *e)
{
    return db->words + e->first;
}

/* The entry of that name, or NULL. */
const struct attrdb_entry *attrdb_find(const struct attrdb *db,
                                       const char *name, size_t len);

#endif

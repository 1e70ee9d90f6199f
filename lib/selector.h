/*
 * Selectors: a list of terms on attributes that must all hold, with one
 * meaning in find, event, exec, tokens and the command line (doc/protocol.md,
 * Selectors).
 *
 * Beside those of clients there are the attributes that the registry sets:
 * `.owner` and `.pinned.ATTR` take operators and values as any other.
 *
 * Must not know where attributes are stored: matching asks a lookup function.
 * Regular expressions and globs come from peers, so their length is bounded,
 * and regular expressions are our own (rex.h): no pattern can make the C
 * library's matcher blow up.
 */
#ifndef MUSTER_LIB_SELECTOR_H
#define MUSTER_LIB_SELECTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/rex.h"
#include "lib/words.h"

enum selector_op {
    SEL_EQ,      /* attr value */
    SEL_PRESENT, /* attr '*' */
    SEL_NE,      /* attr! value: has a value, and another one */
    SEL_ABSENT,  /* attr! '*' */
    SEL_GLOB,    /* attr? glob */
    SEL_REGEX,   /* attr~ regex */
    SEL_ONE_OF,  /* attr= a,b,c */
    SEL_LT,      /* attr< n, and so on: both sides must be numbers */
    SEL_LE,
    SEL_GT,
    SEL_GE,
    SEL_NAME /* .name glob: on the service's name */
};

struct selector_term {
    enum selector_op op;
    char *attr; /* owned; attribute name without its operator; "" for SEL_NAME
                 */
    unsigned attr_len;
    char *value; /* owned; NUL-terminated operand as it was written */
    unsigned value_len;
    union {
        double number;   /* SEL_LT … SEL_GE */
        struct rex *rex; /* owned; SEL_REGEX */
        struct {
            struct word *items; /* SEL_ONE_OF: point into list_text */
            unsigned count;
            char *text;
        } list;
    } u;
};

struct selector {
    struct selector_term *terms; /* owned */
    unsigned count;
    unsigned size;
};

#define SELECTOR_TERMS_MAX   64   /* terms of one selector */
#define SELECTOR_PATTERN_MAX 1024 /* bytes of a glob or a regex */

/* The value of an attribute and its length, or NULL if there is none. */
typedef const char *selector_lookup_fn(const void *record, const char *attr,
                                       size_t attr_len, size_t *value_len);

void selector_free(struct selector *s);
/* What it takes of memory, and how many of its terms are regular expressions:
 * for those who bound either. */
size_t selector_size(const struct selector *s);
unsigned selector_regexes(const struct selector *s);

/* True for a word with a dot in front that begins a term (.name, .owner,
 * .pinned.ATTR, with their operators) and is no directive. */
bool selector_takes(const struct word *attr);

/*
 * Adds one term from a pair as the registry ports write it ("mem>=", "8G").
 * Returns NULL, or an error text for the peer (owned by the caller: free());
 * the selector is then unchanged.
 */
MUST_CHECK char *selector_add_pair(struct selector *s, const struct word *attr,
                                   const struct word *value);

/*
 * A term that needs no preparation (attr value, attr '*') into t, borrowing the
 * words: nothing is allocated and t is never cleared. False if the pair is
 * anything else, or wrong: then selector_add_pair() says what.
 */
bool selector_borrow_pair(struct selector_term *t, const struct word *attr,
                          const struct word *value);

/*
 * A whole selector as one text ("os linux role=web mem>=8G"); words with an
 * operator inside are terms by themselves, others take the next word as their
 * value. An empty text is an empty selector: whether that is allowed is the
 * caller's to say. Error as above; the selector is then empty.
 */
MUST_CHECK char *selector_parse_text(struct selector *s, const char *text,
                                     size_t len);

/* Adds every term of another one; error as above, s may have some of them. */
MUST_CHECK char *selector_add_all(struct selector *s,
                                  const struct selector *more);

/* True if every term holds for the service of that name and record. */
bool selector_match(const struct selector *s, const char *name,
                    selector_lookup_fn *lookup, const void *record);
bool selector_term_match(const struct selector_term *t, const char *value,
                         size_t len);
bool selector_name_match(const struct selector_term *t, const char *name);

enum selector_result { SELECTOR_NO, SELECTOR_YES, SELECTOR_MORE };

/*
 * For those who must not take long: the same within a budget of hundreds of
 * nanoseconds, which the cost is taken off. SELECTOR_MORE: a regular expression
 * is not done with that value; call it again, with a new budget.
 */
enum selector_result selector_term_part(const struct selector_term *t,
                                        const char *value, size_t len,
                                        unsigned *budget);
enum selector_result selector_name_part(const struct selector_term *t,
                                        const char *name, size_t len,
                                        unsigned *budget);

/* Writes it in pairs, in canonical order: equal texts mean equal selectors. */
void selector_write_pairs(const struct selector *s, struct buf *out);

/* "1.5G" to a number: decimal, one optional suffix K M G T (powers of 1024). */
bool selector_number(const char *text, size_t len, double *out);

#endif

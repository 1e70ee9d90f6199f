/*
 * Directives: the pairs of a request whose attribute begins with a dot
 * (doc/protocol.md). What a request takes is a constant table; arity, type and
 * range are checked here, before any handler runs.
 *
 * Must not know what a directive does.
 */
#ifndef MUSTER_LIB_DIRECTIVE_H
#define MUSTER_LIB_DIRECTIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/mem.h"
#include "lib/words.h"

enum directive_type {
    DIRECTIVE_FLAG,   /* 0 or 1, into a bool */
    DIRECTIVE_NUMBER, /* a whole number up to max, into a uint64_t */
    DIRECTIVE_TEXT    /* any word, into a struct word (borrowed) */
};

struct directive {
    const char *name; /* with its dot */
    enum directive_type type;
    unsigned long long max; /* of a DIRECTIVE_NUMBER */
    size_t offset;          /* of its place in the caller's struct */
};

/* True if the attribute's word is a directive. */
static inline bool word_is_directive(const struct word *w)
{
    return w->len && w->text[0] == '.';
}

/*
 * Reads one directive into the struct at out. Returns NULL, or an error text
 * for the peer (owned by the caller) that names it and what it takes.
 */
MUST_CHECK char *directive_read(const struct directive *table, size_t count,
                                const struct word *name,
                                const struct word *value, void *out);

#endif

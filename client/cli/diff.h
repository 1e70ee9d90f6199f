/*
 * diff: the shortest way from one list of numbers to another, by removals and
 * insertions (E. Myers, "An O(ND) Difference Algorithm", 1986).
 *
 * Pure. Whose numbers they are is the caller's: he gives equal lines equal
 * numbers.
 */
#ifndef MUSTER_CLI_DIFF_H
#define MUSTER_CLI_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum diff_kind { DIFF_REMOVED, DIFF_ADDED };

/* at: the place in the first list (removed) or in the second (added); before:
 * the place in the first list that it stands in front of. In order. */
typedef void diff_fn(void *arg, enum diff_kind kind, size_t at, size_t before);

/* False, and nothing was told: more than most changes. Memory grows with the
 * square of most. */
bool diff_lists(const uint32_t *a, size_t a_count, const uint32_t *b,
                size_t b_count, size_t most, diff_fn *fn, void *arg);

#endif

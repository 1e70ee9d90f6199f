/*
 * The values that a job's directives take. Each false, with nothing stored,
 * for what is none. Pure.
 */
#ifndef DISPATCHER_SPEC_VALUES_H
#define DISPATCHER_SPEC_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dispatcher/dispatcher.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/words.h"

/* 30, 1.5 (seconds), or with a unit as in settings. */
MUST_CHECK bool spec_parse_duration(const struct word *w, uint64_t max_ms,
                                    uint64_t *ms);
/* N or N%; min is 0 or 1. */
MUST_CHECK bool spec_parse_amount(struct word *w, long long min, long long max,
                                  struct dispatch_amount *out);
/* a,b,c into owned names; an empty one or a double is wrong. */
MUST_CHECK bool spec_parse_list(const struct word *w, char ***out, size_t *n);
/* The same, written. */
void spec_write_list(char *const *names, size_t n, struct buf *out);
/* -5, 5 */
MUST_CHECK bool spec_parse_int(const struct word *w, long long min,
                               long long max, int *n);
/* a,b=2: adds owned locks, n 1 unless it is said; one that is there already,
 * or more than SPEC_LOCKS_MAX, is wrong, and then *list is as it was. */
#define SPEC_LOCKS_MAX 16
MUST_CHECK bool spec_parse_locks(const struct word *w, unsigned max,
                                 struct dispatch_lock **list, size_t *n);
/* ATTR=N */
MUST_CHECK bool spec_parse_per(const struct word *w, unsigned max, char **attr,
                               unsigned *n);

#endif

/*
 * fold: equal outputs of different hosts become one, under a list of the
 * hosts; those that are alike but for names, addresses and numbers (similar.h)
 * are told as a family, one after the other. A host that ended with another
 * result stands apart, whatever it said.
 *
 * Bounds: FOLD_HOST bytes are kept of a host and FOLD_ALL of all of them
 * together; what comes above that is counted, and said where it is missing.
 * Both are kept in the order in which they came, standard error among the rest.
 *
 * Pure.
 */
#ifndef MUSTER_CLI_FOLD_H
#define MUSTER_CLI_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"

#define FOLD_HOST (1024 * 1024)
#define FOLD_ALL  (64 * 1024 * 1024)

struct fold;

struct fold *fold_new(void);
void fold_free(struct fold *f);

/* whole: a line, its LF is added. */
void fold_output(struct fold *f, const char *host, const char *text, size_t len,
                 bool whole);
/* bytes of that host were not kept elsewhere. */
void fold_cut(struct fold *f, const char *host, uint64_t bytes);
/* It ended; result ("" for a good end) is for people: "exit 1", "lost". */
void fold_end(struct fold *f, const char *host, const char *result);

struct fold_group {
    const char *const *hosts; /* in the order of their names */
    size_t n_hosts;
    const char *result;
    const char *text;
    size_t len;
    uint64_t missing; /* bytes that each of them wrote and that are not here */
    /* Its family, of a first one: its hosts and those of the groups that are
     * alike, which are told right after it; NULL: it is one of the latter. */
    const char *const *family; /* in the order of their names */
    size_t family_hosts;
    size_t family_groups;
    /* The first of a family of several: its text, with a * for each piece that
     * is not the same in all of them. */
    const char *alike;
    size_t alike_len;
};

/* The families, the largest first, each with its largest group first; hosts
 * that did not end are in it, too. The texts live until fold_free(). */
void fold_each(struct fold *f,
               void (*fn)(void *arg, const struct fold_group *g), void *arg);

#endif

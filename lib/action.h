/*
 * A named action of a worker: a program with fixed arguments, in which typed
 * holes are left for its callers to fill (muster.yaml(5), worker.actions):
 *
 *   restart-unit:
 *     argv: [systemctl, restart, '{unit}.service']
 *     args: {unit: 'match web-[a-z0-9]+'}
 *     user: root
 *     timeout: 1m
 *
 * A value that does not fit its hole is refused; one that does is a part of one
 * argument, whatever stands in it. No shell ever sees it, unless argv names
 * one; and then no hole may stand in its text.
 *
 * Pure: must not know jobs or processes.
 */
#ifndef MUSTER_LIB_ACTION_H
#define MUSTER_LIB_ACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/mem.h"

#define ACTION_WORDS_MAX 256  /* of argv, of env */
#define ACTION_HOLES_MAX 32   /* arguments of one action */
#define ACTION_VALUE_MAX 4096 /* bytes of what fills a hole */

enum hole_type {
    HOLE_WORD,  /* no white space, no control character, no - in front */
    HOLE_INT,   /* a whole number in min..max */
    HOLE_ENUM,  /* one of values */
    HOLE_MATCH, /* all of it matches a regular expression */
    HOLE_PATH,  /* below a folder, without . and .. */
    HOLE_TEXT   /* anything but NUL */
};

struct rex;

struct hole {
    char *name;
    char *type_text; /* as it was written: "int 1 5" */
    enum hole_type type;
    long long min, max;
    char *folder;    /* HOLE_PATH, with its last slash */
    char **values;   /* HOLE_ENUM */
    size_t n_values; /* … */
    struct rex *rex; /* HOLE_MATCH */
    char *def;       /* what fills it if nothing is said; NULL: it must be */
};

struct action {
    char *name;
    char **argv, **env; /* with holes; NULL behind the last */
    struct hole holes[ACTION_HOLES_MAX];
    size_t n_holes;
    char **secrets; /* names of those that it takes */
    size_t n_secrets;
    char *user, *cwd;             /* NULL: the worker's own; the user's home */
    char *doc;                    /* what it does, for people; or NULL */
    uint64_t timeout_ms, idle_ms; /* 0: none */
    uint64_t output;              /* bytes that it may write; 0: any number */
    bool input;                   /* it takes the argument stdin */
};

/* From what stands behind its name, a map in YAML. NULL and *why (free()): what
 * is wrong with it. */
MUST_CHECK struct action *action_parse(const char *name, const char *text,
                                       char **why);
void action_free(struct action *a); /* NULL is fine */

const struct hole *action_hole(const struct action *a, const char *name);

/* Why a value does not fill it (free()): the hole, its type, and what to do; or
 * NULL. */
MUST_CHECK char *hole_wrong(const struct hole *h, const char *value,
                            size_t len);

/* The value of a hole, or NULL. */
typedef const char *action_value_fn(const void *arg, const char *hole);
/* A text of argv or env with its holes filled, owned by the caller. */
char *action_fill(const char *text, action_value_fn *value, const void *arg);

#endif

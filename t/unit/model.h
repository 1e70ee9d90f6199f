/*
 * The naive model that the catalog is compared with: services in an array, in
 * the order of registration, everything found by looking at all of it, and a
 * log of every change. It shares no code with server/state or lib/selector.c.
 */
#ifndef MUSTER_TEST_MODEL_H
#define MUSTER_TEST_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"
#include "t/unit/state_util.h"

#define ROW_ATTRS      16
#define MODEL_SERVICES 32
#define MODEL_OWNERS   6
#define MODEL_ATTRS    9 /* limits as the catalog gets them */
#define MODEL_ALL      24
#define MODEL_OWNED    8
#define MODEL_TERMS    4

/* A small generator: the same numbers everywhere. */
struct rng {
    uint64_t state;
};

unsigned rng_below(struct rng *r, unsigned n);
const char *rng_pick(struct rng *r, const char *const *list, unsigned n);

struct row_attr {
    char name[12], value[12];
};

/* A service as a line; name empty: none. */
struct row {
    char name[12];
    unsigned count;
    struct row_attr attrs[ROW_ATTRS];
};

struct model_service {
    struct row row;
    int owner; /* -1: none */
    unsigned owned_at;
    uint32_t ttl;
    uint64_t expires; /* as noted; what was heard since counts as well */
    char volatiles[24];
};

struct model_change {
    char sign; /* + = - */
    struct row before, after;
};

struct model {
    struct model_service list[MODEL_SERVICES];
    unsigned count;
    uint64_t now, heard[MODEL_OWNERS];
    unsigned lost[MODEL_OWNERS][3];
    unsigned owned_at;
    struct model_change *log; /* log[revision]; owned */
    uint64_t revision;
};

#define MODEL_LOG 40000

/* What the answer must be; refused: nothing has changed. */
bool model_register(struct model *m, int owner, const struct ask *a);
bool model_update(struct model *m, const char *name, const struct ask *a);
bool model_remove(struct model *m, const char *name);
void model_owner_gone(struct model *m, int owner);
void model_expire(struct model *m);
struct model_service *model_find(struct model *m, const char *name);

void row_write(const struct row *r, struct buf *out);
bool row_same(const struct row *a, const struct row *b);

/* A selector: as pairs for the catalog, as terms for the model. */
struct naive_term {
    char attr[16], op[3], value[16];
};

struct naive {
    struct naive_term terms[MODEL_TERMS];
    unsigned count;
};

void naive_random(struct naive *n, struct rng *r);
bool naive_match(const struct naive *n, const struct row *row);
struct selector naive_selector(const struct naive *n);

#endif

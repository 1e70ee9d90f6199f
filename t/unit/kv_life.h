/*
 * A long random life of keys and sessions, compared with the naive model
 * (kv_model.h) after every step.
 */
#ifndef MUSTER_TEST_KV_LIFE_H
#define MUSTER_TEST_KV_LIFE_H

#include "server/state/store.h"

/* What differs between the stores. */
struct kv_life_kind {
    struct store *(*open)(void);
    void (*some)(struct store *s); /* some of what is under way is done */
    void (*all)(struct store *s);  /* all of it */
    bool keeps, fails;
    unsigned steps;
};

/* Lives it, with asserts. */
void kv_live(const struct kv_life_kind *kind);
/* A number of the life's own, below n. */
unsigned kv_life_below(unsigned n);

#endif

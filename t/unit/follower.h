/*
 * One who reads the stream of changes now and then, and knows from it what is
 * registered; what was forgotten meanwhile makes it look at everything.
 */
#ifndef MUSTER_TEST_FOLLOWER_H
#define MUSTER_TEST_FOLLOWER_H

#include "t/unit/model.h"

struct follower {
    uint64_t at;
    struct row rows[MODEL_SERVICES]; /* name empty: free */
};

/* The service with that record as a row. */
void row_from(struct row *row, const struct service *v, const struct record *r);

/* Reads on, and compares what it knows with the model. */
void follower_reads(struct follower *f, const struct catalog *c,
                    const struct model *m);

#endif

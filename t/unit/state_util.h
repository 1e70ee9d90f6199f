/*
 * What the tests of server/state share: a catalog, owners that note what they
 * lose, requests written as lines, and answers that are remembered.
 */
#ifndef MUSTER_TEST_STATE_UTIL_H
#define MUSTER_TEST_STATE_UTIL_H

#include "lib/buf.h"
#include "server/state/catalog.h"

/* What done() said; count is how often. */
struct told {
    unsigned count;
    enum catalog_status status;
    uint64_t revision;
    char text[120];
    struct service *service;
};

void told_done(void *arg, const struct catalog_result *r);

struct holder {
    struct catalog_owner owner;
    unsigned lost[3]; /* by enum catalog_loss */
    char last[64];    /* the name last lost */
};

void holder_init(struct holder *h);

/* A request as port new would read it; the words point into text. */
struct ask {
    struct catalog_request request;
    struct word name; /* if it was to have one */
    struct word sets[128], unsets[16], volatiles;
    char text[2048];
};

/* "NAME a v …" or (named false) "a v …", with .volatile .ttl .replace .unset */
void ask_read(struct ask *a, const char *line, bool named);

struct catalog *state_new(struct store *store, size_t ring);
/* Closes its store, and frees it. */
void state_free(struct catalog *c);
/* The answer goes to t, which is cleared first; NULL: nobody is told. */
void state_register(struct catalog *c, struct holder *h, struct told *t,
                    const char *line);
/* The service must be registered. */
void state_update(struct catalog *c, struct told *t, const char *name,
                  const char *line);
void state_remove(struct catalog *c, struct told *t, const char *name);

/* Everything that is registered, a line each, in order; buf_free(). */
struct buf state_text(const struct catalog *c);
void assert_state(const struct catalog *c, const char *text);
/* The change of that revision: "+ name a v", "= …", "- …". */
void assert_change(const struct catalog *c, uint64_t revision,
                   const char *text);

#endif

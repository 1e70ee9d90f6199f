/*
 * A transaction as it is read (txn_read.c) and answered (txn.c).
 */
#ifndef PLUGINS_REGISTRY_CONSUL_TXN_H
#define PLUGINS_REGISTRY_CONSUL_TXN_H

#include "server/audit.h"
#include "server/state/kv.h"

struct call;

struct txn_error {
    unsigned op; /* its place in the body */
    char *what;  /* owned */
};

struct txn {
    struct asker asker;
    struct kv_op ops[KV_OPS_MAX]; /* what they point at is owned */
    bool bad[KV_OPS_MAX];         /* an error has been noted */
    bool hopeless;                /* one for which nothing is tried at all */
    unsigned count, writes;
    size_t values; /* bytes of all of them */
    struct txn_error errors[KV_OPS_MAX];
    unsigned error_count;
    /* the result, and how much of it is written */
    struct kv_entry **entries; /* counted */
    unsigned *entry_ops;
    size_t entry_count, shown;
};

/* It is the call's data from now on. */
struct txn *txn_new(struct call *c);
/* Reads the body. False: it has been answered. An operation that makes no sense
 * by itself is among the errors then. */
bool txn_read(struct call *c, struct txn *t);

/* Each operation has one error at most; in the order of operations. Returns its
 * text, which belongs to t. */
const char *txn_add_error(struct txn *t, unsigned op, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* As if there was none. */
void txn_forget_errors(struct txn *t);
/* In Consul's words. */
void txn_add_failure(struct txn *t, const struct kv *kv,
                     const struct kv_failure *f);
/* 409, with all errors. */
void txn_conflict(struct call *c, const struct txn *t);

#endif

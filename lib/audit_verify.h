/*
 * audit_verify: follows the chain of an audit log from file to file, oldest
 * first, and says where it breaks. A break does not end it: what comes after
 * is looked at from there on.
 *
 * A line that a crash tore is no break if the next one declares it, with its
 * hash, as a daemon does when it starts again; lines that a daemon lost are
 * none either, for it said so. Both are counted.
 *
 * Pure: it is handed lines, and hands out what it found.
 */
#ifndef MUSTER_LIB_AUDIT_VERIFY_H
#define MUSTER_LIB_AUDIT_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/audit_chain.h"

struct audit_verify {
    /* set by the caller, after audit_verify_init() */
    const char *expect; /* a hash that must be that of some line, or NULL */
    /* A break: where, and what it is (valid during the call). */
    void (*broken)(void *arg, const char *file, uint64_t line,
                   const char *text);
    void *arg;

    /* found */
    uint64_t lines;  /* of the log */
    uint64_t first;  /* seq of the first of them */
    uint64_t lost;   /* events of which a line says that they were lost */
    uint64_t torn;   /* lines that a crash tore, and that were declared */
    uint64_t breaks; /* broken() was called so often */
    uint64_t after_expected;  /* lines behind the expected one */
    bool expected;            /* it was there */
    struct audit_chain chain; /* at the end */

    /* a line that is none, until the next one has declared it or not */
    bool odd;
    char odd_hash[AUDIT_HASH_LEN + 1];
    char *odd_file; /* owned */
    uint64_t odd_line;
    bool cut; /* the file ended in it */
};

void audit_verify_init(struct audit_verify *v);
/* The next line of a file (without its LF), numbered from 1; ended says that
 * there was an LF. */
void audit_verify_line(struct audit_verify *v, const char *file, uint64_t line,
                       const char *text, size_t len, bool ended);
/* After the last one; false if anything is wrong. */
bool audit_verify_end(struct audit_verify *v);

#endif

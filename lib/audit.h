/*
 * audit: who changed what, and who was refused what: a JSON object per line,
 * each bound to the one before by its hash (audit_chain.h). Off unless
 * audit.to names a file.
 *
 *   loop:    audit_write() -> queue (audit.queue bytes) --------+
 *   thread:                   number, hash, write, fdatasync <--+
 *
 * The loop never waits for the disk. When the queue is full (the disk is, or
 * it is slow) lines are dropped and counted, and the log itself says how many
 * are missing where; or, with `audit.full: refuse`, audit_refusal() has the
 * faces refuse what would be a change, until there is room again. What is
 * refused for another reason is still dropped then: a stranger must not be able
 * to stop changes by asking for what he may not have.
 *
 * A token, a value of an attribute or an argument of a job never comes here:
 * names do.
 *
 * Like the log, one of the few modules with a state of its own; not for
 * threads other than the loop's. It must not know services or jobs.
 */
#ifndef MUSTER_LIB_AUDIT_H
#define MUSTER_LIB_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/conn.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "lib/words.h"

struct conf;

enum audit_outcome {
    AUDIT_OK,
    AUDIT_REFUSED, /* the peer's fault, or his right */
    AUDIT_FAILED   /* ours: the store could not */
};

/* What happened. Texts may hold any bytes, and may be NULL: left out. */
struct audit_event {
    const char *who;    /* the principal's name; NULL: anonymous */
    const char *from;   /* the peer's address */
    const char *face;   /* "new" */
    const char *action; /* "register"; of a refusal: what was asked for */
    const char *what;   /* a name: of a service, a job, a key, a token */
    size_t what_len;
    const char *op;           /* of a job: its operation */
    const char *on;           /* ... and what it is for: a selector, or hosts */
    const struct word *attrs; /* names of attributes that were set or unset */
    unsigned attr_count;
    enum audit_outcome outcome;
    uint64_t revision;  /* of the change; 0: none */
    const char *code;   /* the class of a refusal: "right" */
    const char *reason; /* of a refusal, or of an end that nobody asked for */
};

/*
 * Begins as conf says, on that loop; program names it in the first line. False,
 * and logged, if it should be written and cannot: the daemon does not start.
 */
MUST_CHECK bool audit_start(struct loop *l, const struct conf *conf,
                            const char *program);
/* SIGHUP: the file is opened again (it may have been renamed), whatever the
 * configuration is like; then new settings hold. */
void audit_reopen(void);
void audit_reload(const struct conf *conf);
/* Writes what is queued, if that is possible, and ends. */
void audit_stop(void);

/* False: nothing here need be called. */
bool audit_is_on(void);
void audit_write(const struct audit_event *e);

/*
 * What the request at hand asks for, until it is handled: a refusal of it (by
 * conn_error(), by anybody) is written with these. action NULL: it is over.
 * action is borrowed until then.
 */
void audit_about(const char *action, const char *what, size_t what_len);
/* Who speaks on that connection, and from where. */
void audit_from_conn(struct audit_event *e, const struct conn *c);

/* A text for the peer why no change may be asked for now, or NULL. */
const char *audit_refusal(void);
/* What is wrong with the log at the moment, for /health; NULL: nothing. */
const char *audit_trouble(void);

#endif

/*
 * A connection to port exec, for the files of its face.
 */
#ifndef PLUGINS_DISPATCH_EXEC_SESSION_H
#define PLUGINS_DISPATCH_EXEC_SESSION_H

#include <stdbool.h>

#include "dispatcher/dispatcher.h"
#include "lib/body.h"
#include "lib/conn.h"
#include "plugins/dispatch/exec_audit.h"

struct exec_later;

/* A connection, and the answer that is being given on it. */
struct exec_session {
    struct conn *conn;
    struct dispatch *dispatch;
    struct dispatch_reader *reader;    /* while a job's life is told */
    const struct selector *selector;   /* while jobs are listed */
    struct exec_later *later;          /* what it is about comes first */
    struct exec_audit_job *submitting; /* until it is known how that went */
    struct dispatch_ask *ask;          /* that a worker has yet to answer */
    const char *asked;                 /* what that is called ... */
    char *host;                        /* ... and about whom it is; owned */
    bool keep;                         /* for further requests */
    bool detach;      /* the answer ends with the line submit */
    struct body body; /* of a request that is coming */
    bool in_line;     /* inside exec_line(): no resuming is needed */
};

/* Ends the answer with one line, ok (once what was done is kept) or the error,
 * which is freed. */
void exec_answer_verdict(struct exec_session *s, char *error);

#endif

/*
 * Following something of the Consul API by blocking queries: asked, answered
 * when it has changed, asked again with the index of that answer. An index
 * that got smaller, and every answer after trouble, begin anew from 0: the
 * registry may be another one than it was.
 *
 *   asking --answer--> told if it is news --> asking
 *     |  \--trouble--> waiting (back-off) --> asking, index 0
 *     '--trouble before the first answer--> over, complained of
 *
 * Must not know what is followed.
 */
#ifndef MUSTER_CLI_CONSUL_FOLLOW_H
#define MUSTER_CLI_CONSUL_FOLLOW_H

#include "client/backoff.h"
#include "client/cli/consul.h"

struct consul_follow {
    struct consul *consul;
    char *path; /* owned; without index and wait */
    /* News: an answer of status 200 or 404. */
    void (*news)(void *arg, const struct http_answer *a);
    void *arg;
    bool hash; /* its index is no count: it may get smaller */
    uint64_t index;
    bool answered; /* once at least */
    bool down;     /* in trouble, and that was said */
    struct backoff backoff;
    struct loop_timer *timer;
    struct http_call *call;
};

/* f is zeroed but for consul, path, news, arg and hash; and answered, where the
 * registry is known to be there: then trouble does not end it. */
void consul_follow_begin(struct consul_follow *f);
/* Asks anew, and what is answered is news. */
void consul_follow_again(struct consul_follow *f);
void consul_follow_end(struct consul_follow *f);

/* Runs the loop until Ctrl-C or TERM, which is CLI_OK, or cli_stop(). */
int consul_follow_run(struct consul_follow *f);

#endif

/*
 * One request to the admin face of a registry, over HTTP, as `muster backup`
 * and others make it: dialled, with the token and TLS that the settings name,
 * asked, and waited for.
 *
 * Must not know what any route is for.
 */
#ifndef MUSTER_CLI_ADMIN_CALL_H
#define MUSTER_CLI_ADMIN_CALL_H

#include <stdbool.h>
#include <stddef.h>

#include "client/cli/cli.h"
#include "lib/buf.h"

#define ADMIN_PORT 6700

struct admin_call {
    const char *method, *path;
    const char *body; /* JSON; NULL: none */
    /* Each piece of a good answer's body as it comes; false: no more, that
     * complained. NULL: it goes into reply. */
    bool (*piece)(void *arg, const char *bytes, size_t len);
    void *arg;
    bool any; /* an answer of any status is a good one */

    int status;       /* of the answer; 0: there was none */
    struct buf reply; /* its body; buf_free() */
};

/*
 * Makes the call; the verb's option --admin names where, else it is the host of
 * the first registry, port ADMIN_PORT. CLI_OK if the answer is good (2xx, or
 * call->any) and came whole; else complains and returns the exit status.
 */
int admin_call(struct cli *cli, struct admin_call *call);

#endif

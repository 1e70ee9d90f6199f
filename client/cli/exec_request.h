/*
 * exec_request: the options and words of `muster exec`, checked and made into
 * the operation, arguments and directives of the protocol.
 *
 * It reads standard input for --stdin; it knows no dispatcher.
 */
#ifndef MUSTER_CLI_EXEC_REQUEST_H
#define MUSTER_CLI_EXEC_REQUEST_H

#include "client/cli/cli.h"
#include "lib/attrs.h"

/* Bytes of --stdin: in base64 they have to fit into a line. */
#define EXEC_STDIN_MAX (40 * 1024)

struct exec_request {
    const char *op;
    struct attrs pairs; /* arguments, then directives */
};

/* False after complaining. */
bool exec_request_make(struct exec_request *r, struct cli *cli);
void exec_request_free(struct exec_request *r);

#endif

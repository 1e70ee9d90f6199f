/*
 * exec_request: the options and words of `muster exec` and `run`, checked and
 * made into the operation, arguments and directives of the protocol.
 *
 * It reads standard input and files for --stdin and --secret; it knows no
 * dispatcher.
 */
#ifndef MUSTER_CLI_EXEC_REQUEST_H
#define MUSTER_CLI_EXEC_REQUEST_H

#include "client/cli/cli.h"
#include "lib/attrs.h"

/* Bytes of --stdin: what limits.body can be at most. */
#define EXEC_STDIN_MAX (64UL * 1024 * 1024)

struct exec_request {
    const char *op;
    struct attrs pairs; /* arguments, then directives */
    bool has_input;     /* standard input for the operation: */
    struct buf input;
};

/* op is what `muster run` was given: its further words are the arguments; NULL:
 * it is `muster exec`. False after complaining. */
bool exec_request_make(struct exec_request *r, struct cli *cli, const char *op);
/* The same of a verb that has no command: its target and directives. */
bool exec_request_begin(struct exec_request *r, struct cli *cli,
                        const char *op);
/* Submits it and follows it to its end: the exit status. Frees r. exec.c */
int exec_request_run(struct exec_request *r, struct cli *cli);
void exec_request_free(struct exec_request *r);

/* Whether its end is not waited for: a schedule has none. */
bool exec_request_detaches(const struct args *a);

/* The -s of a verb as one selector; empty: there was none. False after
 * complaining. */
bool exec_request_selectors(struct cli *cli, struct buf *on);

#endif

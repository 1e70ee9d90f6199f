/*
 * ask: a request to the dispatcher that is answered at once (jobs, job, cancel,
 * delete), its lines handed on as they come.
 *
 * It knows no request's meaning.
 */
#ifndef MUSTER_CLI_ASK_H
#define MUSTER_CLI_ASK_H

#include "client/cli/cli.h"

/* One answer line. */
typedef void ask_line_fn(void *arg, const char *const *words, size_t count);

/*
 * Sends the words and runs until the answer is whole; line (may be NULL) gets
 * what it says. Returns the exit status: CLI_OK; what is refused is complained
 * of and CLI_NO, and an unknown job CLI_NOBODY.
 */
int ask_dispatcher(struct cli *cli, const char *const *words, size_t count,
                   ask_line_fn *line, void *arg);

#endif

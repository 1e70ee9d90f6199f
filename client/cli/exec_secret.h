/*
 * exec_secret: the options --secret and --secret-env of `muster exec`. Secrets
 * come from files, standard input or the environment, never from the command
 * line, which everybody on the machine can read.
 */
#ifndef MUSTER_CLI_EXEC_SECRET_H
#define MUSTER_CLI_EXEC_SECRET_H

#include "client/cli/exec_request.h"

/* Adds each as an argument, and `.secret` with their names. False after
 * complaining. */
bool exec_secrets_add(struct exec_request *r, struct cli *cli);
/* Overwrites them in r. */
void exec_secrets_wipe(struct exec_request *r);

#endif

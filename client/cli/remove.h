/*
 * remove: taking a persistent service out of the registry. The protocol has
 * its owner do that, so it is taken over as it is, which nobody notices, and
 * then removed.
 *
 * A service that a connection holds is left alone: it goes with its owner.
 */
#ifndef MUSTER_CLI_REMOVE_H
#define MUSTER_CLI_REMOVE_H

#include "client/cli/cli.h"

/* Returns the exit status: CLI_NOBODY when there is none of that name. */
int remove_service(struct cli *cli, const char *name);

#endif

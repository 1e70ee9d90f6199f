/*
 * report: what is said on stderr when a job has ended: who failed, and why.
 *
 * It knows the hosts' ends, not how they were told.
 */
#ifndef MUSTER_CLI_REPORT_H
#define MUSTER_CLI_REPORT_H

#include <stdint.h>

#include "client/cli/cli.h"
#include "client/cli/roster.h"

#define REPORT_HOSTS 20 /* named for each reason, unless --verbose */

/* ms: how long it took. */
void report_end(struct cli *cli, const struct roster *h, uint64_t ms);

#endif

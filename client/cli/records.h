/*
 * records: answer lines of the dispatcher, a name and pairs each, as they are,
 * or as JSON with numbers where numbers are meant.
 *
 * Tables for people: jobs.c and job.c.
 */
#ifndef MUSTER_CLI_RECORDS_H
#define MUSTER_CLI_RECORDS_H

#include "client/cli/cli.h"

/* A line's words as a record in the form of a service; free its attrs. */
struct muster_service records_make(const char *const *words, size_t count);

/* Prints it: key is what its name is in JSON, "jid". */
void records_print(struct cli *cli, const char *key,
                   const struct muster_service *s);

#endif

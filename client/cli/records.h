/*
 * records: answer lines of the dispatcher, a name and pairs each, as a table
 * on a terminal, as they are in a pipe, or as JSON.
 *
 * It knows no attribute's meaning.
 */
#ifndef MUSTER_CLI_RECORDS_H
#define MUSTER_CLI_RECORDS_H

#include "client/cli/cli.h"
#include "client/cli/service_table.h"

struct records {
    struct cli *cli;
    const char *key;             /* what a line's first word is: "jid" */
    struct service_table *table; /* on a terminal, else NULL */
    size_t count;                /* of lines so far */
};

/* columns: of the table, "state,op"; "" for all attributes. */
void records_begin(struct records *r, struct cli *cli, const char *key,
                   const char *columns);
/* A line's words; an odd last one is left out. */
void records_add(struct records *r, const char *const *words, size_t count);
void records_end(struct records *r);

#endif

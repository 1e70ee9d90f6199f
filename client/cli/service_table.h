/*
 * service_table: services as aligned columns: the name and attributes, those
 * asked for or all that the first services have.
 *
 * It knows how columns are chosen; how they are written, columns.c does.
 */
#ifndef MUSTER_CLI_SERVICE_TABLE_H
#define MUSTER_CLI_SERVICE_TABLE_H

#include "client/cli/cli.h"

struct service_table;

/* title heads the column of names; attrs: "host,os", "" for all. */
struct service_table *service_table_new(struct cli *cli, const char *title,
                                        const char *attrs);
void service_table_add(struct service_table *t, const struct muster_service *s);
/* Writes what is held back and frees it. */
void service_table_end(struct service_table *t);

#endif

/*
 * The record of a job as EXEd's object of it:
 *
 *   {jid, state, error, startat, endat, operate, operate_args, return_data,
 *    targets, summary}
 *
 * Its arguments are turned back into what was asked for over HTTP: a service's
 * state into its number, objects into objects.
 */
#ifndef PLUGINS_DISPATCH_EXED_RECORD_H
#define PLUGINS_DISPATCH_EXED_RECORD_H

#include <jansson.h>
#include <stdbool.h>

#include "dispatcher/dispatcher.h"

enum { RECORD_DONE, RECORD_RUNNING, RECORD_FAILURE }; /* states of a job */

/* A new object, return_data empty; NULL: no such job. */
json_t *record_json(struct dispatch *d, const char *jid);
/* Whether it goes on, or waits for its beginning; false: no such job, too. */
bool record_is_running(struct dispatch *d, const char *jid);
/* Its state, by the pairs of its record. */
int record_state(const struct attrs *pairs);

#endif

/*
 * A job's events as JSON objects, one for each:
 *
 *   {"offset": 7, "event": "output", "ms": 1795338528123, "host": "web1",
 *    "stream": "stdout", "text": "hi", "eol": true, "at": 0}
 *
 * offset is the event's number in the job's life, ms its time since 1970: who
 * has lost the connection goes on behind the last one that he has. Text that is
 * no UTF-8 is in base64, and "base64": true stands with it.
 *
 * Pure: must not know requests or readers.
 */
#ifndef PLUGINS_DISPATCH_EXED_EVENTS_H
#define PLUGINS_DISPATCH_EXED_EVENTS_H

#include <jansson.h>
#include <stdbool.h>

#include "dispatcher/dispatcher.h"

/* "output"; what a client of Server-Sent Events listens for. */
const char *events_name(const struct dispatch_event *ev);
/* A new object. */
json_t *events_json(const struct dispatch_event *ev);
/* Whether it is about one host, and not about the job. */
bool events_of_host(const struct dispatch_event *ev);

#endif

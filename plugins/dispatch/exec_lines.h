/*
 * The lines of a job's life as port exec writes them. Pure: into a buffer.
 */
#ifndef PLUGINS_DISPATCH_EXEC_LINES_H
#define PLUGINS_DISPATCH_EXEC_LINES_H

#include "dispatcher/dispatcher.h"
#include "lib/buf.h"

/* Appends the line of an event. One of output that would be longer than
 * line_max becomes several: parts, of which the last ends as the whole did. */
void exec_lines_event(struct buf *out, const struct dispatch_event *ev,
                      size_t line_max);
/* Appends [FIRST] NAME and its pairs. */
void exec_lines_record(struct buf *out, const char *first, const char *name,
                       const struct attrs *pairs);

/* Something of the life of a task: at TIME KIND TEXT, and before it cut N. */
void exec_lines_life(struct buf *out, const struct dispatch_life *l);

/* plan ID N, then host HOST or skip HOST WHY for each. */
void exec_lines_plan(struct buf *out, const struct dispatch_plan *p);

/* matches HOST 0|1, and term TEXT 0|1 with the value and its age. */
void exec_lines_explained(struct buf *out, const char *host,
                          const struct dispatch_explained *x);
void exec_lines_term(struct buf *out, const struct dispatch_term *t);

/* For selector_match() on the pairs of a record. */
const char *exec_lines_lookup(const void *record, const char *attr,
                              size_t attr_len, size_t *value_len);

#endif

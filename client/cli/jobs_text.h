/*
 * jobs_text: the dispatcher's records of jobs and hosts, for people: states as
 * words, times of day, how long it took.
 *
 * Pure, but for the time zone; the present time is passed in.
 */
#ifndef MUSTER_CLI_JOBS_TEXT_H
#define MUSTER_CLI_JOBS_TEXT_H

#include <stdbool.h>
#include <time.h>

#include "client/muster.h"
#include "lib/buf.h"

/* "done", "running", "failed", "held"; of a host "ok", "unreachable" ... */
const char *jobs_state_text(const char *state);
const char *jobs_job_state_text(const struct muster_service *job);
const char *jobs_host_state_text(const struct muster_service *host);

/* The time of day of a number of seconds; with the date if that is another
 * day. "" of NULL. */
void jobs_add_time(struct buf *out, const char *seconds, time_t now);
/* From one to the other, or to now where there is no end. */
void jobs_add_took(struct buf *out, const char *from, const char *to,
                   time_t now);

/* What is run: shell text, words, or an operation and its arguments. */
void jobs_add_command(struct buf *out, const struct muster_service *job);
/* Where: the selector, or the hosts. */
void jobs_add_target(struct buf *out, const struct muster_service *job);

/* Whether the attribute is a number in JSON. */
bool jobs_is_number(const char *attr);

#endif

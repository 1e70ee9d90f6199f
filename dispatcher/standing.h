/*
 * Whether who submitted a job still may, when it begins later (.at, .every,
 * .after): his rights at that time count, not those of before. A token that was
 * revoked, has expired or may less now starts nothing any more.
 *
 * While such a job waits it holds its principal: so a token that a registry
 * keeps is asked about on, and its end is heard of. After a new start of the
 * dispatcher the job has a name only, which must be that of a token of the
 * dispatcher's own file, or of one that has been shown to it since.
 *
 * Must not know schedules.
 */
#ifndef DISPATCHER_STANDING_H
#define DISPATCHER_STANDING_H

#include "dispatcher/dispatcher.h"
#include "lib/mem.h"

struct auth;
struct dispatch;
struct job;

/* From its submission on; nothing for a job of nobody's. */
void standing_hold(struct dispatch *d, struct job *j);
void standing_drop(struct job *j);
/* NULL, or why it must not begin (free()). What it is narrowed to becomes what
 * its submitter may now. */
MUST_CHECK char *standing_renew(struct dispatch *d, const struct job *j,
                                struct dispatch_spec *spec);

#endif

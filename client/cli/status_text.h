/*
 * status_text: how a job stands, in one line: hosts done, running, failed,
 * lost; how many a second; since when; and whom it waits for.
 *
 * Must not know how the line gets to the terminal.
 */
#ifndef MUSTER_CLI_STATUS_TEXT_H
#define MUSTER_CLI_STATUS_TEXT_H

#include "client/cli/life.h"

/* For status_begin(); arg is the struct life. */
void status_text(void *life, struct buf *out);

#endif

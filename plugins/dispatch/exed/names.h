/*
 * EXEd's numbers for what an operation of ours has words for. Pure.
 */
#ifndef PLUGINS_DISPATCH_EXED_NAMES_H
#define PLUGINS_DISPATCH_EXED_NAMES_H

#define NAMES_SERVICE_STATES 3

/* "started", "stopped", "restarted"; n is less than NAMES_SERVICE_STATES. */
const char *names_service_word(int n);
/* The number of such a word; -1: none. */
int names_service_state(const char *word);

#endif

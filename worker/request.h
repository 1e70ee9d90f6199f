/*
 * What dispatchers may say, as a table: the word, how many words, the handler.
 * Form is checked once, before any handler; every answer but the lines of jobs
 * is written here.
 *
 * Must not know how jobs are run, nor how lines are sent.
 */
#ifndef MUSTER_WORKER_REQUEST_H
#define MUSTER_WORKER_REQUEST_H

#include "lib/body.h"
#include "lib/words.h"
#include "worker/peer.h"

#define REQUEST_WORDS_MAX 1024 /* words of one request, body and all */

/* One request, of at least one word; body NULL: none came with it. */
void request_handle(struct peer *p, struct word *words, int count,
                    struct body *body);
/* The answer to a run that had to wait; why NULL: it has begun. */
void request_answer(struct peer *p, struct job *j, const char *why);

#endif

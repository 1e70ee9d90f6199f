/*
 * life_print: how the events of a job look: lines for people, objects for
 * programs. Folded outputs: fold_print.h; the status line: status_text.h.
 *
 * On a terminal the hosts stand in a column, each in a colour of its own, and
 * no byte of theirs reaches the terminal raw; a pipe gets bytes as they are.
 */
#ifndef MUSTER_CLI_LIFE_PRINT_H
#define MUSTER_CLI_LIFE_PRINT_H

#include <time.h>

#include "client/cli/life.h"

/* It was there before, under its key. */
void print_merged(struct life *l, const char *jid);
/* It does not begin yet; next 0: nobody knows when. */
void print_retry(struct life *l, const char *host, unsigned attempt,
                 const struct muster_attr *pairs, size_t count);
void print_held(struct life *l, const char *jid, time_t next);
void print_submit(struct life *l, const char *jid, unsigned hosts);
void print_ack(struct life *l, const char *host);
void print_output(struct life *l, const char *host, enum muster_stream stream,
                  const char *text, size_t len, bool whole);
void print_result(struct life *l, const char *host, const char *json,
                  size_t len);
void print_progress(struct life *l, const char *host, unsigned percent,
                    const char *text, size_t len);
void print_cut(struct life *l, const char *host, enum muster_stream stream,
               uint64_t bytes);
void print_exit(struct life *l, const char *host,
                const struct muster_result *r);
/* The last one: s may be NULL, the job was let go. */
void print_done(struct life *l, const struct muster_summary *s, int status);
/* A text of a host's as the output takes it. */
void print_add_text(struct life *l, const char *text, size_t len);
/* Ends a line that is still open. */
void print_close_line(struct life *l);

/* "exit 1", "signal 9", "lost" …; "" for a good end. */
void print_result_text(const struct roster_host *h, char *out, size_t size);

#endif

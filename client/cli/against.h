/*
 * against: what is other in a text than in another one, line by line; lines
 * that are alike but for names, addresses and numbers (similar.h) are not
 * other.
 *
 * Pure.
 */
#ifndef MUSTER_CLI_AGAINST_H
#define MUSTER_CLI_AGAINST_H

#include <stddef.h>

struct against;

/* Both texts stay until it is freed. NULL: they have little in common, and
 * their difference would be no shorter than the text itself. */
struct against *against_new(const char *from, size_t from_len, const char *text,
                            size_t len);
/* Each change, in order; sign: '-' only the first has that line, '+' only the
 * second; '@': "3", the line of the first at which changes begin. */
void against_each(const struct against *a,
                  void (*fn)(void *arg, char sign, const char *line,
                             size_t len),
                  void *arg);
void against_free(struct against *a);

#endif

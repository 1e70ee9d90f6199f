/*
 * What stands before the first line of a connection: `.token T` is taken out
 * of it, wherever among its pairs it stands, and the connection speaks for
 * that token's principal from then on. A face never sees it.
 *
 * Pairs are counted from the end of the line, for what stands before them (a
 * name, an operation) differs from port to port.
 *
 * Must not know what the rest of a line means, nor log a token.
 */
#ifndef MUSTER_LIB_AUTH_GATE_H
#define MUSTER_LIB_AUTH_GATE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/conn.h"

/*
 * Looks for one in a line. False if there is none (or the line has no words):
 * nothing is stored then. Else the line without it in rest, and the token,
 * which the caller gives to secret_free().
 */
bool gate_take_token(const char *line, size_t len, struct buf *rest,
                     char **token);

/* The gate of auth_listen(); its arg is the struct auth. */
enum conn_gate_verdict gate_line(struct conn *c, void *arg, const char *line,
                                 size_t len, struct buf *rest);
void gate_gone(struct conn *c, void *arg);

#endif

/*
 * What is done to every connected socket of ours: its peer as text, and how
 * soon a peer that vanished is noticed.
 *
 * Must not know connections or lines.
 */
#ifndef MUSTER_LIB_SOCK_H
#define MUSTER_LIB_SOCK_H

#include <stddef.h>

#define SOCK_PEER_MAX 64 /* a peer as text, with NUL */

/* "127.0.0.1:40123", "[::1]:40123", "unix" or "unknown". */
void sock_peer(int fd, char *out, size_t size);

/* Lines go out at once; a peer that vanishes without a word is found in about
 * two minutes. Harmless on a unix socket. */
void sock_tune(int fd);

/* Rather within so many seconds. */
void sock_watch_peer(int fd, unsigned seconds);

#endif

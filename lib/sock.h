/*
 * What is done to every connected socket of ours: its peer as text, and how
 * soon a peer that vanished is noticed.
 *
 * Must not know connections or lines.
 */
#ifndef MUSTER_LIB_SOCK_H
#define MUSTER_LIB_SOCK_H

#include <stdbool.h>
#include <stddef.h>

struct sockaddr;

#define SOCK_PEER_MAX 64 /* a peer as text, with NUL */

/* "127.0.0.1:40123", "[::1]:40123", "unix" or "unknown". */
void sock_peer(int fd, char *out, size_t size);

/* Lines go out at once; a peer that vanishes without a word is found in about
 * two minutes. Harmless on a unix socket. */
void sock_tune(int fd);

/* Rather within so many seconds. */
void sock_watch_peer(int fd, unsigned seconds);
/* The same for who vanishes while nothing is under way (0: as it is), and how
 * long what was sent may stay unconfirmed or, by a peer that does not read,
 * untaken (0: as the kernel has it; else it holds for both, tcp(7)). */
void sock_keepalive(int fd, unsigned seconds, unsigned user_timeout);

/* True if the connection is over in both directions, or failed. */
bool sock_is_dead(int fd);

/* True for a peer on this machine: a unix socket, or a loopback address. */
bool sock_is_local(const struct sockaddr *sa);

#endif

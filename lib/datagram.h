/*
 * Datagrams on an address of ours: each is handed to its owner, and what that
 * answers goes back to where it came from, out of the address it came to. So
 * many are taken in a turn of the loop, and nothing waits for room to be sent:
 * an answer that the kernel does not take is lost, as datagrams are.
 *
 * With conn.c, dial.c and listen.c the only place that knows sockets. Must not
 * know what is in them.
 */
#ifndef MUSTER_LIB_DATAGRAM_H
#define MUSTER_LIB_DATAGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/loop.h"
#include "lib/mem.h"

#define DATAGRAM_MAX      4096 /* bytes of one that is read; longer are none */
#define DATAGRAM_PER_TURN 64
#define DATAGRAM_TURN_MS  2 /* after which others have their turn */

struct datagram_socket;
struct sockaddr;

/* Returns the answer, valid until the next call, or NULL: there is none. from
 * is borrowed. */
typedef const uint8_t *datagram_fn(void *arg, const uint8_t *bytes, size_t len,
                                   const struct sockaddr *from,
                                   size_t *answer_len);

struct datagram_counts {
    uint64_t received, bytes_in;
    uint64_t sent, bytes_out;
    uint64_t lost; /* answers that the kernel did not take */
};

/* Binds a socket to a (ADDR_TCP; of numeric addresses, or names that are known
 * by now). Returns NULL and errno on failure. counts stays the caller's. */
MUST_CHECK struct datagram_socket *datagram_open(struct loop *l,
                                                 const struct addr *a,
                                                 struct datagram_counts *counts,
                                                 datagram_fn *fn, void *arg);
void datagram_close(struct datagram_socket *s); /* NULL is fine */

#endif

/*
 * What the load generators share: blocking set-up, then non-blocking sockets,
 * the clock, and the processor time of the server they load. They are no
 * servers: whatever goes wrong ends the program with a message.
 *
 * Must not know what is sent.
 */
#ifndef MUSTER_BENCH_NET_H
#define MUSTER_BENCH_NET_H

#include <stdint.h>

#include "lib/buf.h"

void net_fail(const char *what) __attribute__((noreturn));
/* Seconds, monotonic. */
double net_now(void);
/* A number below that; the same sequence in every run. */
uint64_t net_random(uint64_t below);
/* A non-blocking connection to that port of 127.0.0.1. */
int net_dial(unsigned port);
/* As many descriptors as this process may have. */
void net_many_files(void);
/* Sends what the socket takes; the rest stays in out. */
void net_send(int fd, struct buf *out);
/* Bytes read, 0: none now. The peer's close is a failure. */
size_t net_receive(int fd, void *data, size_t size);
/* Nanoseconds that the process named by LOAD_PID has run on a processor, all
 * its threads; 0 without LOAD_PID. */
uint64_t net_server_ns(void);

#endif

/*
 * DNS over a connection: messages with their lengths before them, answered in
 * their order. What is asked faster than it is read waits unread.
 *
 * Must not know what is asked.
 *
 * Source: RFC 1035, 4.2.2; RFC 7766.
 */
#ifndef MUSTER_PLUGINS_REGISTRY_DNS_TCP_H
#define MUSTER_PLUGINS_REGISTRY_DNS_TCP_H

#include <stddef.h>
#include <stdint.h>

#include "lib/conn.h"

struct places;

#define DNS_TCP_QUESTION 4096  /* bytes of one; more is none of ours */
#define DNS_TCP_WHOLE_MS 10000 /* in which a message must be there, whole */

/* What answers: embedded in the face. Returns NULL where nothing is to be. */
struct dns_answerer {
    const uint8_t *(*answer)(struct dns_answerer *a, struct conn *c,
                             const uint8_t *bytes, size_t len,
                             size_t *answer_len);
    uint64_t idle_ms;      /* without a question */
    struct places *places; /* which have to be there */
};

/* For a listen_face. */
void *dns_tcp_open(struct conn *c, struct dns_answerer *a);
const struct conn_handler *dns_tcp_handler(void);

#endif

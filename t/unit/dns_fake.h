/*
 * A view of a few nodes and services for those who try the answers of DNS, and
 * questions to ask of it.
 */
#ifndef MUSTER_T_UNIT_DNS_FAKE_H
#define MUSTER_T_UNIT_DNS_FAKE_H

#include "plugins/registry/dns/answer.h"

/* db 10.0.0.1, six fd00::6, named host.example.org; service web on all of them
 * (db twice), many with `many` instances, far at other addresses. */
extern const struct dns_view dns_fake_view;

struct dns_fake {
    unsigned many;
};

/* Domain consul, datacenter dc1; no TTLs, three answers by UDP, 1232 bytes. */
struct dns_config dns_fake_config(void);

/* Writes a question for "a.b.c"; size of EDNS0, 0: none. Returns its length. */
size_t dns_fake_question(uint8_t *out, const char *name, unsigned type,
                         unsigned size);

#endif

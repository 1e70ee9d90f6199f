/*
 * Messages of DNS: a question is read out of one, and an answer is written,
 * record by record, up to a bound. libldns reads and writes the records; what
 * it is not left to it is the order in which things are looked at, so that a
 * message that is refused costs next to nothing.
 *
 *   dns_answer_begin() --> dns_answer_add_...() --> dns_answer_end()
 *
 * What does not fit is left out, whole records only. Where that is an answer
 * the message is marked as truncated, and takes no more.
 *
 * Must not know what is asked for, nor sockets.
 *
 * Source: RFC 1035, RFC 2181, RFC 2782, RFC 6891.
 */
#ifndef MUSTER_PLUGINS_REGISTRY_DNS_WIRE_H
#define MUSTER_PLUGINS_REGISTRY_DNS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugins/registry/dns/ask.h"
#include "plugins/registry/dns/dname.h"

#define DNS_MESSAGE_MAX 65535
#define DNS_UDP_MIN     512 /* bytes that everybody takes */

enum dns_code {
    DNS_OK = 0,
    DNS_FORMERR = 1,
    DNS_SERVFAIL = 2,
    DNS_NXDOMAIN = 3,
    DNS_NOTIMP = 4,
    DNS_REFUSED = 5,
    DNS_BADVERS = 16
};

enum dns_type {
    DNS_A = 1,
    DNS_NS = 2,
    DNS_CNAME = 5,
    DNS_SOA = 6,
    DNS_PTR = 12,
    DNS_TXT = 16,
    DNS_AAAA = 28,
    DNS_SRV = 33,
    DNS_OPT = 41,
    DNS_IXFR = 251,
    DNS_AXFR = 252,
    DNS_ANY = 255
};

enum dns_section { DNS_ANSWERS, DNS_AUTHORITY, DNS_ADDITIONAL, DNS_SECTIONS };

struct dns_question {
    uint16_t id;
    uint8_t opcode;
    bool recursion; /* wanted; there is none */
    bool has_name;  /* name, type and class are known */
    struct dname name;
    uint16_t type, class;
    bool edns;
    uint16_t size; /* bytes that a datagram for who asks may have */
};

/*
 * Reads what is asked. DNS_OK, or the code to refuse it with; -1: nothing is to
 * be answered (it is an answer itself, or too short to have an id).
 */
int dns_question_read(struct dns_question *q, const uint8_t *bytes, size_t len);

struct dns_writer;

struct dns_writer *dns_writer_new(void);
void dns_writer_free(struct dns_writer *w); /* NULL is fine */

/* An answer to q, of at most so many bytes (DNS_UDP_MIN at least). */
void dns_answer_begin(struct dns_writer *w, const struct dns_question *q,
                      size_t most);
void dns_answer_code(struct dns_writer *w, enum dns_code code);
/* We are the one to ask. */
void dns_answer_authoritative(struct dns_writer *w);
void dns_answer_truncate(struct dns_writer *w);
enum dns_code dns_answer_has_code(const struct dns_writer *w);
bool dns_answer_is_truncated(const struct dns_writer *w);

/* A record; false: it did not fit, or its name is none (len 0). ttl is in
 * seconds. */
bool dns_add_address(struct dns_writer *w, enum dns_section to,
                     const struct dname *owner, uint32_t ttl,
                     const struct dns_address *a);
/* DNS_CNAME, DNS_NS, DNS_PTR */
bool dns_add_name(struct dns_writer *w, enum dns_section to,
                  const struct dname *owner, enum dns_type type, uint32_t ttl,
                  const struct dname *name);
bool dns_add_srv(struct dns_writer *w, const struct dname *owner, uint32_t ttl,
                 uint16_t port, const struct dname *target);
bool dns_add_txt(struct dns_writer *w, const struct dname *owner, uint32_t ttl,
                 const char *text, size_t len);

struct dns_soa {
    struct dname server, mailbox;
    uint32_t serial, refresh, retry, expire, minimum;
};
bool dns_add_soa(struct dns_writer *w, enum dns_section to,
                 const struct dname *owner, uint32_t ttl,
                 const struct dns_soa *soa);

/* Records in a section so far. */
unsigned dns_answer_count(const struct dns_writer *w, enum dns_section in);

/* The message, valid until the next dns_answer_begin(). */
const uint8_t *dns_answer_end(struct dns_writer *w, size_t *len);

#endif

/*
 * Messages of DNS: any bytes are answered with a message that can be read, is
 * of the same id, and no longer than who asks takes; or with nothing.
 */
#include <ldns/ldns.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/state/hash.h"
#include "t/unit/dns_fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
    if (!good)
        abort();
}

static void look(const uint8_t *question, const uint8_t *answer, size_t len,
                 size_t most)
{
    ldns_pkt *p;

    must(len <= most);
    must(ldns_wire2pkt(&p, answer, len) == LDNS_STATUS_OK);
    must(ldns_pkt_qr(p) && !ldns_pkt_ra(p));
    must(!memcmp(question, answer, 2));
    must(ldns_pkt_get_rcode(p) == LDNS_RCODE_NOERROR || ldns_pkt_edns(p) ||
         !ldns_pkt_ancount(p));
    ldns_pkt_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct dns_config config;
    static struct dns_fake fake = {.many = 40};
    static struct dns_server *s;
    const uint8_t *answer;
    size_t len;

    if (!s) {
        hash_init();
        config = dns_fake_config();
        s = dns_server_new(&config, &dns_fake_view, &fake);
    }
    answer = dns_answer(s, data, size, false, &len);
    if (answer)
        look(data, answer, len, config.udp_size);
    answer = dns_answer_slip(s, data, size, &len);
    if (answer)
        look(data, answer, len, config.udp_size);
    answer = dns_answer(s, data, size, true, &len);
    if (answer)
        look(data, answer, len, DNS_MESSAGE_MAX);
    return 0;
}

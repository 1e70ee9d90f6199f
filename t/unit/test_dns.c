/* What the DNS face answers, over a view that is made up: messages in, messages
 * out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <ldns/ldns.h>

#include "lib/buf.h"
#include "lib/mem.h"
#include "server/state/hash.h"
#include "t/unit/dns_fake.h"

static struct dns_config config;
static struct dns_fake fake;
static struct dns_server *server;

/* The last answer */
static uint8_t answer[DNS_MESSAGE_MAX];
static size_t answer_len;
static struct buf text;

static int setup(void **state)
{
    (void)state;
    hash_init();
    config = dns_fake_config();
    fake.many = 0;
    server = dns_server_new(&config, &dns_fake_view, &fake);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dns_server_free(server);
    buf_free(&text);
    return 0;
}

static bool send_bytes(const uint8_t *bytes, size_t len, bool tcp)
{
    const uint8_t *a = dns_answer(server, bytes, len, tcp, &answer_len);

    if (!a)
        return false;
    memcpy(answer, a, answer_len);
    return true;
}

static void add_section(const char *name, const ldns_rr_list *rrs)
{
    size_t i;
    char *line, *at;

    for (i = 0; i < ldns_rr_list_rr_count(rrs); i++) {
        line = ldns_rr2str(ldns_rr_list_rr(rrs, i));
        for (at = line; *at; at++)
            if (*at == '\t')
                *at = ' ';
        buf_add_fmt(&text, "%s %s", name, line);
        free(line);
    }
}

/* The last answer as text: its code and flags, then a line for each record. */
static const char *told(void)
{
    ldns_pkt *p;

    buf_reset(&text, 4096);
    assert_int_equal(ldns_wire2pkt(&p, answer, answer_len), LDNS_STATUS_OK);
    assert_int_equal(ldns_pkt_id(p), 0x1234);
    assert_true(ldns_pkt_qr(p));
    assert_false(ldns_pkt_ra(p));
    buf_add_fmt(&text, "%d%s%s\n",
                ldns_pkt_get_rcode(p) | ldns_pkt_edns_extended_rcode(p) << 4,
                ldns_pkt_aa(p) ? " aa" : "", ldns_pkt_tc(p) ? " tc" : "");
    add_section("an", ldns_pkt_answer(p));
    add_section("ns", ldns_pkt_authority(p));
    add_section("ar", ldns_pkt_additional(p));
    ldns_pkt_free(p);
    return buf_str(&text);
}

static unsigned answers(void)
{
    return (unsigned)LDNS_ANCOUNT(answer);
}

static void ask(const char *name, unsigned type, unsigned size, bool tcp)
{
    uint8_t bytes[512];
    size_t len = dns_fake_question(bytes, name, type, size);

    assert_true(send_bytes(bytes, len, tcp));
}

static void says(const char *name, unsigned type, const char *what)
{
    ask(name, type, 1232, false);
    assert_string_equal(told(), what);
}

#define SOA                                                                    \
    "consul. 0 IN SOA db.node.dc1.consul. hostmaster.consul. 42 3600 600 "     \
    "86400 0\n"
#define NODATA   "0 aa\nns " SOA
#define NXDOMAIN "3 aa\nns " SOA

/* -- nodes ----------------------------------------------------------------- */

static void test_nodes(void **state)
{
    (void)state;
    says("db.node.consul", DNS_A, "0 aa\nan db.node.consul. 0 IN A 10.0.0.1\n");
    says("db.node.dc1.consul", DNS_A,
         "0 aa\nan db.node.dc1.consul. 0 IN A 10.0.0.1\n");
    says("six.node.consul", DNS_AAAA,
         "0 aa\nan six.node.consul. 0 IN AAAA fd00::6\n");
    says("a.b.node.consul", DNS_A,
         "0 aa\nan a.b.node.consul. 0 IN A 10.0.0.2\n");
    says("named.node.consul", DNS_A,
         "0 aa\nan named.node.consul. 0 IN CNAME host.example.org.\n");
    says("db.node.consul", DNS_ANY,
         "0 aa\nan db.node.consul. 0 IN A 10.0.0.1\n");
    says("db.node.consul", DNS_TXT,
         "0 aa\nan db.node.consul. 0 IN TXT \"rack=r1\"\n"
         "an db.node.consul. 0 IN TXT \"as it is\"\n"
         "an db.node.consul. 0 IN TXT \"a`=b` =c\"\n");
}

static void test_case(void **state)
{
    (void)state;
    says("dB.nOdE.DC1.CoNsUl", DNS_A,
         "0 aa\nan dB.nOdE.DC1.CoNsUl. 0 IN A 10.0.0.1\n");
}

/* It is there but has nothing of that kind, or is not there. */
static void test_nothing(void **state)
{
    static const char *const there[] = {
        "service.consul", "node.consul", "query.consul",
        "addr.consul",    "dc1.consul",  "service.dc1.consul",
        "consul",         "_tcp.consul", "_tcp.service.consul",
        "node.dc1.consul"};
    static const char *const not_there[] = {
        "x.node.consul",          "x.service.consul",
        "x.query.consul",         "x.consul",
        "db.node.dc2.consul",     "dc2.consul",
        "0a000001x.addr.consul",  "0a0000.addr.consul",
        "x.0a000001.addr.consul", "_x._tcp.service.consul",
        "red.web.service.consul"};
    size_t i;

    (void)state;
    says("db.node.consul", DNS_AAAA, NODATA);
    says("db.node.consul", DNS_SRV, NODATA);
    says("six.node.consul", DNS_TXT, NODATA);
    says("db.node.consul", 15, NODATA);
    says("web.service.consul", 15, NODATA);
    for (i = 0; i < ARRAY_LEN(there); i++)
        says(there[i], DNS_A, NODATA);
    for (i = 0; i < ARRAY_LEN(not_there); i++)
        says(not_there[i], DNS_A, NXDOMAIN);
}

static void test_outside(void **state)
{
    (void)state;
    says("example.org", DNS_A, "5\n");
    says("", DNS_NS, "5\n");
    says("xconsul", DNS_A, "5\n");
    says("consul.org", DNS_A, "5\n");
    says("consul", DNS_AXFR, "5\n");
}

/* -- services -------------------------------------------------------------- */

static void test_services(void **state)
{
    (void)state;
    /* two ports of one address are one address */
    says("web.service.consul", DNS_A,
         "0 aa\nan web.service.consul. 0 IN A 10.0.0.1\n");
    says("web.service.consul", DNS_AAAA,
         "0 aa\nan web.service.consul. 0 IN AAAA fd00::6\n");
    says("BLUE.web.service.consul", DNS_A,
         "0 aa\nan BLUE.web.service.consul. 0 IN A 10.0.0.1\n");
    says("green.eu.web.service.consul", DNS_A,
         "0 aa\nan green.eu.web.service.consul. 0 IN A 10.0.0.1\n");
    says("far.service.consul", DNS_A,
         "0 aa\nan far.service.consul. 0 IN A 192.0.2.7\n");
    says("elsewhere.service.consul", DNS_A,
         "0 aa\nan elsewhere.service.consul. 0 IN CNAME www.example.org.\n");
    ask("web.service.consul", DNS_ANY, 1232, false);
    assert_int_equal(answers(), 2);
}

static void test_srv(void **state)
{
    const char *line;

    (void)state;
    says("blue.web.service.consul", DNS_SRV,
         "0 aa\n"
         "an blue.web.service.consul. 0 IN SRV 1 1 80 db.node.dc1.consul.\n"
         "ar db.node.dc1.consul. 0 IN A 10.0.0.1\n");
    says("_web._blue.service.consul", DNS_SRV,
         "0 aa\n"
         "an _web._blue.service.consul. 0 IN SRV 1 1 80 db.node.dc1.consul.\n"
         "ar db.node.dc1.consul. 0 IN A 10.0.0.1\n");
    says("_web._blue.dc1.consul", DNS_SRV,
         "0 aa\n"
         "an _web._blue.dc1.consul. 0 IN SRV 1 1 80 db.node.dc1.consul.\n"
         "ar db.node.dc1.consul. 0 IN A 10.0.0.1\n");
    says("elsewhere.service.consul", DNS_SRV,
         "0 aa\nan elsewhere.service.consul. 0 IN SRV 1 1 443 "
         "www.example.org.\n");
    says("odd.service.consul", DNS_SRV,
         "0 aa\nan odd.service.consul. 0 IN SRV 1 1 1 "
         "0a000009.addr.dc1.consul.\n"
         "ar 0a000009.addr.dc1.consul. 0 IN A 10.0.0.9\n");
    ask("_web._TCP.service.consul", DNS_SRV, 1232, false);
    assert_int_equal(answers(), 3);
    /* two ports there, one address */
    line = told();
    assert_int_equal(LDNS_ARCOUNT(answer), 3); /* and the OPT */
    assert_non_null(strstr(line, "SRV 1 1 81 db.node.dc1.consul.\n"));
    ask("far.service.consul", DNS_SRV, 1232, false);
    line = told();
    assert_non_null(strstr(line, "443 c0000207.addr.dc1.consul.\n"));
    assert_non_null(strstr(
        line, "443 20010db8000000000000000000000007.addr.dc1.consul.\n"));
    assert_non_null(
        strstr(line, "ar c0000207.addr.dc1.consul. 0 IN A 192.0.2.7\n"));
}

/* A dot in a name stands for itself where it is no end of a label. */
static void test_dot(void **state)
{
    static const uint8_t bytes[] =
        "\x12\x34\1\0\0\1\0\0\0\0\0\0\5a.dot\7service\6consul\0\0\1\0\1";

    (void)state;
    assert_true(send_bytes(bytes, sizeof(bytes) - 1, false));
    assert_int_equal(answers(), 1);
    ask("a.dot.service.consul", DNS_A, 0, false); /* tag a of service dot */
    assert_string_equal(told(), NXDOMAIN);
}

static void test_addresses(void **state)
{
    (void)state;
    says("c0000207.addr.dc1.consul", DNS_A,
         "0 aa\nan c0000207.addr.dc1.consul. 0 IN A 192.0.2.7\n");
    says("C0000207.addr.consul", DNS_ANY,
         "0 aa\nan C0000207.addr.consul. 0 IN A 192.0.2.7\n");
    says("c0000207.addr.consul", DNS_AAAA, NODATA);
    says("20010db8000000000000000000000007.addr.consul", DNS_AAAA,
         "0 aa\nan 20010db8000000000000000000000007.addr.consul. 0 IN AAAA "
         "2001:db8::7\n");
}

static void test_reverse(void **state)
{
    (void)state;
    says("1.0.0.10.in-addr.arpa", DNS_PTR,
         "0 aa\nan 1.0.0.10.in-addr.arpa. 0 IN PTR db.node.dc1.consul.\n");
    says("9.9.9.9.in-addr.arpa", DNS_PTR, "5\n");
    says("0.10.in-addr.arpa", DNS_PTR, "5\n");
    says("256.0.0.10.in-addr.arpa", DNS_PTR, "5\n");
    says("6.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f."
         "ip6.arpa",
         DNS_PTR,
         "0 aa\nan 6.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
         "0.d.f.ip6.arpa. 0 IN PTR six.node.dc1.consul.\n");
}

static void test_apex(void **state)
{
    (void)state;
    says("consul", DNS_SOA, "0 aa\nan " SOA);
    says("consul", DNS_NS,
         "0 aa\nan consul. 0 IN NS db.node.dc1.consul.\n"
         "ar db.node.dc1.consul. 0 IN A 10.0.0.1\n");
    says("web.service.consul", DNS_SOA, NODATA);
}

static void test_queries(void **state)
{
    (void)state;
    says("best.web.query.consul", DNS_AAAA,
         "0 aa\nan best.web.query.consul. 7 IN AAAA fd00::6\n");
    says("best.web.query.dc1.consul", DNS_A,
         "0 aa\nan best.web.query.dc1.consul. 7 IN A 10.0.0.1\n");
}

static void test_ttls(void **state)
{
    (void)state;
    config.node_ttl = 5;
    config.service_ttl = 11;
    says("db.node.consul", DNS_A, "0 aa\nan db.node.consul. 5 IN A 10.0.0.1\n");
    says("blue.web.service.consul", DNS_A,
         "0 aa\nan blue.web.service.consul. 11 IN A 10.0.0.1\n");
    says("x.node.consul", DNS_A, NXDOMAIN);
}

static void test_other_domain(void **state)
{
    (void)state;
    dname_root(&config.zone.domain);
    dname_add_text(&config.zone.domain, "svc.Example.org.", 16);
    says("db.node.svc.example.ORG", DNS_A,
         "0 aa\nan db.node.svc.example.ORG. 0 IN A 10.0.0.1\n");
    says("example.org", DNS_A, "5\n");
    says("db.node.consul", DNS_A, "5\n");
    says("web._blue.consul", DNS_A, "5\n");
}

/* -- sizes ----------------------------------------------------------------- */

static void test_order(void **state)
{
    unsigned firsts[4] = {0}, i;

    (void)state;
    fake.many = 4;
    for (i = 0; i < 400; i++) {
        ask("many.service.consul", DNS_A, 1232, false);
        /* behind head, question, OPT: the last byte of the first address */
        firsts[answer[12 + 21 + 4 + 15]]++;
    }
    for (i = 0; i < 4; i++)
        assert_true(firsts[i] > 0);
}

static void test_udp(void **state)
{
    (void)state;
    fake.many = 500;
    ask("many.service.consul", DNS_A, 0, false);
    assert_int_equal(answers(), 3);
    assert_true(answer_len <= 512);
    assert_null(strstr(told(), " tc"));
    config.udp_answers = 0;
    ask("many.service.consul", DNS_A, 0, false);
    assert_int_equal(answers(), (512 - 37) / 16);
    assert_non_null(strstr(told(), "0 aa tc\n"));
    ask("many.service.consul", DNS_A, 4096, false);
    assert_int_equal(answers(), (1232 - 37 - 11) / 16);
    assert_true(answer_len <= 1232);
    assert_non_null(strstr(told(), "0 aa tc\n"));
    config.udp_size = 4096;
    ask("many.service.consul", DNS_SRV, 4096, false);
    assert_true(answer_len <= 4096 && answer_len > 4000);
    ask("many.service.consul", DNS_A, 1, false); /* 512 is the least */
    assert_true(answer_len <= 512 && answer_len > 400);
}

static void test_tcp(void **state)
{
    (void)state;
    fake.many = 500;
    ask("many.service.consul", DNS_A, 0, true);
    assert_int_equal(answers(), 500);
    assert_null(strstr(told(), " tc"));
    fake.many = 4096;
    ask("many.service.consul", DNS_A, 1232, true);
    assert_true(answers() < 4096 && answer_len > 65000);
    assert_non_null(strstr(told(), " tc"));
}

/* The answers before what goes with them: no glue is no truncation. */
static void test_glue(void **state)
{
    (void)state;
    config.udp_answers = 0;
    fake.many = 10;
    ask("many.service.consul", DNS_SRV, 0, false);
    assert_int_equal(answers(), 10);
    assert_true(LDNS_ARCOUNT(answer) < 10);
    assert_null(strstr(told(), " tc"));
}

static void test_slip(void **state)
{
    uint8_t bytes[512];
    size_t len = dns_fake_question(bytes, "web.service.consul", DNS_A, 0);
    const uint8_t *a = dns_answer_slip(server, bytes, len, &answer_len);

    (void)state;
    memcpy(answer, a, answer_len);
    assert_string_equal(told(), "0 tc\n");
    assert_int_equal(answer_len, len);
}

/* -- what is no question --------------------------------------------------- */

static void test_malformed(void **state)
{
    uint8_t bytes[512];
    size_t len = dns_fake_question(bytes, "db.node.consul", DNS_A, 1232), i;

    (void)state;
    for (i = 0; i < 12; i++)
        assert_false(send_bytes(bytes, i, false));
    for (; i < len; i++) {
        assert_true(send_bytes(bytes, i, false));
        assert_int_equal(LDNS_RCODE_WIRE(answer), DNS_FORMERR);
    }
    assert_true(send_bytes(bytes, len, false));
    assert_int_equal(LDNS_RCODE_WIRE(answer), DNS_OK);
    bytes[len] = 0;
    assert_true(send_bytes(bytes, len + 1, false)); /* a byte too many */
    assert_int_equal(LDNS_RCODE_WIRE(answer), DNS_FORMERR);
    bytes[2] |= 0x80; /* an answer */
    assert_false(send_bytes(bytes, len, false));
    bytes[2] = 0x29; /* an update */
    assert_true(send_bytes(bytes, len, false));
    assert_int_equal(LDNS_RCODE_WIRE(answer), DNS_NOTIMP);
}

static void test_edns(void **state)
{
    uint8_t bytes[512];
    size_t len = dns_fake_question(bytes, "db.node.consul", DNS_A, 1232);

    (void)state;
    bytes[len - 5] = 1; /* its version */
    assert_true(send_bytes(bytes, len, false));
    assert_string_equal(told(), "16\n");
    bytes[len - 5] = 0;
    memcpy(bytes + len, bytes + len - 11, 11); /* a second one */
    bytes[11] = 2;
    assert_true(send_bytes(bytes, len + 11, false));
    assert_string_equal(told(), "1\n");
}

/* A name that points at itself, and one beyond the end */
static void test_pointers(void **state)
{
    uint8_t bytes[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1";

    (void)state;
    assert_true(send_bytes(bytes, sizeof(bytes) - 1, false));
    assert_int_equal(LDNS_RCODE_WIRE(answer), DNS_FORMERR);
    bytes[13] = 0xff;
    assert_true(send_bytes(bytes, sizeof(bytes) - 1, false));
    assert_int_equal(LDNS_RCODE_WIRE(answer), DNS_FORMERR);
}

static void test_class(void **state)
{
    uint8_t bytes[512];
    size_t len = dns_fake_question(bytes, "db.node.consul", DNS_A, 0);

    (void)state;
    bytes[len - 1] = 3; /* CHAOS */
    assert_true(send_bytes(bytes, len, false));
    assert_string_equal(told(), "5\n");
    bytes[len - 1] = 255; /* any */
    assert_true(send_bytes(bytes, len, false));
    assert_int_equal(answers(), 1);
}

/* A NUL ends no name. */
static void test_nul(void **state)
{
    static const uint8_t bytes[] =
        "\x12\x34\1\0\0\1\0\0\0\0\0\0\4db\0x\4node\6consul\0\0\1\0\1";

    (void)state;
    assert_true(send_bytes(bytes, sizeof(bytes) - 1, false));
    assert_string_equal(told(), NXDOMAIN);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_nodes),     T(test_case),         T(test_nothing),
        T(test_outside),   T(test_services),     T(test_srv),
        T(test_dot),       T(test_addresses),    T(test_reverse),
        T(test_apex),      T(test_queries),      T(test_ttls),
        T(test_order),     T(test_other_domain), T(test_udp),
        T(test_tcp),       T(test_glue),         T(test_slip),
        T(test_malformed), T(test_edns),         T(test_pointers),
        T(test_class),     T(test_nul),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

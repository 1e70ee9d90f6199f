/* How many answers an address gets, as time goes by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <sys/socket.h>

#include "lib/mem.h"
#include "plugins/registry/dns/rate.h"
#include "server/state/hash.h"

static struct dns_rates *rates;
static uint64_t now_us;

static int setup(void **state)
{
    (void)state;
    hash_init();
    rates = xcalloc(1, sizeof(*rates));
    rates->a_second = 10;
    now_us = 5000000;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(rates);
    return 0;
}

static enum dns_rate take(const char *text)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return dns_rate_take(rates, (struct sockaddr *)&v4, now_us);
    assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
    return dns_rate_take(rates, (struct sockaddr *)&v6, now_us);
}

static void test_burst(void **state)
{
    unsigned i;

    (void)state;
    for (i = 0; i < 10; i++)
        assert_int_equal(take("192.0.2.1"), DNS_RATE_ANSWER);
    for (i = 0; i < 3; i++) {
        assert_int_equal(take("192.0.2.1"), DNS_RATE_SLIP);
        assert_int_equal(take("192.0.2.1"), DNS_RATE_DROP);
    }
    now_us += 100000;
    assert_int_equal(take("192.0.2.1"), DNS_RATE_ANSWER);
    assert_int_equal(take("192.0.2.1"), DNS_RATE_SLIP);
    now_us += 10000000; /* no more than a second's worth is saved */
    for (i = 0; i < 10; i++)
        assert_int_equal(take("192.0.2.1"), DNS_RATE_ANSWER);
    assert_int_equal(take("192.0.2.1"), DNS_RATE_SLIP);
}

static void test_networks(void **state)
{
    unsigned i;

    (void)state;
    for (i = 0; i < 10; i++)
        assert_int_equal(take(i % 2 ? "2001:db8::1" : "2001:db8::2"),
                         DNS_RATE_ANSWER);
    assert_int_equal(take("2001:db8::ffff:1"), DNS_RATE_SLIP);
}

static void test_own(void **state)
{
    unsigned i;

    (void)state;
    for (i = 0; i < 100; i++) {
        assert_int_equal(take("127.0.0.1"), DNS_RATE_ANSWER);
        assert_int_equal(take("::1"), DNS_RATE_ANSWER);
    }
}

static void test_no_bound(void **state)
{
    unsigned i;

    (void)state;
    rates->a_second = 0;
    for (i = 0; i < 100; i++)
        assert_int_equal(take("192.0.2.1"), DNS_RATE_ANSWER);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {T(test_burst), T(test_networks),
                                       T(test_own), T(test_no_bound)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

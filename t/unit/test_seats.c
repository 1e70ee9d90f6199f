/*
 * Who makes way for whom when all seats are taken.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>

#include "lib/seats.h"

static struct seat_address *v4(struct seats *all, const char *text)
{
    struct sockaddr_in sin = {.sin_family = AF_INET};

    assert_int_equal(inet_pton(AF_INET, text, &sin.sin_addr), 1);
    return seats_address(all, (struct sockaddr *)&sin);
}

static struct seat_address *v6(struct seats *all, const char *text)
{
    struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6};

    assert_int_equal(inet_pton(AF_INET6, text, &sin6.sin6_addr), 1);
    return seats_address(all, (struct sockaddr *)&sin6);
}

static void test_addresses(void **state)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    struct seat_address *local;
    struct seats all = {0};
    struct seat s[5];

    (void)state;
    seat_take(&all, &s[0], v4(&all, "10.0.0.1"));
    /* the same, on a socket for both */
    seat_take(&all, &s[1], v6(&all, "::ffff:10.0.0.1"));
    assert_int_equal(seats_of_address(v4(&all, "10.0.0.1")), 2);
    /* one host may have all of its /64 */
    seat_take(&all, &s[2], v6(&all, "2001:db8:0:1::1"));
    seat_take(&all, &s[3], v6(&all, "2001:db8:0:1:ffff::2"));
    assert_int_equal(seats_of_address(s[2].address), 2);
    local = seats_address(&all, (struct sockaddr *)&sun);
    seat_take(&all, &s[4], local);
    assert_int_equal(seats_of_address(local), 0);
    assert_int_equal(all.count, 5);
    for (int i = 0; i < 5; i++)
        seat_leave(&all, &s[i]);
    assert_null(all.addresses);
    /* one that was only looked at */
    seats_leave(&all, v4(&all, "10.0.0.9"));
    assert_null(all.addresses);
}

static void test_makes_way(void **state)
{
    struct seat_address *stranger;
    struct seats all = {0};
    struct seat flood[5], web[2], late;
    int i;

    (void)state;
    for (i = 0; i < 5; i++)
        seat_take(&all, &flood[i], v4(&all, "10.0.0.1"));
    for (i = 0; i < 2; i++)
        seat_take(&all, &web[i], v4(&all, "10.0.0.2"));
    stranger = v4(&all, "10.0.0.3");
    /* the longest silent one of the address with the most of them */
    assert_ptr_equal(seats_makes_way(&all, stranger, 0), &flood[0]);
    seat_spoke(&flood[0]);
    assert_ptr_equal(seats_makes_way(&all, stranger, 0), &flood[1]);
    seat_spoke(&flood[0]); /* once more changes nothing */
    /* nobody for one of the flood itself */
    assert_null(seats_makes_way(&all, flood[0].address, 0));
    /* and for one whose address has as many by then */
    for (i = 1; i < 3; i++)
        seat_spoke(&flood[i]);
    assert_null(seats_makes_way(&all, web[0].address, 200));
    /* who has looked in vain waits before the next look */
    seat_take(&all, &late, v4(&all, "10.0.0.1"));
    seat_leave(&all, &flood[3]);
    assert_ptr_equal(seats_makes_way(&all, stranger, 1000), &flood[4]);
    seat_leave(&all, &flood[4]);
    /* now another address has the most */
    assert_ptr_equal(seats_makes_way(&all, stranger, 1000), &web[0]);
    seat_leave(&all, &late);
    seat_take(&all, &late, stranger);
    for (i = 0; i < 3; i++)
        seat_leave(&all, &flood[i]);
    for (i = 0; i < 2; i++)
        seat_leave(&all, &web[i]);
    seat_leave(&all, &late);
    assert_null(all.addresses);
    assert_int_equal(all.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_makes_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

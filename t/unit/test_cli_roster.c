/* client/cli/roster.c: the hosts of a job, and the worst of their ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/cli/cli.h"
#include "client/cli/roster.h"

static int status_of(int state, const char *reason)
{
    struct muster_result r = {.rc = 1, .state = state, .reason = reason};

    return roster_status_of(&r);
}

static void statuses(void **state)
{
    (void)state;
    assert_int_equal(status_of(0, "exited"), CLI_OK);
    assert_int_equal(status_of(1, "exited"), CLI_OK);
    assert_int_equal(status_of(4, "exited"), CLI_OK);
    assert_int_equal(status_of(2, "exited"), CLI_NO);
    assert_int_equal(status_of(2, "signal 9"), CLI_NO);
    assert_int_equal(status_of(2, "refused"), CLI_NO);
    assert_int_equal(status_of(2, "unheard of"), CLI_NO);
    assert_int_equal(status_of(3, "unheard of"), CLI_LOST);
    assert_int_equal(status_of(3, "lost"), CLI_LOST);
    assert_int_equal(status_of(3, "unreachable"), CLI_LOST);
    assert_int_equal(status_of(2, "cancelled"), CLI_CANCELLED);
    assert_int_equal(status_of(2, "timeout"), CLI_TIMEOUT);
    assert_int_equal(status_of(2, "idle"), CLI_TIMEOUT);
    assert_int_equal(status_of(9, NULL), CLI_NO);
    assert_int_equal(status_of(1, "notstarted"), CLI_STOPPED);
    assert_int_equal(status_of(2, "notstarted"), CLI_NO);
}

/* No free slot in time: the dispatcher says why. */
static void no_slot(void **state)
{
    struct muster_attr why = {"why", "no free slot in time"};
    struct muster_result r = {
        .state = 1, .reason = "notstarted", .attrs = &why, .attr_count = 1};

    (void)state;
    assert_int_equal(roster_status_of(&r), CLI_LOST);
}

/* Whoever looks after the host left it out: no failure, and counted apart. */
static void drained(void **state)
{
    struct muster_attr why = {"why", "drained: new disk"};
    struct muster_result r = {.rc = -1,
                              .state = 1,
                              .reason = "notstarted",
                              .attrs = &why,
                              .attr_count = 1};
    struct roster h = {.total = 1};

    (void)state;
    roster_exit(&h, "a", &r);
    assert_int_equal(h.drained, 1);
    assert_int_equal(h.ok, 0);
    assert_int_equal(h.left, 0);
    assert_int_equal(h.worst, CLI_OK);
    roster_free(&h);
}

static void end(struct roster *r, const char *host, int state,
                const char *reason)
{
    struct muster_result result = {
        .rc = state == 0 ? 0 : -1, .state = state, .reason = reason};

    roster_exit(r, host, &result);
}

static void counts(void **state)
{
    struct roster r = {.total = 6};

    (void)state;
    roster_ack(&r, "a");
    roster_ack(&r, "a");
    roster_ack(&r, "bb");
    assert_int_equal(r.acked, 2);
    assert_int_equal(r.widest, 2);
    end(&r, "a", 0, "exited");
    end(&r, "a", 2, "exited");
    assert_int_equal(r.ok, 1);
    assert_int_equal(r.worst, CLI_OK);
    end(&r, "bb", 2, "timeout");
    end(&r, "c", 3, "lost");
    end(&r, "d", 2, "cancelled");
    assert_int_equal(r.ended, 4);
    assert_int_equal(r.failed, 1);
    assert_int_equal(r.lost, 1);
    assert_int_equal(r.left, 1);
    assert_int_equal(r.worst, CLI_TIMEOUT);
    assert_int_equal(roster_get(&r, "c")->index, 2);
    roster_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statuses),
        cmocka_unit_test(no_slot),
        cmocka_unit_test(drained),
        cmocka_unit_test(counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

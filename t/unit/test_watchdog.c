/* lib/watchdog.c, notify.c: systemd hears of a loop that turns, of no other */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/notify.h"
#include "lib/watchdog.h"

#define EVERY_MS 40 /* half of what systemd would wait */

static int fd; /* systemd's */

static void listen_as_systemd(const char *name, const char *usec)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    size_t len = strlen(name);

    memcpy(sun.sun_path, name, len);
    sun.sun_path[0] = '\0';
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(
        bind(fd, (struct sockaddr *)&sun,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
        0);
    setenv("NOTIFY_SOCKET", name, 1);
    setenv("WATCHDOG_USEC", usec, 1);
    notify_begin();
}

/* How many pings have come. */
static int pings(void)
{
    char text[100];
    ssize_t len;
    int n;

    for (n = 0; (len = recv(fd, text, sizeof(text), 0)) > 0; n++) {
        assert_int_equal(len, strlen("WATCHDOG=1"));
        assert_memory_equal(text, "WATCHDOG=1", (size_t)len);
    }
    return n;
}

static void stop(void *arg)
{
    loop_stop(arg);
}

static void run_for(struct loop *l, uint64_t ms)
{
    struct loop_timer *t = loop_timer_new(l, stop, l);

    loop_timer_set(t, ms);
    loop_run(l);
    loop_timer_free(t);
}

static void test_pings(void **state)
{
    char name[40];
    struct loop *l = loop_new(NULL);
    struct watchdog *w;
    uint64_t began;
    int n;

    (void)state;
    /* the name is everybody's on this machine */
    snprintf(name, sizeof(name), "@muster-test-watchdog-%d", (int)getpid());
    listen_as_systemd(name, "80000");
    assert_null(getenv("NOTIFY_SOCKET"));
    assert_null(getenv("WATCHDOG_USEC"));
    assert_int_equal(notify_watchdog_ms(), 2 * EVERY_MS);
    began = loop_clock();
    w = watchdog_new(l);
    assert_int_equal(pings(), 1);
    do
        run_for(l, EVERY_MS);
    while (loop_clock() - began < 10 * EVERY_MS);
    /* never more often, and on a machine that is not too busy as often */
    n = pings();
    assert_true(n >= 1);
    assert_true((uint64_t)n <= (loop_clock() - began) / EVERY_MS);

    /* the loop hangs: nobody pings for it */
    usleep(5 * EVERY_MS * 1000);
    assert_int_equal(pings(), 0);
    /* it goes on: so do they */
    run_for(l, 2 * EVERY_MS);
    assert_true(pings() >= 1);

    watchdog_free(w);
    run_for(l, 3 * EVERY_MS);
    assert_int_equal(pings(), 0);
    loop_free(l);
    close(fd);
}

static void test_nobody_watches(void **state)
{
    struct loop *l = loop_new(NULL);

    (void)state;
    notify_begin(); /* nothing is in the environment any more */
    assert_int_equal(notify_watchdog_ms(), 0);
    assert_null(watchdog_new(l));
    notify_tell("READY=1");
    setenv("WATCHDOG_USEC", "80000", 1);
    notify_begin();
    assert_int_equal(notify_watchdog_ms(), 0); /* there is nobody to tell */
    loop_free(l);
}

/* Meant for the process that started us, which hands all of it on. */
static void test_not_for_us(void **state)
{
    static const char *const bad[] = {"", "x", "-5", "12x",
                                      "99999999999999999999999"};
    size_t i;

    (void)state;
    setenv("WATCHDOG_PID", "1", 1);
    listen_as_systemd("@muster-test-watchdog-2", "80000");
    assert_int_equal(notify_watchdog_ms(), 0);
    close(fd);
    for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        listen_as_systemd("@muster-test-watchdog-3", bad[i]);
        assert_int_equal(notify_watchdog_ms(), 0);
        close(fd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pings),
        cmocka_unit_test(test_nobody_watches),
        cmocka_unit_test(test_not_for_us),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

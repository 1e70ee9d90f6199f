/*
 * Dialling: connected, refused, no answer, names, and given up at every stage.
 * The answer never comes from inside the call.
 */
#include <arpa/inet.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/dial.h"
#include "lib/mem.h"
#include "t/unit/fake_time.h"

static struct loop *loop;
static int listening; /* on a port of 127.0.0.1 */
static uint16_t port;

/* What a dial came to. */
struct answer {
    unsigned count;
    int fd;
    char error[400];
    struct dial **cancel; /* in the callback, this one too */
};

static void answered(void *arg, int fd, struct tls_session *tls,
                     const char *error)
{
    struct answer *a = arg;

    a->count++;
    a->fd = fd;
    assert_int_equal(fd < 0, error != NULL);
    assert_null(tls);
    snprintf(a->error, sizeof(a->error), "%s", error ? error : "");
    if (a->cancel)
        dial_cancel(*a->cancel);
}

static int listen_any(int backlog, uint16_t *at)
{
    struct sockaddr_in sin = {.sin_family = AF_INET};
    socklen_t len = sizeof(sin);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    inet_pton(AF_INET, "127.0.0.1", &sin.sin_addr);
    assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
    assert_int_equal(listen(fd, backlog), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
    *at = ntohs(sin.sin_port);
    return fd;
}

static int setup(void **state)
{
    (void)state;
    loop = loop_new(NULL);
    listening = listen_any(10, &port);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    loop_free(loop);
    close(listening);
    assert_int_equal(timers_set(), 0);
    return 0;
}

static struct dial *start(struct answer *a, const char *host, uint16_t at)
{
    struct addr addr = {.kind = ADDR_TCP, .port = at};

    *a = (struct answer){.fd = -2};
    snprintf(addr.host, sizeof(addr.host), "%s", host);
    return dial_start(loop, &addr, NULL, 1000, answered, a);
}

static void assert_connected(struct answer *a)
{
    char byte = 'x';
    int fd;

    assert_int_equal(a->count, 1);
    assert_string_equal(a->error, "");
    fd = accept(listening, NULL, NULL);
    assert_true(fd >= 0);
    assert_int_equal(write(a->fd, &byte, 1), 1);
    assert_int_equal(read(fd, &byte, 1), 1);
    close(fd);
    close(a->fd);
    assert_int_equal(timers_set(), 0);
}

static void assert_failed(const struct answer *a, const char *error)
{
    assert_int_equal(a->count, 1);
    assert_int_equal(a->fd, -1);
    assert_string_equal(a->error, error);
    assert_int_equal(timers_set(), 0);
}

/* A port where nobody listens: it was ours just now. */
static uint16_t closed_port(void)
{
    uint16_t at;

    close(listen_any(1, &at));
    return at;
}

static void test_connected(void **state)
{
    struct answer a;

    (void)state;
    start(&a, "127.0.0.1", port);
    assert_int_equal(a.count, 0);
    turns(loop);
    assert_connected(&a);
}

static void test_refused(void **state)
{
    struct answer a;
    char want[100];
    uint16_t at = closed_port();

    (void)state;
    start(&a, "127.0.0.1", at);
    assert_int_equal(a.count, 0);
    turns(loop);
    snprintf(want, sizeof(want),
             "cannot connect to 127.0.0.1:%u: Connection refused", at);
    assert_failed(&a, want);
}

static void test_off(void **state)
{
    struct addr off = {.kind = ADDR_OFF};
    struct answer a = {.fd = -2};

    (void)state;
    dial_start(loop, &off, NULL, 1000, answered, &a);
    assert_int_equal(a.count, 0);
    turns(loop);
    assert_failed(&a, "cannot connect to off: it is switched off");
}

static void test_unix(void **state)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    struct addr addr = {.kind = ADDR_UNIX};
    char dir[] = "/tmp/muster-dial-XXXXXX", want[400];
    struct answer a = {.fd = -2};
    int tcp = listening;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(addr.host, sizeof(addr.host), "%s/s", dir);
    dial_start(loop, &addr, NULL, 1000, answered, &a);
    assert_int_equal(a.count, 0);
    turns(loop);
    snprintf(want, sizeof(want),
             "cannot connect to unix!%s: No such file or directory", addr.host);
    assert_failed(&a, want);

    memcpy(sun.sun_path, addr.host, strlen(addr.host) + 1);
    listening = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(listening, (struct sockaddr *)&sun, sizeof(sun)), 0);
    assert_int_equal(listen(listening, 1), 0);
    a = (struct answer){.fd = -2};
    dial_start(loop, &addr, NULL, 1000, answered, &a);
    turns(loop);
    assert_connected(&a);
    close(listening);
    listening = tcp;
    unlink(addr.host);
    rmdir(dir);
}

/* A peer whose queue is full does not answer at all. */
static int deaf(uint16_t *at)
{
    int fd = listen_any(0, at);

    return fd;
}

static int fill_queue(uint16_t at)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(at)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    inet_pton(AF_INET, "127.0.0.1", &sin.sin_addr);
    if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)) < 0)
        turns(loop);
    return fd;
}

static void test_no_answer(void **state)
{
    uint16_t at;
    int fd = deaf(&at), fds[4], i;
    struct answer a, b;
    struct dial *d;
    char want[100];

    (void)state;
    for (i = 0; i < 4; i++)
        fds[i] = fill_queue(at);
    start(&a, "127.0.0.1", at);
    d = start(&b, "127.0.0.1", at);
    time_passes(loop, 999);
    assert_int_equal(a.count + b.count, 0);
    dial_cancel(d);
    time_passes(loop, 1);
    snprintf(want, sizeof(want),
             "cannot connect to 127.0.0.1:%u: no answer in time", at);
    assert_failed(&a, want);
    assert_int_equal(b.count, 0);
    for (i = 0; i < 4; i++)
        close(fds[i]);
    close(fd);
}

static void test_cancel_at_once(void **state)
{
    struct addr off = {.kind = ADDR_OFF};
    struct answer a, b, c = {.count = 0};

    (void)state;
    dial_cancel(start(&a, "127.0.0.1", port));
    dial_cancel(start(&b, "127.0.0.1", closed_port()));
    dial_cancel(dial_start(loop, &off, NULL, 1000, answered, &c));
    turns(loop);
    time_passes(loop, 10000);
    assert_int_equal(a.count + b.count + c.count, 0);
}

/* The other one has its answer already, and is waiting to tell it. */
static void test_cancel_before_the_answer(void **state)
{
    struct dial *d[2];
    struct answer a[2];

    (void)state;
    d[0] = start(&a[0], "127.0.0.1", port);
    d[1] = start(&a[1], "127.0.0.1", port);
    a[0].cancel = &d[1];
    a[1].cancel = &d[0];
    turns(loop);
    assert_int_equal(a[0].count + a[1].count, 1);
    assert_connected(&a[a[0].count ? 0 : 1]);
}

/* -- names ----------------------------------------------------------------- */

/* It may be ::1 first, where nobody listens. */
static void test_localhost(void **state)
{
    struct answer a;
    char want[100];
    uint16_t at = closed_port();

    (void)state;
    start(&a, "localhost", port);
    assert_int_equal(a.count, 0);
    turns(loop);
    assert_connected(&a);
    start(&a, "localhost", at);
    turns(loop);
    snprintf(want, sizeof(want),
             "cannot connect to localhost:%u: Connection refused", at);
    assert_failed(&a, want);
}

/* A name of /etc/hosts that is not localhost, and leads to this machine. */
static bool name_from_hosts(char *name, size_t size)
{
    char line[500], *word, *rest;
    FILE *file = fopen("/etc/hosts", "r");
    bool local, found = false;

    while (file && !found && fgets(line, sizeof(line), file)) {
        rest = line;
        word = strsep(&rest, " \t\n");
        local = !strncmp(word, "127.", 4);
        while (local && !found && (word = strsep(&rest, " \t\n"))) {
            found = *word && *word != '#' && strcmp(word, "localhost") != 0;
            if (found)
                snprintf(name, size, "%s", word);
        }
    }
    if (file)
        fclose(file);
    return found;
}

static void test_name_from_hosts(void **state)
{
    struct answer a;
    char name[200];

    (void)state;
    if (!name_from_hosts(name, sizeof(name)))
        skip();
    start(&a, name, closed_port());
    assert_int_equal(a.count, 0);
    turns(loop);
    assert_int_equal(a.count, 1);
    assert_non_null(strstr(a.error, "Connection refused"));
}

/* Whoever is asked (nobody may be there): it is over in time, and once. */
static void test_unknown_name(void **state)
{
    struct answer a;

    (void)state;
    start(&a, "no-such-host.invalid", 80);
    assert_int_equal(a.count, 0);
    time_passes(loop, 1000);
    assert_int_equal(a.count, 1);
    assert_int_equal(a.fd, -1);
    assert_ptr_equal(
        strstr(a.error, "cannot connect to no-such-host.invalid:80: "),
        a.error);
    time_passes(loop, 100000);
    assert_int_equal(a.count, 1);
}

static void test_cancel_while_resolving(void **state)
{
    struct answer a, b;
    struct dial *d;

    (void)state;
    dial_cancel(start(&a, "no-such-host.invalid", 80));
    turns(loop);
    d = start(&b, "neither-this.invalid", 80);
    event_base_loop(loop_base(loop), EVLOOP_NONBLOCK);
    if (!b.count)
        dial_cancel(d);
    time_passes(loop, 100000);
    assert_int_equal(a.count, 0);
}

/* The program ends while a name is looked up. */
static void test_loop_ends_while_resolving(void **state)
{
    struct answer a;

    (void)state;
    dial_cancel(start(&a, "no-such-host.invalid", 80));
    assert_int_equal(a.count, 0);
}

int main(int argc, char **argv)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_connected),
        TEST(test_refused),
        TEST(test_off),
        TEST(test_unix),
        TEST(test_no_answer),
        TEST(test_cancel_at_once),
        TEST(test_cancel_before_the_answer),
        TEST(test_localhost),
        TEST(test_name_from_hosts),
        TEST(test_unknown_name),
        TEST(test_cancel_while_resolving),
        TEST(test_loop_ends_while_resolving),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

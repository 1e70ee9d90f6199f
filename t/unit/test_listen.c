/*
 * The listener host: addresses, bounds and what is said to those refused, unix
 * sockets and their files, and descriptors that run out.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/listen.h"
#include "lib/log.h"
#include "t/unit/fake_time.h"

static struct loop *loop;
static struct listen_host *host;
static unsigned opened, closed;
static char reason[100], dir[] = "/tmp/muster-listen-XXXXXX", path[64];

static void *face_open(struct conn *c, void *ctx)
{
    assert_ptr_equal(ctx, &opened);
    opened++;
    return c;
}

static enum conn_verdict face_line(struct conn *c, void *arg, char *line,
                                   size_t len)
{
    assert_ptr_equal(arg, c);
    buf_add_fmt(conn_out(c), "%.*s\n", (int)len, line);
    conn_flush(c);
    return CONN_NEXT;
}

static void face_closed(struct conn *c, void *arg, const char *why)
{
    (void)c;
    (void)arg;
    closed++;
    snprintf(reason, sizeof(reason), "%s", why);
}

static const struct listen_face face = {
    .name = "echo",
    .handler = {.line = face_line, .closed = face_closed},
    .open = face_open,
};

static int setup(void **state)
{
    static const struct listen_limits limits = {
        .conn = {.line = 100}, .connections = 3, .connections_per_address = 2};

    (void)state;
    log_set(MLOG_ERROR, LOG_TEXT);
    opened = closed = 0;
    loop = loop_new(NULL);
    host = listen_host_new(loop, &limits);
    memset(dir + sizeof(dir) - 7, 'X', 6);
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/s", dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    listen_host_free(host);
    loop_free(loop);
    assert_int_equal(timers_set(), 0);
    unlink(path);
    assert_int_equal(rmdir(dir), 0);
    return 0;
}

/* -- both ends ------------------------------------------------------------- */

static char *try_listen(const char *text)
{
    struct addr a;

    assert_null(addr_parse(&a, text, 0));
    return listen_add(host, &face, &a, &opened);
}

static void listens(const char *text)
{
    char *error = try_listen(text);

    if (error)
        fail_msg("%s", error);
}

static int dial_from(const char *from)
{
    struct sockaddr_in sin = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(inet_pton(AF_INET, from, &sin.sin_addr), 1);
    assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
    sin.sin_port = htons(listen_face_addr(host, "echo")->port);
    inet_pton(AF_INET, "127.0.0.1", &sin.sin_addr);
    assert_int_equal(connect(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
    return fd;
}

static int dial_path(void)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    memcpy(sun.sun_path, path, strlen(path) + 1);
    if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
        return fd;
    close(fd);
    return -1;
}

/* What has come, up to now; EOF ends it with a '$'. */
static const char *heard(int fd)
{
    static char text[200];
    size_t len = 0;
    ssize_t n;

    turns(loop);
    while ((n = recv(fd, text + len, sizeof(text) - 2 - len, MSG_DONTWAIT)) > 0)
        len += (size_t)n;
    snprintf(text + len, 2, "%s", n == 0 ? "$" : "");
    return text;
}

static bool serves(int fd)
{
    assert_int_equal(send(fd, "hi\n", 3, MSG_NOSIGNAL), 3);
    return !strcmp(heard(fd), "hi\n");
}

/* -- tests ----------------------------------------------------------------- */

static void test_serve(void **state)
{
    struct buf words = BUF_INIT;
    char want[60];
    int a, b;

    (void)state;
    listens("off");
    assert_null(listen_face_addr(host, "echo"));
    listens("127.0.0.1:0");
    assert_true(listen_face_addr(host, "echo")->port > 0);
    assert_null(listen_face_addr(host, "new"));
    listen_ready_words(host, &words);
    snprintf(want, sizeof(want), "echo 127.0.0.1:%u",
             listen_face_addr(host, "echo")->port);
    assert_string_equal(buf_str(&words), want);
    buf_free(&words);
    a = dial_from("127.0.0.1");
    b = dial_from("127.0.0.1");
    assert_true(serves(a) && serves(b));
    assert_int_equal(opened, 2);
    assert_int_equal(listen_host_count(host), 2);
    close(a);
    turns(loop);
    assert_int_equal(listen_host_count(host), 1);
    assert_int_equal(closed, 1);
    assert_string_equal(reason, "the peer closed the connection");
    listen_host_close_all(host, "going down");
    assert_string_equal(heard(b), "$");
    assert_string_equal(reason, "going down");
    close(b);
    turns(loop);
    assert_int_equal(listen_host_count(host), 0);
}

static void test_stop(void **state)
{
    struct sockaddr_in sin = {.sin_family = AF_INET};
    int a, b = socket(AF_INET, SOCK_STREAM, 0);

    (void)state;
    listens("127.0.0.1:0");
    a = dial_from("127.0.0.1");
    turns(loop);
    sin.sin_port = htons(listen_face_addr(host, "echo")->port);
    inet_pton(AF_INET, "127.0.0.1", &sin.sin_addr);
    listen_host_stop(host);
    assert_true(serves(a)); /* connections stay */
    assert_true(connect(b, (struct sockaddr *)&sin, sizeof(sin)) < 0);
    assert_int_equal(errno, ECONNREFUSED);
    close(a);
    close(b);
}

static void test_in_use(void **state)
{
    char text[40], want[200], *error;

    (void)state;
    listens("127.0.0.1:0");
    snprintf(text, sizeof(text), "127.0.0.1:%u",
             listen_face_addr(host, "echo")->port);
    error = try_listen(text);
    snprintf(want, sizeof(want),
             "echo: cannot listen on %s: Address already in use (another "
             "program listens there; choose another address or stop it)",
             text);
    assert_string_equal(error, want);
    free(error);
    error = try_listen("192.0.2.1:0");
    assert_string_equal(error, "echo: cannot listen on 192.0.2.1:0: Cannot "
                               "assign requested address (this machine has "
                               "no such address)");
    free(error);
}

static void test_every_address(void **state)
{
    int a;

    (void)state;
    listens("*:0");
    a = dial_from("127.0.0.1");
    assert_true(serves(a));
    close(a);
}

static void test_too_many(void **state)
{
    int a, b, c, d;

    (void)state;
    listens("127.0.0.1:0");
    a = dial_from("127.0.0.1");
    b = dial_from("127.0.0.1");
    c = dial_from("127.0.0.1");
    assert_string_equal(heard(c), "error: 'too many connections from one "
                                  "address: at most 2'\n$");
    close(c);
    c = dial_from("127.0.0.2");
    assert_true(serves(a) && serves(b) && serves(c));
    d = dial_from("127.0.0.3");
    assert_string_equal(heard(d),
                        "error: 'too many connections: at most 3'\n$");
    close(d);
    assert_int_equal(listen_host_count(host), 3);
    assert_int_equal(opened, 3);
    close(a);
    turns(loop);
    d = dial_from("127.0.0.1");
    assert_true(serves(d));
    close(b);
    close(c);
    close(d);
    turns(loop);
    a = dial_from("127.0.0.1");
    b = dial_from("127.0.0.1");
    assert_true(serves(a) && serves(b));
    close(a);
    close(b);
}

static void test_other_limits(void **state)
{
    static const struct listen_limits one = {.conn = {.line = 100},
                                             .connections = 1};
    static const struct listen_limits none = {.conn = {.line = 100}};
    int a, b;

    (void)state;
    listens("127.0.0.1:0");
    a = dial_from("127.0.0.1");
    turns(loop);
    listen_host_limits(host, &one);
    b = dial_from("127.0.0.1");
    assert_string_equal(heard(b),
                        "error: 'too many connections: at most 1'\n$");
    close(b);
    listen_host_limits(host, &none);
    b = dial_from("127.0.0.1");
    assert_true(serves(a) && serves(b));
    close(a);
    close(b);
}

/* -- unix sockets ---------------------------------------------------------- */

static void test_unix(void **state)
{
    char text[80];
    struct stat st;
    int fds[3], i;

    (void)state;
    snprintf(text, sizeof(text), "unix!%s", path);
    listens(text);
    assert_int_equal(stat(path, &st), 0);
    assert_true(S_ISSOCK(st.st_mode));
    assert_int_equal(st.st_mode & 0777, 0600);
    for (i = 0; i < 3; i++) { /* there is no address that they share */
        fds[i] = dial_path();
        assert_true(serves(fds[i]));
    }
    listen_host_stop(host);
    assert_int_equal(stat(path, &st), -1);
    for (i = 0; i < 3; i++)
        close(fds[i]);
}

/* The file of a dead process is taken over, that of a living one is not, and
 * what is no socket is left alone. */
static void test_unix_file_is_there(void **state)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    char text[80], *error;
    struct stat st;

    (void)state;
    snprintf(text, sizeof(text), "unix!%s", path);
    memcpy(sun.sun_path, path, strlen(path) + 1);
    assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
    assert_int_equal(listen(fd, 1), 0);
    error = try_listen(text);
    assert_non_null(strstr(error, "Address already in use"));
    free(error);
    close(fd); /* its process has died */
    listens(text);
    listen_host_stop(host);

    fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_int_equal(write(fd, "precious\n", 9), 9);
    close(fd);
    error = try_listen(text);
    assert_non_null(strstr(error, "File exists (choose another address)"));
    free(error);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 9);
}

/* -- descriptors ----------------------------------------------------------- */

/* No more than are open now, and so many. */
static struct rlimit only_descriptors(int more)
{
    struct rlimit was, rl;
    int fd = dup(0);

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
    rl = was;
    rl.rlim_cur = (rlim_t)(fd + more);
    close(fd);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &rl), 0);
    return was;
}

/* valgrind has its own idea of how many there are. */
static bool under_valgrind(void)
{
    const char *preload = getenv("LD_PRELOAD");

    return preload && strstr(preload, "valgrind");
}

static void test_descriptors_run_out(void **state)
{
    struct rlimit was;
    unsigned fired;
    int a, b;

    (void)state;
    if (under_valgrind())
        skip();
    listens("127.0.0.1:0");
    a = dial_from("127.0.0.1");
    b = dial_from("127.0.0.1");
    was = only_descriptors(0);
    turns(loop);
    assert_int_equal(opened, 0);
    assert_int_equal(timers_set(), 1); /* it pauses: 100 ms, then longer */
    fired = timers_fired();
    time_passes(loop, 99);
    assert_int_equal(timers_fired(), fired);
    time_passes(loop, 1);
    assert_int_equal(timers_fired(), fired + 1);
    time_passes(loop, 199);
    assert_int_equal(timers_fired(), fired + 1);
    time_passes(loop, 20000);
    assert_true(timers_fired() - fired <= 15);
    assert_int_equal(opened, 0);
    setrlimit(RLIMIT_NOFILE, &was);
    time_passes(loop, 2000);
    assert_int_equal(opened, 2);
    assert_int_equal(timers_set(), 0);
    assert_true(serves(a) && serves(b));
    close(a);
    close(b);
}

/* A connection that ends lets the next one in without waiting for the pause. */
static void test_descriptor_comes_back(void **state)
{
    struct rlimit was;
    int a, b;

    (void)state;
    if (under_valgrind())
        skip();
    listens("127.0.0.1:0");
    a = dial_from("127.0.0.1");
    b = dial_from("127.0.0.1");
    was = only_descriptors(1);
    turns(loop);
    assert_int_equal(opened, 1);
    assert_int_equal(timers_set(), 1);
    shutdown(a, SHUT_RDWR);
    turns(loop);
    assert_int_equal(closed, 1);
    assert_int_equal(opened, 2);
    setrlimit(RLIMIT_NOFILE, &was);
    assert_true(serves(b));
    close(a);
    close(b);
}

/* The bound on connections is no larger than what descriptors allow. */
static void test_bound_fits_descriptors(void **state)
{
    static const struct listen_limits many = {.conn = {.line = 100},
                                              .connections = 100000};
    struct rlimit was, rl;
    int fds[73], i;

    (void)state;
    if (under_valgrind())
        skip();
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
    rl = was;
    rl.rlim_cur = 64 + 72;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &rl), 0);
    listen_host_limits(host, &many);
    setrlimit(RLIMIT_NOFILE, &was);
    snprintf(reason, sizeof(reason), "unix!%s", path);
    listens(reason);
    for (i = 0; i < 73; i++) {
        fds[i] = dial_path();
        turns(loop);
    }
    assert_int_equal(opened, 72);
    assert_string_equal(heard(fds[72]),
                        "error: 'too many connections: at most 72'\n$");
    for (i = 0; i < 73; i++)
        close(fds[i]);
    turns(loop);
}

int main(int argc, char **argv)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_serve),
        TEST(test_stop),
        TEST(test_in_use),
        TEST(test_every_address),
        TEST(test_too_many),
        TEST(test_other_limits),
        TEST(test_unix),
        TEST(test_unix_file_is_there),
        TEST(test_descriptors_run_out),
        TEST(test_descriptor_comes_back),
        TEST(test_bound_fits_descriptors),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

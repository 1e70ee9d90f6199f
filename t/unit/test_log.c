/* The log: clean lines whatever comes in, and never waiting for a reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/log_line.h"
#include "lib/mem.h"
#include "lib/utf8.h"

static char dir[64];

static char *in_dir(const char *name)
{
    return xasprintf("%s/%s", dir, name);
}

/* The content of a file of the directory. */
static char *slurp(const char *name)
{
    char *path = in_dir(name), *text = xcalloc(1, 1 << 20);
    FILE *f = fopen(path, "r");
    size_t n;

    assert_non_null(f);
    n = fread(text, 1, (1 << 20) - 1, f);
    text[n] = '\0';
    fclose(f);
    free(path);
    return text;
}

static void open_file(const char *name)
{
    char *path = in_dir(name), *to = xasprintf("file:%s", path);
    char err[200];

    assert_true(log_open(to, err, sizeof(err)));
    free(path);
    free(to);
}

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/muster-test-log-XXXXXX");
    return mkdtemp(dir) == NULL;
}

static int remove_dir(void **state)
{
    char *command[] = {"a", "b", "p", "s", "moved"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(command); i++) {
        char *path = in_dir(command[i]);

        unlink(path);
        free(path);
    }
    return rmdir(dir);
}

static struct log_event event(const char *id, const char *msg)
{
    return (struct log_event){.when = {1700000000, 123456789},
                              .level = MLOG_WARN,
                              .program = "musterd",
                              .pid = 812,
                              .id = id,
                              .msg = msg};
}

static void assert_text(const char *id, const char *msg, const char *expected)
{
    struct log_event e = event(id, msg);
    char out[LOG_LINE_MAX + 1];

    out[log_line_text(&e, out)] = '\0';
    assert_string_equal(out, expected);
}

static void test_text(void **state)
{
    (void)state;
    assert_text(NULL, "hello",
                "2023-11-14T22:13:20.123Z warn musterd[812]: "
                "hello\n");
    assert_text("new#12", "hello",
                "2023-11-14T22:13:20.123Z warn musterd[812]: "
                "new#12: hello\n");
    assert_text("new#\n", "a\tb\r\n\x1b[31m\\ gr\xc3\xbc\xc3\x9f \xff\xc3",
                "2023-11-14T22:13:20.123Z warn musterd[812]: new#\\x0a: "
                "a\\x09b\\x0d\\x0a\\x1b[31m\\\\ gr\xc3\xbc\xc3\x9f "
                "\\xff\\xc3\n");
    /* a line separator, a change of direction, C1, a surrogate, overlong */
    assert_text(NULL,
                "\xe2\x80\xa8 \xe2\x80\xae \xc2\x9b \xed\xa0\x80 \xc0\xaf",
                "2023-11-14T22:13:20.123Z warn musterd[812]: "
                "\\xe2\\x80\\xa8 \\xe2\\x80\\xae \\xc2\\x9b "
                "\\xed\\xa0\\x80 \\xc0\\xaf\n");
}

/* The object that a line is, checked to be one line of JSON. */
static json_t *parse_json(const struct log_event *e)
{
    char out[LOG_LINE_MAX + 1];
    size_t len = log_line_json(e, out);
    json_error_t error;
    json_t *object;

    assert_in_range(len, 2, LOG_LINE_MAX);
    assert_int_equal(out[len - 1], '\n');
    assert_null(memchr(out, '\n', len - 1));
    object = json_loadb(out, len, 0, &error);
    assert_non_null(object);
    return object;
}

static const char *member(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void test_json(void **state)
{
    struct log_event e = event("job \"k3\"-4", "say \"a\\b\"\n\x01 \xff \xe2");
    json_t *object = parse_json(&e);

    (void)state;
    assert_string_equal(member(object, "time"), "2023-11-14T22:13:20.123Z");
    assert_string_equal(member(object, "level"), "warn");
    assert_string_equal(member(object, "program"), "musterd");
    assert_int_equal(json_integer_value(json_object_get(object, "pid")), 812);
    assert_string_equal(member(object, "id"), "job \"k3\"-4");
    assert_string_equal(member(object, "msg"),
                        "say \"a\\\\b\"\\x0a\\x01 \\xff \\xe2");
    json_decref(object);
    e.id = NULL;
    object = parse_json(&e);
    assert_null(json_object_get(object, "id"));
    json_decref(object);
}

/* Whatever bytes and however many: one valid line. */
static void test_hostile_bytes(void **state)
{
    char msg[3 * LOG_LINE_MAX], out[LOG_LINE_MAX];
    unsigned seed = 7;
    size_t len;

    (void)state;
    for (int round = 0; round < 3000; round++) {
        size_t n = (size_t)rand_r(&seed) % sizeof(msg);
        struct log_event e = event(round % 3 == 0 ? msg : "x", msg);

        for (size_t i = 0; i < n; i++)
            msg[i] = (char)(rand_r(&seed) % 255 + 1);
        msg[n] = '\0';
        json_decref(parse_json(&e));
        len = log_line_text(&e, out);
        assert_in_range(len, 1, LOG_LINE_MAX);
        assert_true(utf8_valid(out, len));
        assert_ptr_equal(memchr(out, '\n', len), out + len - 1);
    }
}

static void test_cut(void **state)
{
    char *msg = xcalloc(1, 2 * LOG_LINE_MAX), out[LOG_LINE_MAX];
    struct log_event e = event("id", msg);
    json_t *object;
    size_t len;

    (void)state;
    memset(msg, 'x', 2 * LOG_LINE_MAX - 1);
    len = log_line_text(&e, out);
    assert_memory_equal(out + len - 5, "x...\n", 5);
    object = parse_json(&e);
    len = strlen(member(object, "msg"));
    assert_string_equal(member(object, "msg") + len - 4, "x...");
    json_decref(object);
    memset(msg, '\xff', 2 * LOG_LINE_MAX - 1); /* escapes are never cut */
    len = log_line_text(&e, out);
    assert_memory_equal(out + len - 8, "\\xff...\n", 8);
    free(msg);
}

static void test_syslog_line(void **state)
{
    struct log_event e = event("new#1", "hello");
    char out[LOG_LINE_MAX + 1];

    (void)state;
    setenv("TZ", "UTC", 1);
    tzset();
    out[log_line_syslog(&e, LOG_TEXT, out)] = '\0';
    assert_string_equal(out, "<28>Nov 14 22:13:20 musterd[812]: new#1: hello");
    out[log_line_syslog(&e, LOG_JSON, out)] = '\0';
    assert_memory_equal(out,
                        "<28>Nov 14 22:13:20 musterd[812]: {\"time\":", 41);
}

static void test_levels(void **state)
{
    char *text;

    (void)state;
    log_init("prog");
    open_file("a");
    log_set(MLOG_WARN, LOG_TEXT);
    log_info("not this");
    log_warn("but %s", "this");
    log_id_error("c#1", "and this: %d", 3);
    log_set(MLOG_DEBUG, LOG_TEXT);
    log_debug("now %%");
    log_close();
    text = slurp("a");
    assert_null(strstr(text, "not this"));
    assert_non_null(strstr(text, " warn prog["));
    assert_non_null(strstr(text, "]: but this\n"));
    assert_non_null(strstr(text, "]: c#1: and this: 3\n"));
    assert_non_null(strstr(text, "]: now %\n"));
    free(text);
}

static void test_level_names(void **state)
{
    enum log_level level = MLOG_ERROR;

    (void)state;
    assert_true(log_level_parse("debug", &level));
    assert_int_equal(level, MLOG_DEBUG);
    assert_false(log_level_parse("Debug", &level));
    assert_false(log_level_parse("", &level));
    assert_int_equal(level, MLOG_DEBUG);
}

static void test_errno(void **state)
{
    char *text;

    (void)state;
    open_file("a");
    errno = ENOENT;
    log_warn("cannot: %m");
    assert_int_equal(errno, ENOENT);
    log_close();
    text = slurp("a");
    assert_non_null(strstr(text, "cannot: No such file or directory\n"));
    free(text);
}

static void test_reopen(void **state)
{
    char *a = in_dir("b"), *moved = in_dir("moved"), *text;

    (void)state;
    open_file("b");
    log_warn("one");
    assert_int_equal(rename(a, moved), 0);
    log_warn("two");
    log_reopen();
    log_warn("three");
    log_close();
    text = slurp("moved");
    assert_non_null(strstr(text, ": two\n"));
    assert_null(strstr(text, ": three\n"));
    free(text);
    text = slurp("b");
    assert_non_null(strstr(text, ": three\n"));
    assert_null(strstr(text, ": two\n"));
    free(text);
    free(a);
    free(moved);
}

/* A directory that is gone: the old file stays, and says why. */
static void test_reopen_fails(void **state)
{
    char *sub = in_dir("sub"), *gone = in_dir("gone");
    char *path = xasprintf("%s/gone/log", dir), *text;

    (void)state;
    assert_int_equal(mkdir(sub, 0700), 0);
    open_file("sub/log");
    assert_int_equal(rename(sub, gone), 0);
    log_reopen();
    log_warn("still here");
    log_close();
    text = slurp("gone/log");
    assert_non_null(strstr(text, "cannot open the log"));
    assert_non_null(strstr(text, "still here"));
    free(text);
    unlink(path);
    rmdir(gone);
    free(sub);
    free(gone);
    free(path);
}

static void test_bad_targets(void **state)
{
    static const char *const bad[] = {"",
                                      "stdout",
                                      "file:",
                                      "syslog:",
                                      "file",
                                      "stderr ",
                                      "file:/nonexistent/dir/log"};
    char err[200];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        err[0] = '\0';
        assert_false(log_open(bad[i], err, sizeof(err)));
        assert_true(strlen(err) > 0);
    }
    assert_false(log_open("syslog:/nonexistent/log", err, sizeof(err)));
    assert_non_null(strstr(err, "/nonexistent/log: No such file"));
}

/* Reads all there is at once. */
static char *drain(int fd)
{
    char *text = xcalloc(1, 1 << 20);
    size_t len = 0;
    ssize_t n;

    while ((n = read(fd, text + len, (1 << 20) - 1 - len)) > 0)
        len += (size_t)n;
    return text;
}

/*
 * A full stderr: nobody waits, lines are whole or lost, the count is told. The
 * flags of the descriptor, which others share, stay as they are.
 */
static void fill_and_drain(int reader, int writer)
{
    char err[200], *text, *line, filler[1000];
    int old = dup(STDERR_FILENO), told = 0, lines = 0;
    unsigned long lost;

    memset(filler, 'x', sizeof(filler));
    fcntl(reader, F_SETFL, O_NONBLOCK);
    dup2(writer, STDERR_FILENO);
    assert_true(log_open("stderr", err, sizeof(err)));
    for (int i = 0; i < 2000; i++)
        log_warn("line %d %.*s", i, 1000, filler);
    lost = log_lost();
    assert_int_equal(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0);
    text = drain(reader);
    for (line = text; (line = strchr(line, '\n')) != NULL; line++)
        lines++;
    free(text);
    log_warn("after");
    text = drain(reader);
    sscanf(strstr(text, "]: ") ? strstr(text, "]: ") + 3 : "", "%d", &told);
    line = strstr(text, "lines of the log were lost here\n");
    dup2(old, STDERR_FILENO);
    close(old);
    assert_int_equal(lost + lines, 2000);
    assert_int_equal(told, lost);
    assert_non_null(line);
    assert_non_null(strstr(line, "after\n"));
    assert_int_equal(log_lost(), 0);
    free(text);
    log_close();
}

static void test_full_pipe(void **state)
{
    int fds[2];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    fill_and_drain(fds[0], fds[1]);
    close(fds[0]);
    close(fds[1]);
}

static void test_full_socket(void **state)
{
    int fds[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    fill_and_drain(fds[0], fds[1]);
    close(fds[0]);
    close(fds[1]);
}

static int listen_syslog(const char *path)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

    memcpy(sun.sun_path, path, strlen(path) + 1);
    unlink(path);
    assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
    return fd;
}

/* A syslog that is away, comes back, and stops reading. */
static void test_syslog(void **state)
{
    char *path = in_dir("s"), *to = xasprintf("syslog:%s", path);
    char err[200], got[LOG_LINE_MAX + 1];
    int fd = listen_syslog(path);
    ssize_t n;

    (void)state;
    log_init("prog");
    assert_true(log_open(to, err, sizeof(err)));
    log_warn("hello");
    n = recv(fd, got, LOG_LINE_MAX, 0);
    assert_true(n > 0);
    got[n] = '\0';
    assert_memory_equal(got, "<28>", 4);
    assert_non_null(strstr(got, "]: hello"));
    close(fd);
    log_warn("into the void");
    assert_int_equal(log_lost(), 1);
    fd = listen_syslog(path);
    log_warn("back");
    n = recv(fd, got, LOG_LINE_MAX, 0);
    got[n < 0 ? 0 : n] = '\0';
    assert_non_null(strstr(got, "]: 1 lines of the log were lost here"));
    for (int i = 0; i < 5000; i++)
        log_warn("flood");
    assert_true(log_lost() > 0);
    log_close();
    close(fd);
    free(path);
    free(to);
}

static void test_utf8_clean(void **state)
{
    char out[16];

    (void)state;
    assert_string_equal(utf8_clean(out, sizeof(out), "a\nb"), "a\\x0ab");
    assert_string_equal(utf8_clean(out, sizeof(out), "\xe2\x80\xae"),
                        "\\xe2\\x80\\xae");
    assert_string_equal(utf8_clean(out, 5, "abcdefgh"), "abcd");
    assert_string_equal(utf8_clean(out, 5, "abc\xc3\xbc"), "abc");
    assert_string_equal(utf8_clean(out, 1, "abc"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_hostile_bytes),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_syslog_line),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_level_names),
        cmocka_unit_test(test_errno),
        cmocka_unit_test(test_reopen),
        cmocka_unit_test(test_reopen_fails),
        cmocka_unit_test(test_bad_targets),
        cmocka_unit_test(test_full_pipe),
        cmocka_unit_test(test_full_socket),
        cmocka_unit_test(test_syslog),
        cmocka_unit_test(test_utf8_clean),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}

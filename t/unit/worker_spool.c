/* A job's file in the spool: what is read of it, whole and damaged; and whose
 * environment a process has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "worker/spool_file.h"
#include "worker/strays.h"

#define HEAD  "begin A-1 execute me boot\n"
#define START HEAD "start 12\n"
#define ONE   "out A-1 1 stdout x\n"
#define TWO   "out A-1 2 stdout y\n"

static int file_of(const char *text, size_t len)
{
    int fd = memfd_create("spool", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), len);
    return fd;
}

static void numbers(void **state)
{
    (void)state;
    assert_int_equal(spool_line_number("out A-1 17 stdout x", 19, "A-1"), 17);
    assert_int_equal(spool_line_number("out A-1 17", 10, "A-1"), 0);
    assert_int_equal(spool_line_number("out A-11 1 x", 12, "A-1"), 0);
    assert_int_equal(spool_line_number("out A-1  1 x", 12, "A-1"), 0);
    assert_int_equal(
        spool_line_number("out A-1 99999999999999999999 x", 30, "A-1"), 0);
    assert_int_equal(spool_line_number("", 0, "A-1"), 0);
}

static void looked_at(void **state)
{
    static const struct {
        const char *text;
        bool good, started;
        uint64_t last, end;
        const char *exit;
    } cases[] = {
        {"", false, false, 0, 0, NULL},
        {"begin A-1 execute me", false, false, 0, 0, NULL},
        {"begin A-2 execute me boot\n", false, false, 0, 0, NULL},
        {HEAD, true, false, 0, sizeof(HEAD) - 1, NULL},
        {HEAD "start 1", true, false, 0, sizeof(HEAD) - 1, NULL},
        {START, true, true, 0, sizeof(START) - 1, NULL},
        {START ONE TWO, true, true, 2, sizeof(START ONE TWO) - 1, NULL},
        {START ONE "out A-1 2 st", true, true, 1, sizeof(START ONE) - 1, NULL},
        {START ONE "exit A-1 2 0 state 0\n", true, true, 2,
         sizeof(START ONE "exit A-1 2 0 state 0\n") - 1,
         "exit A-1 2 0 state 0"},
    };
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(cases); i++) {
        int fd = file_of(cases[i].text, strlen(cases[i].text));
        struct spool_look look;

        assert_int_equal(spool_file_look(fd, "A-1", &look), cases[i].good);
        if (cases[i].good) {
            assert_int_equal(look.started, cases[i].started);
            assert_int_equal(look.last, cases[i].last);
            assert_int_equal(look.end, cases[i].end);
            assert_string_equal(look.by, "me");
            assert_string_equal(look.boot, "boot");
        }
        assert_string_equal(look.exit ? look.exit : "",
                            cases[i].exit ? cases[i].exit : "");
        spool_look_free(&look);
        close(fd);
    }
}

/* The text behind a line, and the number that it then follows. */
static void expect_behind(int fd, uint64_t seq, const char *text, uint64_t from)
{
    struct buf lines = BUF_INIT;
    uint64_t at = spool_file_seek(fd, "A-1", sizeof(START) - 1, &seq);

    spool_file_read(fd, at, 1, &lines);
    assert_int_equal(seq, from);
    assert_string_equal(buf_str(&lines), text);
    buf_free(&lines);
}

static void sought(void **state)
{
    static const char whole[] = START ONE TWO;
    static const char hole[] = START ONE "out A-1 2 std\0\0\0\0\0out' x\n"
                                         "out A-1 8 stdout z\n";
    int fd = file_of(whole, sizeof(whole) - 1);

    (void)state;
    expect_behind(fd, 1, TWO, 1);
    expect_behind(fd, 2, "", 2);
    close(fd);
    fd = file_of(hole, sizeof(hole) - 1);
    expect_behind(fd, 0, "out A-1 8 stdout z\n", 7);
    expect_behind(fd, 7, "out A-1 8 stdout z\n", 7);
    expect_behind(fd, 8, "", 8);
    close(fd);
}

static void environments(void **state)
{
    static const char env[] = "A=1\0MUSTER_JOB=A-1\0XMUSTER_WORKER=no\0"
                              "MUSTER_WORKER=W";
    const char *job = strays_value(env, sizeof(env), "MUSTER_JOB");

    (void)state;
    assert_string_equal(job, "A-1");
    assert_string_equal(strays_value(env, sizeof(env), "MUSTER_WORKER"), "W");
    assert_null(strays_value(env, sizeof(env), "MUSTER"));
    /* one that is cut off has no end, and so no value */
    assert_null(strays_value(env, sizeof(env) - 2, "MUSTER_WORKER"));
    assert_null(strays_value(env, 0, "A"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(looked_at),
        cmocka_unit_test(sought),
        cmocka_unit_test(environments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

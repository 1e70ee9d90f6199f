/*
 * Checks by scripts: their outcome and output, what they are given and what
 * not, and that nothing of them stays. Only processes take their own time.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/prober.h"
#include "t/unit/fake_time.h"
#include "t/unit/prober_util.h"

/* Processes take time of their own. */
static void until_heard(unsigned reports)
{
    int i;

    for (i = 0; i < 60000 && world()->heard.reports < reports; i++) {
        turns(world()->loop);
        usleep(1000);
    }
    assert_int_equal(world()->heard.reports, reports);
}

static void test_scripts(void **state)
{
    (void)state;
    put("s", PROBE_CRITICAL,
        "probe script interval 60000 arg sh arg -c arg "
        "'echo out; echo err >&2; exit 0'");
    until_heard(1);
    assert_heard(1, "n/s", PROBE_PASSING, "out\nerr\n");
    put("s", PROBE_CRITICAL,
        "probe script interval 60000 arg sh arg -c arg 'echo a; exit 1'");
    until_heard(2);
    assert_heard(2, "n/s", PROBE_WARNING, "a\n");
    put("s", PROBE_CRITICAL,
        "probe script interval 60000 arg sh arg -c arg 'kill $$'");
    until_heard(3);
    assert_heard(3, "n/s", PROBE_CRITICAL, "");
    put("s", PROBE_CRITICAL,
        "probe script interval 60000 arg /nonexistent/script");
    until_heard(4);
    assert_heard(4, "n/s", PROBE_CRITICAL,
                 "the script cannot be run: program: No such file or "
                 "directory");
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nobody is left */
}

/* A clean environment and no descriptor of ours, in a group of its own. */
static void test_script_is_alone(void **state)
{
    unsigned long long ignored = 1;
    int group = 0, pid = 1;
    const char *p;

    (void)state;
    setenv("SECRET", "x", 1);
    signal(SIGPIPE, SIG_IGN);
    put("s", PROBE_CRITICAL,
        "probe script interval 60000 arg sh arg -c arg "
        "'env | grep -c SECRET; ls /proc/self/fd | wc -l; pwd; ulimit -c; "
        "grep NoNewPrivs /proc/self/status; "
        "grep SigIgn: /proc/self/status; cut -d\" \" -f5 /proc/$$/stat; "
        "echo $$'");
    until_heard(1);
    assert_int_equal(world()->heard.status, PROBE_PASSING);
    p = strstr(world()->heard.output, "SigIgn:\t");
    assert_non_null(p);
    assert_int_equal(strncmp(world()->heard.output,
                             "0\n4\n/\n0\nNoNewPrivs:\t1\nSigIgn",
                             (size_t)(p - world()->heard.output)),
                     0);
    assert_int_equal(
        sscanf(p, "SigIgn:\t%llx\n%d\n%d\n", &ignored, &group, &pid), 3);
    /* two are the C library's own, and ignored by what make starts */
    assert_int_equal(ignored & 0x7fffffff, 0);
    assert_int_equal(group, pid);
    unsetenv("SECRET");
}

/* Of much output the end is kept. */
static void test_script_that_talks(void **state)
{
    static const char head[] = "Captured 4096 of 100001 bytes\n...\n0000";

    (void)state;
    put("s", PROBE_CRITICAL,
        "probe script interval 60000 arg sh arg -c arg "
        "'head -c 100000 /dev/zero | tr \"\\0\" 0; echo'");
    until_heard(1);
    assert_int_equal(world()->heard.status, PROBE_PASSING);
    assert_memory_equal(world()->heard.output, head, strlen(head));
    assert_int_equal(strlen(world()->heard.output), strlen(head) - 4 + 4096);
    assert_int_equal(world()->heard.output[strlen(world()->heard.output) - 1],
                     '\n');
}

static bool is_alive(pid_t pid)
{
    char path[64], text[400] = "", *p;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    f = fopen(path, "re");
    if (!f)
        return false;
    if (!fgets(text, sizeof(text), f))
        text[0] = '\0';
    fclose(f);
    p = strrchr(text, ')');
    return p && p[2] != 'Z';
}

/* Whom it starts ends with it, when it ends and when it is ended. */
static void test_script_with_children(void **state)
{
    pid_t pid;
    int i;

    (void)state;
    put("s", PROBE_CRITICAL,
        "probe script interval 60000 arg sh arg -c arg "
        "'sleep 600 & echo $!'");
    until_heard(1);
    pid = (pid_t)atoi(world()->heard.output);
    assert_true(pid > 0);
    for (i = 0; i < 60000 && is_alive(pid); i++)
        usleep(1000);
    assert_false(is_alive(pid));
    put("s", PROBE_PASSING,
        "probe script interval 60000 timeout 500 arg sh arg -c arg "
        "'sleep 600 & sleep 600'");
    turns(world()->loop);
    assert_int_equal(prober_counts(world()->prober)->running, 1);
    time_passes(world()->loop, 500);
    assert_heard(2, "n/s", PROBE_CRITICAL, "Timed out (0.5s) running check");
}

static void test_scripts_are_off(void **state)
{
    const struct prober_limits off = {.at_once = 2};

    (void)state;
    prober_limit(world()->prober, &off);
    put("s", PROBE_PASSING, "probe script interval 1000 arg true");
    turns(world()->loop);
    assert_heard(1, "n/s", PROBE_CRITICAL,
                 "scripts are not run here: consul.enable_script_checks is "
                 "off");
}

/* Root hands a script to somebody else, and says so when there is nobody. */
static void test_script_of_another(void **state)
{
    struct prober_limits limits = {
        .at_once = 2, .scripts = true, .user = "nobody"};

    (void)state;
    if (geteuid() != 0)
        skip();
    prober_limit(world()->prober, &limits);
    put("s", PROBE_CRITICAL,
        "probe script interval 1000 arg sh arg -c arg 'id -un; id -G'");
    until_heard(1);
    assert_ptr_equal(strstr(world()->heard.output, "nobody\n"),
                     world()->heard.output);
    assert_null(strchr(world()->heard.output, ' '));
    limits.user = "no such user";
    prober_limit(world()->prober, &limits);
    put("s", PROBE_PASSING, "probe script interval 1001 arg true");
    until_heard(2);
    assert_int_equal(world()->heard.status, PROBE_CRITICAL);
    assert_non_null(strstr(world()->heard.output, "cannot be run: user: "));
}

/* Where musterd itself may open fewer files. The last test: who is not root
 * does not get them back. */
static void test_script_of_few_files(void **state)
{
    struct rlimit few;
    char want[32];

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &few), 0);
    few.rlim_cur = few.rlim_max = few.rlim_max < 64 ? few.rlim_max : 64;
    snprintf(want, sizeof(want), "%u\n", (unsigned)few.rlim_max);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    put("s", PROBE_CRITICAL,
        "probe script interval 60000 arg sh arg -c arg 'ulimit -n'");
    until_heard(1);
    assert_heard(1, "n/s", PROBE_PASSING, want);
}

int main(void)
{
#define TEST(f)                                                                \
    cmocka_unit_test_setup_teardown(f, prober_setup, prober_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_scripts),
        TEST(test_script_is_alone),
        TEST(test_script_that_talks),
        TEST(test_script_with_children),
        TEST(test_scripts_are_off),
        TEST(test_script_of_another),
        TEST(test_script_of_few_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

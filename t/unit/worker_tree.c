/* The walk over /proc finds whom it should and nobody else, and a signal never
 * reaches a process that is not the one the walk saw. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "worker/tree.h"

static void test_stat(void **state)
{
    static const char text[] =
        "4711 (a) b ( c) S 12 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 99887 "
        "2 3\n";
    static const char *const bad[] = {
        "",      "1",       "1 (",         "1 (a",
        "1 (a)", "1 (a) S", "x (a) S 1 1", "1 (a) S 1 1 1 0"};
    struct tree_process p;
    size_t i;

    (void)state;
    assert_true(tree_parse_stat(&p, text, strlen(text)));
    assert_int_equal(p.pid, 4711);
    assert_int_equal(p.parent, 12);
    assert_int_equal(p.state, 'S');
    assert_int_equal(p.start, 99887);
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(tree_parse_stat(&p, bad[i], strlen(bad[i])));
}

/* A child that has a child of its own; both wait for a signal. */
static pid_t family(void)
{
    int ready[2];
    char c;
    pid_t pid;

    assert_int_equal(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        if (fork() == 0)
            if (write(ready[1], "x", 1) != 1)
                _exit(1);
        for (;;)
            pause();
    }
    assert_int_equal(read(ready[0], &c, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static bool skip_one(void *arg, pid_t pid)
{
    return pid == *(pid_t *)arg;
}

static void test_walk(void **state)
{
    struct tree t = {0};
    pid_t a = family(), b = family();

    (void)state;
    assert_int_equal(tree_walk(&t, getpid(), NULL, NULL), 4);
    assert_int_equal(tree_walk(&t, a, NULL, NULL), 1);
    assert_int_equal(tree_walk(&t, getpid(), skip_one, &a), 2);
    assert_int_equal(tree_signal(&t, SIGKILL), 2);
    /* an orphan comes to us: wait for both */
    assert_true(waitpid(-1, NULL, 0) > 0);
    assert_true(waitpid(-1, NULL, 0) > 0);
    assert_int_equal(tree_walk(&t, getpid(), skip_one, &b), 2);
    assert_int_equal(kill(a, 0), 0);
    tree_signal(&t, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0)
        ;
    assert_int_equal(tree_walk(&t, getpid(), NULL, NULL), 0);
    tree_free(&t);
}

static void test_reused_pid(void **state)
{
    struct tree t = {0};
    pid_t a = family();
    size_t i;

    (void)state;
    assert_int_equal(tree_walk(&t, getpid(), NULL, NULL), 2);
    /* as if the pids had changed hands since */
    for (i = 0; i < t.count; i++)
        t.list[i].start++;
    assert_int_equal(tree_signal(&t, SIGKILL), 0);
    assert_int_equal(waitpid(a, NULL, WNOHANG), 0);
    /* one that has left the tree is nobody's to end */
    assert_int_equal(tree_walk(&t, a, NULL, NULL), 1);
    kill(a, SIGKILL);
    assert_int_equal(waitpid(a, NULL, 0), a);
    assert_int_equal(tree_signal(&t, SIGKILL), 0);
    assert_int_equal(tree_walk(&t, getpid(), NULL, NULL), 1);
    assert_int_equal(tree_signal(&t, SIGKILL), 1);
    assert_true(waitpid(-1, NULL, 0) > 0);
    tree_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_stat),
                                       cmocka_unit_test(test_walk),
                                       cmocka_unit_test(test_reused_pid)};

    prctl(PR_SET_CHILD_SUBREAPER, 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

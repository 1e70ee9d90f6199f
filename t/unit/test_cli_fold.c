/* client/cli/fold.c: equal outputs become one, and nothing is made equal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/cli/fold.h"

static struct buf told = BUF_INIT;

static void tell(void *arg, const struct fold_group *g)
{
    (void)arg;
    for (size_t i = 0; i < g->n_hosts; i++)
        buf_add_fmt(&told, "%s%s", i ? "," : "", g->hosts[i]);
    buf_add_fmt(&told, "[%s]", g->result);
    if (g->missing)
        buf_add_fmt(&told, "-%llu", (unsigned long long)g->missing);
    else
        buf_add(&told, g->text, g->len);
    buf_add_char(&told, ';');
}

static const char *all(struct fold *f)
{
    buf_reset(&told, 0);
    fold_each(f, tell, NULL);
    return buf_str(&told);
}

static void say(struct fold *f, const char *host, const char *text)
{
    fold_output(f, host, text, strlen(text), true);
}

static void equal_ones(void **state)
{
    struct fold *f = fold_new();

    (void)state;
    say(f, "w10", "x");
    say(f, "w9", "x");
    say(f, "w1", "y");
    fold_output(f, "w2", "x", 1, false);
    fold_end(f, "w10", "");
    fold_end(f, "w1", "");
    fold_end(f, "w9", "");
    fold_end(f, "w9", "again");
    fold_end(f, "w2", "");
    fold_end(f, "w3", "");
    fold_end(f, "w4", "lost");
    assert_string_equal(all(f), "w9,w10[]x\n;w1[]y\n;w2[]x;w3[];w4[lost];");
    fold_free(f);
}

static void results_part(void **state)
{
    struct fold *f = fold_new();

    (void)state;
    say(f, "a", "x");
    say(f, "b", "x");
    fold_end(f, "a", "exit 1");
    fold_end(f, "b", "");
    assert_string_equal(all(f), "a[exit 1]x\n;b[]x\n;");
    fold_free(f);
}

/* What is not known whole is equal to nothing. */
static void bounded(void **state)
{
    struct fold *f = fold_new();
    char *big = calloc(1, FOLD_HOST);

    (void)state;
    memset(big, 'x', FOLD_HOST);
    fold_output(f, "a", big, FOLD_HOST - 2, true);
    say(f, "a", "no room");
    say(f, "a", "");
    fold_cut(f, "b", 5);
    fold_cut(f, "c", 5);
    fold_end(f, "b", "");
    fold_end(f, "c", "");
    assert_string_equal(all(f), "a[no end was told]-9;b[]-5;c[]-5;");
    free(big);
    fold_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_ones),
        cmocka_unit_test(results_part),
        cmocka_unit_test(bounded),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    buf_free(&told);
    return failed;
}

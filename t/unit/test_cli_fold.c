/* client/cli/fold.c: equal outputs become one, and nothing is made equal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
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
    if (g->family_groups > 1) {
        buf_add_str(&told, "=");
        for (size_t i = 0; i < g->family_hosts; i++)
            buf_add_fmt(&told, "%s%s", i ? "," : "", g->family[i]);
        buf_add_str(&told, ":");
        buf_add(&told, g->alike, g->alike_len);
    }
    buf_add_str(&told, g->family ? ";" : "+;");
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

/* Alike but for names and numbers: one family, a * where they differ. */
static void families(void **state)
{
    struct fold *f = fold_new();
    char host[16], text[64];

    (void)state;
    for (int i = 1; i <= 3; i++) {
        snprintf(host, sizeof(host), "w%d", i);
        snprintf(text, sizeof(text), "%s has 7 of %d", host, 10 * i);
        say(f, host, text);
        fold_end(f, host, "");
    }
    say(f, "d1", "d1 is full");
    say(f, "d2", "other");
    say(f, "d3", "other");
    say(f, "e1", "e1 has 7 of 1");
    fold_end(f, "d1", "");
    fold_end(f, "d2", "");
    fold_end(f, "d3", "");
    fold_end(f, "e1", "exit 1");
    assert_string_equal(all(f), "w1[]w1 has 7 of 10\n=w1,w2,w3:* has 7 of *\n;"
                                "w2[]w2 has 7 of 20\n+;w3[]w3 has 7 of 30\n+;"
                                "d2,d3[]other\n;d1[]d1 is full\n;"
                                "e1[exit 1]e1 has 7 of 1\n;");
    fold_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_ones),
        cmocka_unit_test(results_part),
        cmocka_unit_test(bounded),
        cmocka_unit_test(families),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    buf_free(&told);
    return failed;
}

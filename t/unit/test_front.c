/* Names of jobs on the links of hosts that stand behind a worker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dispatcher/front.h"

static void test_names(void **state)
{
    char *a = front_name("ABCDEFGH", "web1"),
         *b = front_name("ABCDEFGH", "web2"),
         *again = front_name("ABCDEFGH", "web1");

    (void)state;
    assert_string_equal(a, again);
    assert_string_not_equal(a, b);
    assert_int_equal(strlen(a), 21);
    assert_int_equal(strspn(a, "ABCDEFGHIJKLMNOPQRSTUVWXYZx234567"), strlen(a));
    free(a);
    free(b);
    free(again);
}

static void round_trip(const char *jid)
{
    char *name = front_name("ABCDEFGH", "web1");
    struct buf b = BUF_INIT;
    struct word w;

    front_write(&b, name, jid);
    assert_memory_equal(buf_str(&b), name, strlen(name));
    w.text = (char *)buf_str(&b);
    w.len = buf_len(&b);
    front_read(&w, name, "ABCDEFGH");
    assert_string_equal(w.text, jid);
    assert_int_equal(w.len, strlen(jid));
    buf_free(&b);
    free(name);
}

static void test_ids(void **state)
{
    (void)state;
    round_trip("ABCDEFGH-1");
    round_trip("ABCDEFGH-18446744073709551615.7");
}

static void stays(const char *text)
{
    char copy[64];
    struct word w = {.text = copy, .len = strlen(text)};

    strncpy(copy, text, sizeof(copy) - 1);
    copy[sizeof(copy) - 1] = '\0';
    front_read(&w, "ABCDEFGHxAAAAAAAAAAAA", "ABCDEFGH");
    assert_string_equal(w.text, text);
}

static void test_others(void **state)
{
    (void)state;
    stays("");
    stays("ABCDEFGH-1");
    stays("ABCDEFGHxAAAAAAAAAAAA");
    stays("ABCDEFGHxAAAAAAAAAAAB-1");
    stays("slots-free");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Arguments on a line: every byte comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/argument.h"

/* " name value" back from the words that it is written in. */
static void there_and_back(const char *value, size_t len)
{
    struct buf line = BUF_INIT;
    struct word words[2];

    argument_write(&line, "x", value, len);
    assert_null(buf_len(&line) ? memchr(buf_data(&line), '\n', buf_len(&line))
                               : NULL);
    (void)buf_str(&line);
    assert_int_equal(words_split(buf_data(&line), buf_len(&line), words, 2), 2);
    assert_null(argument_decode(&words[0], &words[1]));
    assert_true(word_is(&words[0], "x"));
    assert_int_equal(words[1].len, len);
    assert_memory_equal(words[1].text, value, len);
    assert_int_equal(words[1].text[len], '\0');
    buf_free(&line);
}

static void test_every_byte(void **state)
{
    char all[256];

    (void)state;
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    there_and_back(all, sizeof(all));
    for (size_t len = 0; len < 256; len++)
        there_and_back(all + 255 - len, len);
    there_and_back("'; rm -rf $(x) \"", 16);
    there_and_back("", 0);
}

static const char *decoded(const char *name, const char *value, struct word *n,
                           struct word *v)
{
    static char names[64], values[64];

    snprintf(names, sizeof(names), "%s", name);
    snprintf(values, sizeof(values), "%s", value);
    *n = (struct word){.text = names, .len = (unsigned)strlen(names)};
    *v = (struct word){.text = values, .len = (unsigned)strlen(values)};
    return argument_decode(n, v);
}

static void test_names(void **state)
{
    struct word n, v;

    (void)state;
    assert_null(decoded("a", "Zm9v", &n, &v));
    assert_string_equal(v.text, "Zm9v");
    assert_null(decoded("a:", "Zm9v", &n, &v));
    assert_string_equal(n.text, "a");
    assert_string_equal(v.text, "foo");
    assert_null(decoded("a:", "", &n, &v));
    assert_int_equal(v.len, 0);
    assert_null(decoded(":", "Zm9v", &n, &v));
    assert_string_equal(n.text, ":");
    assert_null(decoded(".on:", "Zm9v", &n, &v));
    assert_string_equal(n.text, ".on:");
    assert_non_null(decoded("a:", "Zm9", &n, &v));
    assert_non_null(decoded("a:", "Zm 9", &n, &v));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

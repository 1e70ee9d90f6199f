/* A job's life in bytes, as the store keeps it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dispatcher/joblog.h"

static void every_kind_has_a_letter(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < EVENT_KINDS; kind++) {
        struct joblog_entry e = {.kind = (enum event_kind)kind,
                                 .seq = 300 + kind,
                                 .ms = 1790000000123,
                                 .has_index = true,
                                 .index = 200,
                                 .stream = 2,
                                 .offset = UINT64_MAX,
                                 .worker_seq = 7,
                                 .offsets = {1, 2, 3, 4},
                                 .text = "a\0b",
                                 .len = 3},
                            got;
        struct buf b = BUF_INIT;
        const char *at;
        size_t left;

        if (kind == EVENT_CUT)
            continue; /* is made up by who reads */
        joblog_add_event(&b, &e);
        at = buf_data(&b);
        left = buf_len(&b);
        assert_true(joblog_next(&at, &left, &got));
        assert_int_equal(left, 0);
        assert_int_equal(got.what, JOBLOG_EVENT);
        assert_int_equal(got.kind, kind);
        assert_int_equal(got.seq, e.seq);
        assert_int_equal(got.ms, e.ms);
        assert_true(got.has_index && got.index == e.index);
        assert_int_equal(got.len, 3);
        assert_memory_equal(got.text, e.text, 3);
        if (kind == EVENT_EXIT)
            assert_memory_equal(got.offsets, e.offsets, sizeof(e.offsets));
        for (size_t cut = 0; cut + 1 < buf_len(&b); cut++) {
            at = buf_data(&b);
            left = cut;
            assert_false(joblog_next(&at, &left, &got));
        }
        buf_free(&b);
    }
}

static void what_is_not_known_is_passed_over(void **state)
{
    static const char bytes[] = "?\3abcA\5\1\0\0";
    const char *at = bytes;
    size_t left = 5;
    struct joblog_entry e;

    (void)state;
    assert_true(joblog_next(&at, &left, &e));
    assert_int_equal(e.what, JOBLOG_UNKNOWN);
    assert_int_equal(left, 0);
    left = sizeof(bytes) - 1 - 5; /* longer than what is there */
    assert_false(joblog_next(&at, &left, &e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_has_a_letter),
        cmocka_unit_test(what_is_not_known_is_passed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

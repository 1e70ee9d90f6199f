/*
 * The tokenizer and the quoter: any line splits or is refused, and what splits
 * comes back the same when its words are written and split again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/attrs.h"
#include "lib/buf.h"
#include "lib/line.h"
#include "lib/mem.h"
#include "lib/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WORDS_MAX 64

static void check(bool good)
{
    if (!good)
        abort();
}

/* Writes the words, splits that, and compares. */
static void round_trip(const struct word *words, int n)
{
    struct word again[WORDS_MAX];
    struct buf out = BUF_INIT;
    unsigned long long number;
    int i;

    for (i = 0; i < n; i++) {
        check(words[i].text[words[i].len] == '\0');
        (void)word_to_u64(&words[i], UINT64_MAX, &number);
        (void)attr_name_wrong(words[i].text, words[i].len);
        (void)attr_value_wrong(words[i].text, words[i].len);
        (void)service_name_wrong(words[i].text, words[i].len);
        buf_add_word(&out, words[i].text, words[i].len);
    }
    check(!memchr(buf_data(&out), '\n', buf_len(&out)));
    buf_add_char(&out, '\n');
    check(words_split(buf_data(&out), buf_len(&out) - 1, again, WORDS_MAX) ==
          n);
    for (i = 0; i < n; i++)
        check(again[i].len == words[i].len &&
              !memcmp(again[i].text, words[i].text, words[i].len));
    buf_free(&out);
}

static void one_line(char *line, size_t len)
{
    struct word words[WORDS_MAX];
    int n = words_split(line, len, words, WORDS_MAX);

    check(n >= WORDS_TOO_MANY && n <= WORDS_MAX);
    if (n > 0)
        round_trip(words, n);
}

/* The first byte says in what pieces the rest comes, as from a socket. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct line_reader r;
    size_t piece, room, len;
    enum line_result got;
    char *line, *to;

    if (!size)
        return 0;
    piece = 1 + *data++;
    line_init(&r, 256);
    for (size--; size; size -= room, data += room) {
        to = line_room(&r, piece, &room);
        room = room < piece ? room : piece;
        room = room < size ? room : size;
        memcpy(to, data, room);
        line_fed(&r, room);
        while ((got = line_next(&r, false, &line, &len)) != LINE_NONE) {
            check(got == LINE_TOO_LONG || len <= 256);
            if (got == LINE_GOT)
                one_line(line, len);
        }
        line_settle(&r);
    }
    while (line_next(&r, true, &line, &len) == LINE_GOT)
        one_line(line, len);
    line_free(&r);
    return 0;
}

/*
 * Selectors, as pairs and as one text, against a record that holds a little of
 * everything. What parses is written in pairs, parses again, and then matches
 * the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/attrs.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/selector.h"
#include "lib/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *lookup(const void *record, const char *attr, size_t attr_len,
                          size_t *value_len)
{
    static const char *const values[][2] = {
        {"kind", "web"},
        {"mem", "8G"},
        {"host", "web1.example"},
        {"empty", ""},
    };
    size_t i;

    (void)record;
    for (i = 0; i < ARRAY_LEN(values); i++)
        if (strlen(values[i][0]) == attr_len &&
            !memcmp(values[i][0], attr, attr_len)) {
            *value_len = strlen(values[i][1]);
            return values[i][1];
        }
    return NULL;
}

/* From pairs, as the registry's ports read them; false on an error. */
static bool from_pairs(struct selector *s, char *line, size_t len)
{
    struct word words[2 * SELECTOR_TERMS_MAX];
    int i, n = words_split(line, len, words, (int)ARRAY_LEN(words));
    char *error = NULL;

    for (i = 0; i + 1 < n && !error; i += 2)
        error = selector_add_pair(s, &words[i], &words[i + 1]);
    free(error);
    return !error && n >= 0 && n % 2 == 0;
}

static void check_again(const struct selector *s)
{
    struct selector again = {0};
    struct buf text = BUF_INIT;

    selector_write_pairs(s, &text);
    buf_add_char(&text, '\n');
    if (!from_pairs(&again, buf_data(&text), buf_len(&text) - 1) ||
        again.count != s->count ||
        selector_match(&again, "web1", lookup, NULL) !=
            selector_match(s, "web1", lookup, NULL))
        abort();
    selector_free(&again);
    buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct selector s = {0};
    char *line = xmemdup0((const char *)data, size);
    char *error = selector_parse_text(&s, line, size);

    if (!error)
        check_again(&s);
    free(error);
    selector_free(&s);
    if (from_pairs(&s, line, size))
        check_again(&s);
    selector_free(&s);
    free(line);
    return 0;
}

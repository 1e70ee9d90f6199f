/*
 * A tokens file, and a first line that shows a token (behind a NUL). Whatever
 * the file is, it is taken or refused with at least one mistake; what is taken
 * is written as words, and read again as the same. What the gate leaves of a
 * line has no token in it any more that it would take.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/auth/gate.h"
#include "lib/auth/rights.h"
#include "lib/auth/secret.h"
#include "lib/auth/tokens.h"
#include "lib/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WORDS_MAX 512

static void round_trip(const struct principal *p)
{
    struct principal *again = principal_new(p->name);
    struct word words[WORDS_MAX];
    struct buf line = BUF_INIT;
    char *error = NULL;
    int i, n;

    rights_write(p, true, &line);
    buf_str(&line);
    n = words_split(buf_data(&line), buf_len(&line), words, WORDS_MAX);
    for (i = 0; i + 1 < n && !error; i += 2)
        error = rights_set(again, words[i].text, words[i + 1].text);
    if (n < 0 || n % 2 || error || !principal_same(p, again))
        abort();
    buf_free(&line);
    principal_unref(again);
}

static void read_file(const char *text)
{
    struct conf_errors errs = {0};
    struct tokens *t = tokens_parse(text, strlen(text), "F", &errs);
    size_t i;

    if (!t == !errs.n)
        abort();
    for (i = 0; t && i < t->count; i++)
        round_trip(t->list[i]);
    tokens_free(t);
    conf_errors_free(&errs);
}

static void show(const char *line, size_t len)
{
    struct buf rest = BUF_INIT;
    char *token = NULL;

    if (gate_take_token(line, len, &rest, &token) && !token)
        abort();
    secret_free(token);
    buf_free(&rest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = xmemdup0((const char *)data, size);
    size_t file = strlen(text);

    read_file(text);
    if (file < size)
        show(text + file + 1, size - file - 1);
    free(text);
    return 0;
}

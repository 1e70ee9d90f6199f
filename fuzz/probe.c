/*
 * What a check reads of others: the definition of one, a URL with where it
 * leads to (behind a NUL), the answer of an HTTP server. A definition that is
 * taken is written and read back the same; a URL holds nothing that could be a
 * header, and what it leads to is one again; an answer is the same in pieces
 * of any length.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "server/probe.h"
#include "server/probe_answer.h"
#include "server/probe_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BODY_MAX 100

static void look_spec(const char *text, size_t len)
{
    struct buf once = BUF_INIT, twice = BUF_INIT;
    struct probe_spec s;

    if (probe_spec_read(&s, text, len)) {
        if (s.target || s.args || s.headers)
            abort();
        return;
    }
    probe_spec_write(&s, &once);
    if (memchr(buf_str(&once), '\n', buf_len(&once)))
        abort();
    probe_spec_free(&s);
    if (probe_spec_read(&s, buf_str(&once), buf_len(&once)))
        abort();
    probe_spec_write(&s, &twice);
    if (strcmp(buf_str(&once), buf_str(&twice)) != 0)
        abort();
    probe_spec_free(&s);
    buf_free(&once);
    buf_free(&twice);
}

static void look_parts(const struct probe_url *u, const char *text, size_t len)
{
    size_t i;

    if (u->target < text || u->target + u->target_len > text + len ||
        u->authority < text || u->authority + u->authority_len > text + len ||
        !u->port || !*u->host)
        abort();
    for (i = 0; i < len; i++)
        if ((unsigned char)text[i] <= ' ')
            abort();
}

static void look_url(const char *text, size_t len, const char *location,
                     size_t location_len)
{
    struct probe_url u, next;
    char *joined;

    if (probe_url_parse(&u, text, len))
        return;
    look_parts(&u, text, len);
    joined = probe_url_join(&u, location, location_len);
    if (!joined)
        return;
    if (probe_url_parse(&next, joined, strlen(joined)))
        abort();
    look_parts(&next, joined, strlen(joined));
    free(joined);
}

static void feed(struct probe_answer *a, const char *bytes, size_t len,
                 size_t step)
{
    size_t at;

    probe_answer_init(a, BODY_MAX, false);
    for (at = 0; at < len; at += step)
        if (probe_answer_feed(a, bytes + at, len - at < step ? len - at : step))
            break;
    probe_answer_end(a);
    if (buf_len(&a->body) > BODY_MAX)
        abort();
}

static void look_answer(const char *bytes, size_t len)
{
    struct probe_answer whole, pieces;

    feed(&whole, bytes, len, len ? len : 1);
    feed(&pieces, bytes, len, 3);
    if (whole.part != pieces.part || whole.status != pieces.status ||
        buf_len(&whole.body) != buf_len(&pieces.body) ||
        strcmp(buf_str(&whole.body), buf_str(&pieces.body)) != 0)
        abort();
    probe_answer_free(&whole);
    probe_answer_free(&pieces);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = xmemdup0((const char *)data, size);
    size_t len = strlen(text);
    const char *rest = len < size ? text + len + 1 : "";

    look_spec(text, size);
    look_url(text, len, rest, len < size ? size - len - 1 : 0);
    look_answer(text, size);
    free(text);
    return 0;
}

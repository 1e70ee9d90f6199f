/*
 * Secrets in a stream: the input is a text and, between bytes 0xff, secrets.
 * However it is cut into pieces the same comes out, and no secret in it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mask.h"
#include "lib/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
    if (!good)
        abort();
}

static void in_pieces(const struct mask *m, const char *text, size_t len,
                      struct buf *out)
{
    struct mask_stream s;
    size_t n;

    mask_stream_init(&s, m);
    for (size_t i = 0; i < len; i += n) {
        n = 1 + (unsigned char)text[i] % 7;
        n = n > len - i ? len - i : n;
        mask_feed(&s, text + i, n, out);
    }
    mask_end(&s, out);
    mask_stream_free(&s);
}

/* A secret of stars comes out as itself. */
static bool may_stand(const char *secret, size_t len)
{
    return memchr(secret, '*', len) != NULL;
}

static void check(const struct mask *m, const char *text, size_t len,
                  const char *secret, size_t secret_len)
{
    struct buf whole = BUF_INIT, pieces = BUF_INIT;

    mask_text(m, text, len, &whole);
    in_pieces(m, text, len, &pieces);
    must(buf_len(&whole) == buf_len(&pieces));
    must(!buf_len(&whole) ||
         !memcmp(buf_data(&whole), buf_data(&pieces), buf_len(&whole)));
    if (secret_len && !may_stand(secret, secret_len) && buf_len(&whole))
        must(!memmem(buf_data(&whole), buf_len(&whole), secret, secret_len));
    buf_free(&whole);
    buf_free(&pieces);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data, *end = text + size, *stop;
    const char *first = memchr(text, 0xff, size);
    size_t len = first ? (size_t)(first - text) : size;
    struct mask *m = mask_new();
    const char *p = first ? first + 1 : end, *last = NULL;
    size_t last_len = 0;

    for (; p < end; p = stop + 1) {
        stop = memchr(p, 0xff, (size_t)(end - p));
        if (!stop)
            stop = end;
        if (mask_add(m, p, (size_t)(stop - p))) {
            last = p;
            last_len = (size_t)(stop - p);
        }
    }
    check(m, text, len, last, last_len);
    mask_free(m);
    return 0;
}

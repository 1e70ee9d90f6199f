#include "lib/base64.h"

#include <string.h>

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct buf *out, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        unsigned n = (unsigned)(unsigned char)bytes[i] << 16;

        if (left > 1)
            n |= (unsigned)(unsigned char)bytes[i + 1] << 8;
        if (left > 2)
            n |= (unsigned char)bytes[i + 2];
        buf_add_char(out, alphabet[n >> 18]);
        buf_add_char(out, alphabet[n >> 12 & 63]);
        buf_add_char(out, left > 1 ? alphabet[n >> 6 & 63] : '=');
        buf_add_char(out, left > 2 ? alphabet[n & 63] : '=');
    }
}

static int value_of(char c)
{
    const char *at = c ? strchr(alphabet, c) : NULL;

    return at ? (int)(at - alphabet) : -1;
}

/* Four characters, of which the last `pad` are padding. */
static bool decode_four(const char *text, size_t pad, char *bytes)
{
    unsigned n = 0;

    for (size_t i = 0; i < 4; i++) {
        int v = i < 4 - pad ? value_of(text[i]) : 0;

        if (v < 0)
            return false;
        n = n << 6 | (unsigned)v;
    }
    bytes[0] = (char)(n >> 16);
    bytes[1] = (char)(n >> 8);
    bytes[2] = (char)n;
    return true;
}

bool base64_decode(struct buf *out, const char *text, size_t len)
{
    char bytes[3];
    size_t was = out->end, pad = 0;

    if (len % 4 != 0)
        return false;
    if (len > 0 && text[len - 1] == '=')
        pad = text[len - 2] == '=' ? 2 : 1;
    for (size_t i = 0; i < len; i += 4) {
        size_t padded = i + 4 == len ? pad : 0;

        if (!decode_four(text + i, padded, bytes)) {
            out->end = was;
            return false;
        }
        buf_add(out, bytes, 3 - padded);
    }
    return true;
}

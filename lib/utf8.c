#include "lib/utf8.h"

#include <stdio.h>
#include <string.h>

/* How many bytes a character has that begins with this one, 0 for none. */
static size_t lead_len(unsigned char c)
{
    if (c < 0x80)
        return 1;
    if (c >= 0xc2 && c < 0xe0)
        return 2;
    if (c >= 0xe0 && c < 0xf0)
        return 3;
    if (c >= 0xf0 && c < 0xf5)
        return 4;
    return 0;
}

size_t utf8_char(const char *s, size_t left, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = left == 0 ? 0 : lead_len((unsigned char)s[0]);
    uint32_t c;

    if (len == 0 || len > left)
        return 0;
    c = (unsigned char)s[0];
    if (len > 1)
        c &= 0xffu >> (len + 1);
    for (size_t i = 1; i < len; i++) {
        if (((unsigned char)s[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | ((unsigned char)s[i] & 0x3f);
    }
    if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *code = c;
    return len;
}

bool utf8_valid(const char *s, size_t len)
{
    uint32_t code;
    size_t n;

    for (size_t i = 0; i < len; i += n) {
        n = utf8_char(s + i, len - i, &code);
        if (n == 0)
            return false;
    }
    return true;
}

bool utf8_unsafe(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 ||
           c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069);
}

const char *utf8_clean(char *out, size_t size, const char *s)
{
    size_t left = strlen(s), at = 0, len;
    uint32_t code;

    for (; left > 0; s += len, left -= len) {
        len = utf8_char(s, left, &code);
        if (len > 0 && !utf8_unsafe(code)) {
            if (at + len >= size)
                break;
            memcpy(out + at, s, len);
            at += len;
            continue;
        }
        len = 1; /* the rest of an unsafe character is no UTF-8: escaped too */
        if (at + 4 >= size)
            break;
        snprintf(out + at, 5, "\\x%02x", (unsigned char)*s);
        at += 4;
    }
    out[at] = '\0';
    return out;
}

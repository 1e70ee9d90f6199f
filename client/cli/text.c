#include "client/cli/text.h"

#include <wchar.h>

#include "lib/utf8.h"

static void add_escaped(struct buf *out, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        buf_add_fmt(out, "\\x%02x", (unsigned char)bytes[i]);
}

static size_t next_char(const char *text, size_t left, uint32_t *code,
                        int *safe)
{
    size_t n = utf8_char(text, left, code);

    *safe = n > 0 && (*code == '\t' || !utf8_unsafe(*code));
    return n ? n : 1;
}

void text_add_safe(struct buf *out, const char *text, size_t len)
{
    size_t begin = 0, at = 0, n;
    uint32_t code;
    int safe;

    for (; at < len; at += n) {
        n = next_char(text + at, len - at, &code, &safe);
        if (safe)
            continue;
        buf_add(out, text + begin, at - begin);
        add_escaped(out, text + at, n);
        begin = at + n;
    }
    buf_add(out, text + begin, at - begin);
}

static size_t char_width(uint32_t code, size_t bytes, int safe)
{
    int w;

    if (!safe)
        return 4 * bytes;
    w = wcwidth((wchar_t)code);
    return w < 0 ? 1 : (size_t)w;
}

size_t text_width(const char *text, size_t len)
{
    size_t width = 0, n;
    uint32_t code;
    int safe;

    for (size_t at = 0; at < len; at += n) {
        n = next_char(text + at, len - at, &code, &safe);
        width += char_width(code, n, safe);
    }
    return width;
}

size_t text_fit(const char *text, size_t len, size_t columns)
{
    size_t at = 0, n;
    uint32_t code;
    int safe;

    for (; at < len; at += n) {
        n = next_char(text + at, len - at, &code, &safe);
        size_t w = char_width(code, n, safe);

        if (w > columns)
            break;
        columns -= w;
    }
    return at;
}

void text_pad(struct buf *out, size_t width, size_t columns)
{
    for (; width < columns; width++)
        buf_add_char(out, ' ');
}

void text_add_elapsed(struct buf *out, unsigned long long ms)
{
    unsigned long long s = ms / 1000;

    if (s < 1)
        buf_add_fmt(out, "%llu ms", ms);
    else if (s < 10)
        buf_add_fmt(out, "%llu.%llu s", s, ms % 1000 / 100);
    else if (s < 60)
        buf_add_fmt(out, "%llu s", s);
    else if (s < 3600)
        buf_add_fmt(out, "%llu:%02llu", s / 60, s % 60);
    else
        buf_add_fmt(out, "%llu:%02llu:%02llu", s / 3600, s / 60 % 60, s % 60);
}

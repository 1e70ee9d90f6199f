#include "lib/buf.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bytes8.h"
#include "lib/mem.h"

#define BUF_FIRST 512 /* bytes of the first allocation */

/* Bytes that make a word need quotes: white space, controls, the quote. */
static const unsigned char quotes[256] = {
    [0 ... ' '] = 1,
    ['\''] = 1,
    [0x7f] = 1,
};

void buf_free(struct buf *b)
{
    free(b->data);
    *b = (struct buf)BUF_INIT;
}

void buf_reset(struct buf *b, size_t keep)
{
    b->pos = b->end = 0;
    if (b->size > keep)
        buf_free(b);
}

/* Moves the content to the front, or grows, until len more bytes fit. */
static void buf_make_room(struct buf *b, size_t len)
{
    size_t used = buf_len(b), size = b->size ? b->size : BUF_FIRST;

    if (b->pos && used + len <= b->size && b->pos >= used) {
        memcpy(b->data, b->data + b->pos, used);
    } else {
        while (size < used + len)
            size *= 2;
        if (b->pos) {
            memmove(b->data, b->data + b->pos, used);
            b->pos = 0;
        }
        if (size != b->size)
            b->data = xreallocarray(b->data, size, 1);
        b->size = size;
    }
    b->pos = 0;
    b->end = used;
}

char *buf_reserve(struct buf *b, size_t len)
{
    if (b->size - b->end < len)
        buf_make_room(b, len);
    return b->data + b->end;
}

void buf_consume(struct buf *b, size_t len)
{
    b->pos += len;
    if (b->pos >= b->end)
        b->pos = b->end = 0;
}

void buf_add(struct buf *b, const void *bytes, size_t len)
{
    if (!len)
        return;
    memcpy(buf_reserve(b, len), bytes, len);
    b->end += len;
}

void buf_add_char(struct buf *b, char c)
{
    *buf_reserve(b, 1) = c;
    b->end++;
}

void buf_add_str(struct buf *b, const char *text)
{
    buf_add(b, text, strlen(text));
}

void buf_add_u64(struct buf *b, uint64_t n)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021"
                                "22232425262728293031323334353637383940414243"
                                "44454647484950515253545556575859606162636465"
                                "66676869707172737475767778798081828384858687"
                                "888990919293949596979899";
    char digits[20], *p = digits + sizeof(digits);

    for (; n >= 100; n /= 100) {
        p -= 2;
        memcpy(p, pairs + 2 * (n % 100), 2);
    }
    if (n >= 10) {
        p -= 2;
        memcpy(p, pairs + 2 * n, 2);
    } else {
        *--p = (char)('0' + n);
    }
    buf_add(b, p, (size_t)(digits + sizeof(digits) - p));
}

void buf_add_fmt(struct buf *b, const char *fmt, ...)
{
    va_list args;
    int len;

    va_start(args, fmt);
    len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (len <= 0)
        return;
    buf_reserve(b, (size_t)len + 1);
    va_start(args, fmt);
    vsnprintf(b->data + b->end, (size_t)len + 1, fmt, args);
    va_end(args);
    b->end += (size_t)len;
}

const char *buf_str(struct buf *b)
{
    *buf_reserve(b, 1) = '\0';
    return buf_data(b);
}

/* True if any of eight bytes does. */
static bool quotes_among(uint64_t x)
{
    return (bytes8_below(x, ' ' + 1) | bytes8_equal(x, '\'') |
            bytes8_equal(x, 0x7f)) != 0;
}

int buf_word_quotes(const char *word, size_t len)
{
    const char *end = word + len;

    for (; end - word >= 8; word += 8)
        if (quotes_among(bytes8_load(word)))
            return 1;
    if (len >= 8) /* the last ones, some of them for the second time */
        return end > word && quotes_among(bytes8_load(end - 8));
    for (; word < end; word++)
        if (quotes[(unsigned char)*word])
            return 1;
    return len == 0;
}

static void buf_add_quoted(struct buf *b, const char *word, size_t len)
{
    char *out = buf_reserve(b, 2 * len + 2);
    char *p = out;
    size_t i;

    *p++ = '\'';
    for (i = 0; i < len; i++) {
        if (word[i] == '\'')
            *p++ = '\'';
        *p++ = word[i] == '\n' ? ' ' : word[i];
    }
    *p++ = '\'';
    b->end += (size_t)(p - out);
}

void buf_add_word(struct buf *b, const char *word, size_t len)
{
    if (buf_len(b) && b->data[b->end - 1] != '\n')
        buf_add_char(b, ' ');
    if (buf_word_quotes(word, len))
        buf_add_quoted(b, word, len);
    else
        buf_add(b, word, len);
}

void buf_add_words(struct buf *b, const char *word)
{
    buf_add_word(b, word, strlen(word));
}

void buf_add_pair(struct buf *b, const char *name, const char *value)
{
    buf_add_words(b, name);
    buf_add_words(b, value);
}

#include "plugins/registry/consul/body_text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define INT_DIGITS  18             /* that any int64_t has */

struct scan {
    const char *at, *end;
    struct buf *copy;
    unsigned depth;
    char *why; /* set: it is over */
};

/* -- what is wrong --------------------------------------------------------- */

/* The byte as Go has it between quotes, as a character of Latin-1. */
static void quote_byte(char out[16], unsigned char c)
{
    if (c == '\'' || c == '\\')
        snprintf(out, 16, "'\\%c'", c);
    else if (c == '\n' || c == '\r' || c == '\t')
        snprintf(out, 16, "'\\%c'", c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
    else if (c >= 0xa1 && c != 0xad)
        snprintf(out, 16, "'%c%c'", 0xc0 | c >> 6, 0x80 | (c & 0x3f));
    else if (c >= 0x80)
        snprintf(out, 16, "'\\u%04x'", (unsigned)c);
    else if (c < ' ' || c == 0x7f)
        snprintf(out, 16, "'\\x%02x'", (unsigned)c);
    else
        snprintf(out, 16, "'%c'", c);
}

/* The character at hand, or the end, stands where another should. */
static bool wrong(struct scan *s, const char *where)
{
    char byte[16];

    if (s->at >= s->end) {
        snprintf(s->why, BODY_WRONG_MAX, "unexpected EOF");
        return false;
    }
    quote_byte(byte, (unsigned char)*s->at);
    snprintf(s->why, BODY_WRONG_MAX, "invalid character %s %s", byte, where);
    return false;
}

static void skip_blanks(struct scan *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' ||
                              *s->at == '\r' || *s->at == '\n'))
        s->at++;
}

static int next(const struct scan *s)
{
    return s->at < s->end ? (unsigned char)*s->at : -1;
}

/* -- texts ----------------------------------------------------------------- */

static int hex(int c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The four hex digits behind \u; -1: they are none. */
static int four(struct scan *s)
{
    int code = 0, i, digit;

    for (i = 0; i < 4; i++, s->at++) {
        digit = hex(next(s));
        if (digit < 0) {
            wrong(s, "in \\u hexadecimal character escape");
            return -1;
        }
        code = code * 16 + digit;
    }
    return code;
}

static bool is_low_next(const struct scan *s)
{
    return s->end - s->at >= 6 && s->at[0] == '\\' && s->at[1] == 'u' &&
           (s->at[2] == 'd' || s->at[2] == 'D') && hex(s->at[3]) >= 12 &&
           hex(s->at[4]) >= 0 && hex(s->at[5]) >= 0;
}

static bool take_unicode(struct scan *s)
{
    const char *from = s->at - 2;
    int code = four(s);

    if (code < 0)
        return false;
    if (code < 0xd800 || code > 0xdfff) {
        buf_add(s->copy, from, 6);
        return true;
    }
    if (code >= 0xdc00 || !is_low_next(s)) {
        buf_add_str(s->copy, REPLACEMENT);
        return true;
    }
    buf_add(s->copy, from, 12);
    s->at += 6;
    return true;
}

static bool take_escape(struct scan *s)
{
    int c;

    s->at++;
    c = next(s);
    if (c == 'u') {
        s->at++;
        return take_unicode(s);
    }
    if (c < 0 || !c || !strchr("bfnrt\\/\"", c))
        return wrong(s, "in string escape code");
    buf_add(s->copy, s->at - 1, 2);
    s->at++;
    return true;
}

static bool take_wide(struct scan *s)
{
    uint32_t code;
    size_t n = utf8_char(s->at, (size_t)(s->end - s->at), &code);

    if (n)
        buf_add(s->copy, s->at, n);
    else
        buf_add_str(s->copy, REPLACEMENT);
    s->at += n ? n : 1;
    return true;
}

static bool take_text(struct scan *s)
{
    bool ok = true;
    int c;

    buf_add_char(s->copy, *s->at++);
    while (ok && (c = next(s)) != '"') {
        if (c < ' ')
            return wrong(s, "in string literal");
        if (c == '\\') {
            ok = take_escape(s);
        } else if (c >= 0x80) {
            ok = take_wide(s);
        } else {
            buf_add_char(s->copy, (char)c);
            s->at++;
        }
    }
    if (ok)
        buf_add_char(s->copy, *s->at++);
    return ok;
}

/* -- numbers and words ----------------------------------------------------- */

static bool digits(struct scan *s, const char *where)
{
    if (next(s) < '0' || next(s) > '9')
        return wrong(s, where);
    while (next(s) >= '0' && next(s) <= '9')
        s->at++;
    return true;
}

static bool take_number(struct scan *s)
{
    const char *from = s->at;
    bool whole = true;

    if (*s->at == '-')
        s->at++;
    if (next(s) == '0')
        s->at++;
    else if (!digits(s, "in numeric literal"))
        return false;
    if (next(s) == '.') {
        whole = false;
        s->at++;
        if (!digits(s, "after decimal point in numeric literal"))
            return false;
    }
    if (next(s) == 'e' || next(s) == 'E') {
        whole = false;
        s->at++;
        if (next(s) == '+' || next(s) == '-')
            s->at++;
        if (!digits(s, "in exponent of numeric literal"))
            return false;
    }
    whole = whole && s->at - from > INT_DIGITS;
    if (whole)
        buf_add_str(s->copy, "\"\\u0001#");
    buf_add(s->copy, from, (size_t)(s->at - from));
    if (whole)
        buf_add_char(s->copy, '"');
    return true;
}

static bool take_word(struct scan *s, const char *word)
{
    char where[64];
    const char *p;

    for (p = word; *p; p++, s->at++)
        if (next(s) != *p) {
            snprintf(where, sizeof(where), "in literal %s (expecting '%c')",
                     word, *p);
            return wrong(s, where);
        }
    buf_add_str(s->copy, word);
    return true;
}

/* -- values ---------------------------------------------------------------- */

static bool take_value(struct scan *s);

static bool take_name(struct scan *s)
{
    skip_blanks(s);
    if (next(s) != '"')
        return wrong(s, "looking for beginning of object key string");
    if (!take_text(s))
        return false;
    skip_blanks(s);
    if (next(s) != ':')
        return wrong(s, "after object key");
    buf_add_char(s->copy, *s->at++);
    return true;
}

/* Of an array or an object, from its bracket on. */
static bool take_items(struct scan *s, char ends)
{
    bool named = ends == '}';

    buf_add_char(s->copy, *s->at++);
    skip_blanks(s);
    if (next(s) != ends) {
        do {
            if ((named && !take_name(s)) || !take_value(s))
                return false;
            skip_blanks(s);
            if (next(s) == ',')
                buf_add_char(s->copy, ',');
        } while (next(s) == ',' && s->at++);
    }
    if (next(s) != ends)
        return wrong(s, named ? "after object key:value pair"
                              : "after array element");
    buf_add_char(s->copy, *s->at++);
    return true;
}

static bool take_nested(struct scan *s, char ends)
{
    bool ok;

    if (s->depth == BODY_DEPTH_MAX) {
        snprintf(s->why, BODY_WRONG_MAX, "exceeded max depth");
        return false;
    }
    s->depth++;
    ok = take_items(s, ends);
    s->depth--;
    return ok;
}

static bool take_value(struct scan *s)
{
    int c;

    skip_blanks(s);
    c = next(s);
    if (c == '{')
        return take_nested(s, '}');
    if (c == '[')
        return take_nested(s, ']');
    if (c == '"')
        return take_text(s);
    if (c == '-' || (c >= '0' && c <= '9'))
        return take_number(s);
    if (c == 't')
        return take_word(s, "true");
    if (c == 'f')
        return take_word(s, "false");
    if (c == 'n')
        return take_word(s, "null");
    return wrong(s, "looking for beginning of value");
}

bool body_text_scan(const char *text, size_t len, struct buf *copy,
                    char why[BODY_WRONG_MAX])
{
    struct scan s = {.at = text, .end = text + len, .copy = copy, .why = why};

    skip_blanks(&s);
    if (s.at == s.end) {
        snprintf(why, BODY_WRONG_MAX, "EOF");
        return false;
    }
    return take_value(&s);
}

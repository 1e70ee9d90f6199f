#include "lib/json_write.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/utf8.h"

#define INDENT 4

void jw_free(struct jw *w)
{
    buf_free(&w->buf);
    *w = (struct jw){.pretty = w->pretty};
}

void jw_reset(struct jw *w, size_t keep)
{
    buf_reset(&w->buf, keep);
    w->depth = 0;
    w->any[0] = 0;
    w->keyed = false;
}

/* -- what stands between --------------------------------------------------- */

static void new_line(struct jw *w, unsigned depth)
{
    size_t len = 1 + (size_t)depth * INDENT;
    char *at = buf_reserve(&w->buf, len);

    at[0] = '\n';
    memset(at + 1, ' ', len - 1);
    w->buf.end += len;
}

/* Before a key, an item of an array, or the outermost value. */
static void begin(struct jw *w)
{
    unsigned depth = w->depth;

    if (w->any[depth])
        buf_add_char(&w->buf, ',');
    w->any[depth] = 1;
    if (w->pretty && depth)
        new_line(w, depth);
}

static inline void value(struct jw *w)
{
    if (w->keyed)
        w->keyed = false;
    else
        begin(w);
}

static void open_with(struct jw *w, char begins, char ends)
{
    value(w);
    buf_add_char(&w->buf, begins);
    assert(w->depth < JW_DEPTH_MAX);
    w->depth++;
    w->any[w->depth] = 0;
    w->ends[w->depth] = ends;
}

void jw_open_object(struct jw *w)
{
    open_with(w, '{', '}');
}

void jw_open_array(struct jw *w)
{
    open_with(w, '[', ']');
}

void jw_close(struct jw *w)
{
    unsigned depth = w->depth--;

    assert(depth);
    if (w->pretty && w->any[depth])
        new_line(w, depth - 1);
    buf_add_char(&w->buf, w->ends[depth]);
}

/* -- texts ----------------------------------------------------------------- */

/* What stands behind a backslash; 0: the byte stands for itself; u: it is
 * written as \u00XX; 8: it begins a character of several bytes. */
static char escape_of(unsigned char c)
{
    switch (c) {
    case '"':
    case '\\': return (char)c;
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    case '<':
    case '>':
    case '&': return 'u';
    default: return c < ' ' ? 'u' : c >= 0x80 ? '8' : 0;
    }
}

/* The character at text as JSON has it; returns how many bytes it took. */
static size_t add_wide(struct buf *b, const char *text, size_t left)
{
    uint32_t code;
    size_t n = utf8_char(text, left, &code);

    if (!n) {
        buf_add_str(b, "\\ufffd");
        return 1;
    }
    if (code == 0x2028 || code == 0x2029)
        buf_add_fmt(b, "\\u%x", (unsigned)code);
    else
        buf_add(b, text, n);
    return n;
}

static void quote(struct buf *b, const char *text, size_t len)
{
    size_t from = 0, i = 0;
    char how;

    buf_add_char(b, '"');
    while (i < len) {
        how = escape_of((unsigned char)text[i]);
        if (!how) {
            i++;
            continue;
        }
        buf_add(b, text + from, i - from);
        if (how == '8') {
            i += add_wide(b, text + i, len - i);
        } else {
            buf_add_char(b, '\\');
            buf_add_char(b, how);
            if (how == 'u')
                buf_add_fmt(b, "00%02x", (unsigned)(unsigned char)text[i]);
            i++;
        }
        from = i;
    }
    buf_add(b, text + from, i - from);
    buf_add_char(b, '"');
}

static void end_key(struct jw *w)
{
    buf_add_char(&w->buf, ':');
    if (w->pretty)
        buf_add_char(&w->buf, ' ');
    w->keyed = true;
}

void jw_key(struct jw *w, const char *name)
{
    size_t len = strlen(name);
    char *at;

    begin(w);
    at = buf_reserve(&w->buf, len + 2);
    at[0] = '"';
    memcpy(at + 1, name, len);
    at[len + 1] = '"';
    w->buf.end += len + 2;
    end_key(w);
}

void jw_key_text(struct jw *w, const char *name, size_t len)
{
    begin(w);
    quote(&w->buf, name, len);
    end_key(w);
}

void jw_text_len(struct jw *w, const char *text, size_t len)
{
    value(w);
    quote(&w->buf, text, len);
}

void jw_text(struct jw *w, const char *text)
{
    jw_text_len(w, text, strlen(text));
}

void jw_base64(struct jw *w, const void *bytes, size_t len)
{
    value(w);
    buf_add_char(&w->buf, '"');
    if (len)
        base64_encode(&w->buf, bytes, len);
    buf_add_char(&w->buf, '"');
}

/* -- other values ---------------------------------------------------------- */

void jw_uint(struct jw *w, uint64_t n)
{
    value(w);
    buf_add_u64(&w->buf, n);
}

void jw_int(struct jw *w, int64_t n)
{
    value(w);
    if (n < 0)
        buf_add_char(&w->buf, '-');
    buf_add_u64(&w->buf, n < 0 ? -(uint64_t)n : (uint64_t)n);
}

/* Go: in digits alone from 1e-6 up to 1e21, else with an exponent. */
void jw_double(struct jw *w, double n)
{
    char text[64], digits[400];
    int precision;

    value(w);
    if (!isfinite(n)) {
        buf_add_str(&w->buf, "0"); /* JSON has none of these */
        return;
    }
    for (precision = 1; precision < DBL_DECIMAL_DIG; precision++) {
        snprintf(text, sizeof(text), "%.*g", precision, n);
        if (strtod(text, NULL) == n)
            break;
    }
    snprintf(text, sizeof(text), "%.*e", precision - 1, n);
    if (n == 0 || (fabs(n) >= 1e-6 && fabs(n) < 1e21)) {
        precision -= 1 + atoi(strchr(text, 'e') + 1);
        snprintf(digits, sizeof(digits), "%.*f", precision > 0 ? precision : 0,
                 n);
        buf_add_str(&w->buf, digits);
    } else {
        buf_add_str(&w->buf, text);
    }
}

void jw_bool(struct jw *w, bool yes)
{
    value(w);
    buf_add_str(&w->buf, yes ? "true" : "false");
}

void jw_null(struct jw *w)
{
    value(w);
    buf_add_str(&w->buf, "null");
}

void jw_raw(struct jw *w, const char *json, size_t len)
{
    value(w);
    buf_add(&w->buf, json, len);
}

/* -- pairs ----------------------------------------------------------------- */

void jw_pair_text(struct jw *w, const char *name, const char *text)
{
    jw_key(w, name);
    jw_text(w, text);
}

void jw_pair_uint(struct jw *w, const char *name, uint64_t n)
{
    jw_key(w, name);
    jw_uint(w, n);
}

void jw_pair_int(struct jw *w, const char *name, int64_t n)
{
    jw_key(w, name);
    jw_int(w, n);
}

void jw_pair_bool(struct jw *w, const char *name, bool yes)
{
    jw_key(w, name);
    jw_bool(w, yes);
}

void jw_pair_null(struct jw *w, const char *name)
{
    jw_key(w, name);
    jw_null(w);
}

#include "client/cli/similar.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

#define MARK '\1' /* in a key: here a piece stood */

/* Not the ones of ctype.h: those depend on the locale, bytes do not. */
static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_word(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           c == '_';
}

static size_t run_of(bool (*is)(char c), const char *p, size_t len)
{
    size_t n = 0;

    while (n < len && is(p[n]))
        n++;
    return n;
}

/* The name at p, if it ends there as a word does; 0: it is not there. */
static size_t name_at(const char *name, size_t name_len, const char *p,
                      size_t len)
{
    if (!name_len || len < name_len || memcmp(p, name, name_len) != 0)
        return 0;
    return len > name_len && is_word(p[name_len]) ? 0 : name_len;
}

static size_t host_at(const char *host, const char *p, size_t len)
{
    size_t whole = strlen(host), n = name_at(host, whole, p, len);

    return n ? n : name_at(host, strcspn(host, "."), p, len);
}

/* Groups of hexadecimal digits between colons, three at least: a MAC or an
 * IPv6 address; it may begin or end with two colons. */
static size_t colons_at(const char *p, size_t len)
{
    size_t n = 0, colons = 0, digits = 0;

    while (n < len && (is_hex(p[n]) || p[n] == ':')) {
        size_t group = run_of(is_hex, p + n, len - n);

        if (group > 4)
            return 0;
        digits += group;
        n += group;
        if (n < len && p[n] == ':') {
            colons++;
            n++;
        }
    }
    if (n && p[n - 1] == ':' && (n < 2 || p[n - 2] != ':'))
        n--, colons--;
    if (colons < 2 || !digits || (n < len && is_word(p[n])))
        return 0;
    return n;
}

/* Hexadecimal digits with numbers and letters among them: a checksum, an id. */
static size_t hex_at(const char *p, size_t len)
{
    size_t n = run_of(is_hex, p, len), digits = 0;

    for (size_t i = 0; i < n; i++)
        digits += is_digit(p[i]);
    if (n < 7 || !digits || digits == n || (n < len && is_word(p[n])))
        return 0;
    return n;
}

/* 12, 1,234, 0.05, 10.0.0.1: digits, and single dots and commas in them. */
static size_t number_at(const char *p, size_t len)
{
    size_t n = run_of(is_digit, p, len);

    while (n && n + 1 < len && (p[n] == '.' || p[n] == ',') &&
           is_digit(p[n + 1]))
        n += 1 + run_of(is_digit, p + n + 1, len - n - 1);
    return n;
}

/* How long a piece begins here; start: a word may. */
static size_t piece_at(const char *host, const char *p, size_t len, bool start)
{
    size_t n = 0;

    if (start)
        n = host_at(host, p, len);
    if (!n && start)
        n = colons_at(p, len);
    if (!n && start)
        n = hex_at(p, len);
    return n ? n : number_at(p, len);
}

static void piece_add(struct similar *s, size_t at, size_t len)
{
    if ((s->count & (s->count - 1)) == 0)
        s->pieces = xreallocarray(s->pieces, s->count ? s->count * 2 : 1,
                                  sizeof(*s->pieces));
    s->pieces[s->count++] = (struct similar_piece){.at = at, .len = len};
    buf_add_char(&s->key, MARK);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

void similar_make(struct similar *s, const char *host, const char *text,
                  size_t len)
{
    size_t i = 0, n;

    *s = (struct similar){.key = BUF_INIT};
    while (i < len) {
        bool start = i == 0 || !is_word(text[i - 1]);

        n = piece_at(host, text + i, len - i, start);
        if (n) {
            piece_add(s, i, n);
        } else if (is_blank(text[i])) {
            n = run_of(is_blank, text + i, len - i);
            buf_add_char(&s->key, ' ');
        } else {
            n = 1;
            buf_add_char(&s->key, text[i]);
        }
        i += n;
    }
}

void similar_free(struct similar *s)
{
    buf_free(&s->key);
    free(s->pieces);
    *s = (struct similar){.key = BUF_INIT};
}

bool similar_equal(const struct similar *a, const struct similar *b)
{
    size_t len = buf_len(&a->key);

    return len == buf_len(&b->key) &&
           (!len || memcmp(buf_data(&a->key), buf_data(&b->key), len) == 0);
}

void similar_compare(const struct similar *a, const char *text_a,
                     const struct similar *b, const char *text_b, bool *differs)
{
    for (size_t i = 0; i < a->count && i < b->count; i++) {
        const struct similar_piece *x = &a->pieces[i], *y = &b->pieces[i];

        if (x->len != y->len ||
            memcmp(text_a + x->at, text_b + y->at, x->len) != 0)
            differs[i] = true;
    }
}

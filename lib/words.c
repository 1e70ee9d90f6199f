#include "lib/words.h"

#include <stdlib.h>

#include "lib/bytes8.h"
#include "lib/mem.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Copies a word that holds a quote down over itself. Returns the end of its
 * source, or NULL if the quote is not closed. */
static char *word_unquote(char *from, char *end, struct word *w)
{
    char *to = from;
    bool quoted = false;

    w->text = from;
    w->quoted = true;
    for (; from < end && (quoted || !is_blank(*from)); from++) {
        if (*from != '\'')
            *to++ = *from;
        else if (quoted && from + 1 < end && from[1] == '\'')
            *to++ = *from++;
        else
            quoted = !quoted;
    }
    w->len = (unsigned)(to - w->text);
    if (quoted)
        return NULL;
    *to = '\0';
    return from;
}

/* The bytes of eight that end a plain run. */
static uint64_t stops_among(uint64_t x)
{
    return bytes8_equal(x, ' ') | bytes8_equal(x, '\t') | bytes8_equal(x, '\'');
}

/* The end of the plain run at p: a blank, a quote, or the end. */
static char *word_scan(char *p, const char *end)
{
    uint64_t stops;

    for (; end - p >= 8; p += 8) {
        stops = stops_among(bytes8_load(p));
        if (stops)
            return p + bytes8_first(stops);
    }
    while (p < end && !is_blank(*p) && *p != '\'')
        p++;
    return p;
}

int words_split(char *line, size_t len, struct word *words, int max)
{
    char *p = line, *end = line + len, *stop;
    int n = 0;

    for (;;) {
        while (p < end && is_blank(*p))
            p++;
        if (p == end)
            return n;
        if (n == max)
            return WORDS_TOO_MANY;
        stop = word_scan(p, end);
        if (stop < end && *stop == '\'') {
            stop = word_unquote(p, end, &words[n]);
            if (!stop)
                return WORDS_UNTERMINATED;
        } else {
            words[n].text = p;
            words[n].len = (unsigned)(stop - p);
            words[n].quoted = false;
            *stop = '\0';
        }
        n++;
        p = stop < end ? stop + 1 : stop;
    }
}

void words_own(struct words_own *w, const char *text, size_t len)
{
    int max = 1;

    w->line = xmemdup0(text, len);
    for (size_t i = 0; i < len; i++)
        max += is_blank(text[i]);
    w->words = xcalloc((size_t)max, sizeof(*w->words));
    w->n = words_split(w->line, len, w->words, max);
}

void words_own_free(struct words_own *w)
{
    free(w->words);
    free(w->line);
}

const char *words_error_text(int error)
{
    return error == WORDS_UNTERMINATED ? "a quote is not closed"
                                       : "too many words";
}

bool word_to_u64(const struct word *w, unsigned long long max,
                 unsigned long long *out)
{
    unsigned long long n = 0;
    unsigned i;

    if (!w->len)
        return false;
    for (i = 0; i < w->len; i++) {
        unsigned digit = (unsigned)(unsigned char)w->text[i] - '0';

        if (digit > 9 || digit > max || n > (max - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    *out = n;
    return true;
}

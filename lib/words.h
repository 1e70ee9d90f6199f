/*
 * The tokenizer: a line becomes words, in place and without copying
 * (doc/protocol.md, Lines and words; Inferno's str->unquoted).
 *
 * Must not know what the words mean, nor where the line came from.
 */
#ifndef MUSTER_LIB_WORDS_H
#define MUSTER_LIB_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* One word; text points into the line and is NOT NUL-terminated by itself:
 * words_split() writes a NUL behind it, where the line allows. */
struct word {
    char *text;
    unsigned len;
    bool quoted; /* some part of it stood in quotes */
};

enum words_error {
    WORDS_UNTERMINATED = -1, /* a quote was opened and not closed */
    WORDS_TOO_MANY = -2      /* more words than max */
};

/*
 * Splits line (len bytes, without its LF; line[len] must be writable) into at
 * most max words. Unquotes in place and ends every word with a NUL (words may
 * hold NULs of their own: look at len). Returns the number of words or an enum
 * words_error; then the line is spoilt.
 */
int words_split(char *line, size_t len, struct word *words, int max);

/* All words of a text that stays as it is: a copy of it, split. */
struct words_own {
    char *line;
    struct word *words;
    int n; /* how many, or an enum words_error */
};
void words_own(struct words_own *w, const char *text, size_t len);
/* Free it, whatever n is; what the words point to goes with it. */
void words_own_free(struct words_own *w);

/* The text for an error of words_split(), for the peer. */
const char *words_error_text(int error);

/* True if the word is exactly the NUL-terminated text. */
static inline bool word_is(const struct word *w, const char *text)
{
    size_t len = strlen(text);

    return w->len == len && memcmp(w->text, text, len) == 0;
}

/*
 * A whole non-negative decimal number up to max. Returns false (and leaves
 * *out) on anything else: sign, blank, empty, trailing junk, overflow.
 */
bool word_to_u64(const struct word *w, unsigned long long max,
                 unsigned long long *out);

#endif

#include "lib/suggest.h"

#include <string.h>

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment, three rows at a time. */
size_t suggest_distance(const char *a, const char *b)
{
    size_t rows[3][SUGGEST_MAX + 1], *last = rows[0], *row = rows[1];
    size_t *before = rows[2], *spare;
    size_t n = strlen(a), m = strlen(b);

    if (n > SUGGEST_MAX || m > SUGGEST_MAX)
        return n + m;
    for (size_t j = 0; j <= m; j++)
        last[j] = j;
    for (size_t i = 1; i <= n; i++) {
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            row[j] = last[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = least(row[j], least(last[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
        spare = before;
        before = last;
        last = row;
        row = spare;
    }
    return last[m];
}

void suggest_begin(struct suggest *s, const char *word)
{
    const char *dot = strrchr(word, '.');
    size_t last = strlen(dot == NULL ? word : dot + 1);

    *s = (struct suggest){.word = word, .distance = last < 6 ? 1 : last / 3};
}

void suggest_try(struct suggest *s, const char *candidate)
{
    size_t distance = suggest_distance(s->word, candidate);

    if (strlen(candidate) > SUGGEST_MAX || distance > s->distance ||
        (s->best[0] != '\0' && distance == s->distance))
        return;
    memcpy(s->best, candidate, strlen(candidate) + 1);
    s->distance = distance;
}

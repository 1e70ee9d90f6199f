/*
 * suggest: "did you mean ...?" for a word that is not in a table.
 *
 *   struct suggest s;
 *   suggest_begin(&s, word);
 *   for each word that there is: suggest_try(&s, it);
 *   if (s.best[0] != '\0') ...
 */
#ifndef MUSTER_LIB_SUGGEST_H
#define MUSTER_LIB_SUGGEST_H

#include <stddef.h>

#define SUGGEST_MAX 64 /* bytes of a word; longer ones are like no other */

struct suggest {
    const char *word;
    char best[SUGGEST_MAX + 1]; /* the nearest so far, "" if none is near */
    size_t distance; /* edits to it; first how many there may be, a third of
                      * the word (of its last part, if it has dots) */
};

void suggest_begin(struct suggest *s, const char *word);
void suggest_try(struct suggest *s, const char *candidate);

/* The number of single-character edits, swaps included, between two words. */
size_t suggest_distance(const char *a, const char *b);

#endif

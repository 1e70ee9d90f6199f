/*
 * A boolean in a text, as Go's strconv.ParseBool() reads it. In the header, for
 * it is all there is.
 */
#ifndef PLUGINS_REGISTRY_CONSUL_BOOLEAN_H
#define PLUGINS_REGISTRY_CONSUL_BOOLEAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* "1", "t", "TRUE"; "0", "f", "False" … False: it is none, *value is left. */
static inline bool boolean_parse(const char *text, bool *value)
{
    static const char *const words[][2] = {
        {"0", "1"},        {"f", "t"},        {"F", "T"},
        {"FALSE", "TRUE"}, {"false", "true"}, {"False", "True"}};
    size_t i;
    int yes;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        for (yes = 0; yes < 2; yes++)
            if (!strcmp(text, words[i][yes])) {
                *value = yes;
                return true;
            }
    return false;
}

#endif

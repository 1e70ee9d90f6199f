/*
 * Durations as Go reads and writes them: "1h30m", "100ms", "1.5s", "0"; with a
 * sign. Pure.
 */
#ifndef MUSTER_LIB_DURATION_H
#define MUSTER_LIB_DURATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DURATION_TEXT_MAX 64

/* Nanoseconds. False, and Go's words for it in why (which may be NULL). */
bool duration_parse(const char *text, int64_t *ns, char *why, size_t size);

/* "1m30s", "15s", "100ms"; 0 is "0s". */
void duration_write(char text[DURATION_TEXT_MAX], int64_t ns);

/* Rounded up, and never beyond INT64_MAX / 1000000. */
static inline int64_t duration_ms(int64_t ns)
{
    return ns / 1000000 + (ns % 1000000 > 0);
}

#endif

/*
 * utf8: the one place that says which bytes are UTF-8, and which characters
 * must not reach a terminal or a log as they are.
 */
#ifndef MUSTER_LIB_UTF8_H
#define MUSTER_LIB_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The length of the character that begins at s, of which `left` bytes are
 * there, and its code; 0 if there is none (too short, too long a form, a
 * surrogate, beyond U+10FFFF).
 */
size_t utf8_char(const char *s, size_t left, uint32_t *code);

/* Whether all of it is UTF-8. */
bool utf8_valid(const char *s, size_t len);

/* Control characters, and those that end lines or turn their direction. */
bool utf8_unsafe(uint32_t code);

/*
 * Writes s with what is unsafe or no UTF-8 as \xNN, for people to read: as much
 * as fits, ended by a NUL. Returns out.
 */
const char *utf8_clean(char *out, size_t size, const char *s);

#endif

/*
 * The text of a JSON body, before anything reads what it says: whether it is
 * JSON, in the words that Go's encoding/json has for what it is not; and a copy
 * that a stricter reader takes as well.
 *
 * As Go's decoder does it takes one value, and does not look at what stands
 * behind. In the copy what is no UTF-8, and halves of surrogate pairs, are
 * U+FFFD; whole numbers that no int64_t holds are texts of BODY_BIG and their
 * digits.
 *
 * Pure.
 */
#ifndef PLUGINS_REGISTRY_CONSUL_BODY_TEXT_H
#define PLUGINS_REGISTRY_CONSUL_BODY_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"

#define BODY_BIG       "\x01#" /* written as \u0001# */
#define BODY_DEPTH_MAX 64
#define BODY_WRONG_MAX 128 /* bytes of what is wrong */

/* False, and in why what is wrong: "EOF" if there is nothing but blanks. */
bool body_text_scan(const char *text, size_t len, struct buf *copy,
                    char why[BODY_WRONG_MAX]);

#endif

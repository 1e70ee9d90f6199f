/*
 * base64 (RFC 4648): bytes that a line cannot carry, as a word that it can.
 *
 * Pure.
 */
#ifndef MUSTER_LIB_BASE64_H
#define MUSTER_LIB_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"

/* Appends len bytes, encoded, padded. */
void base64_encode(struct buf *out, const char *bytes, size_t len);

/* Appends what text means; false, and nothing appended, if it is no whole
 * base64 with its padding. */
__attribute__((warn_unused_result)) bool
base64_decode(struct buf *out, const char *text, size_t len);

#endif

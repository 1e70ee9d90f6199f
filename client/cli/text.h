/*
 * text: bytes of strangers, made fit for a terminal, and the width they have
 * there.
 *
 * Pure. What is written to a pipe does not come here: a pipe gets bytes as
 * they are.
 */
#ifndef MUSTER_CLI_TEXT_H
#define MUSTER_CLI_TEXT_H

#include <stddef.h>

#include "lib/buf.h"

/*
 * Appends text; control characters but the tab, what turns the direction of
 * writing, and bytes that are no UTF-8 become \xNN, byte for byte.
 */
void text_add_safe(struct buf *out, const char *text, size_t len);

/* Columns that text_add_safe()'s result takes (a tab counts as one). */
size_t text_width(const char *text, size_t len);

/* The longest beginning of text that is no wider than columns: its bytes. */
size_t text_fit(const char *text, size_t len, size_t columns);

/* Appends columns - width blanks, if that is more than none. */
void text_pad(struct buf *out, size_t width, size_t columns);

/* "40 ms", "1.4 s", "12 s", "3:05", "1:02:03". */
void text_add_elapsed(struct buf *out, unsigned long long ms);

#endif

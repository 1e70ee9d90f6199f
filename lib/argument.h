/*
 * Arguments of operations on a line: a value that a line cannot carry as it is
 * stands in base64 behind a name that ends in a colon (doc/protocol.md, Bytes):
 *
 *   argv: c2gKLWMK          instead of      argv 'sh<LF>-c<LF>'
 *
 * It is taken off as soon as words are read: everything inside sees the name
 * without the colon and the bytes themselves.
 *
 * Pure: must not know which arguments there are.
 */
#ifndef MUSTER_LIB_ARGUMENT_H
#define MUSTER_LIB_ARGUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/words.h"

/* An argument to look at; value is NUL-terminated, and may hold NULs. */
struct argument {
    const char *name, *value;
    size_t len;
};
/* The i-th of a list; false behind the last. */
typedef bool argument_fn(const void *list, size_t i, struct argument *out);

/* A name that ends in a colon loses it, and its value becomes what it means,
 * in place. A static text why it cannot, or NULL. */
__attribute__((warn_unused_result)) const char *
argument_decode(struct word *name, struct word *value);

/* Appends a word of a text that is itself an argument (argv, env): quoted
 * where it must be, with every byte in its place. */
void argument_word(struct buf *text, const char *word, size_t len);

/* True if a line names secrets: it is overwritten once it has been handled. */
bool argument_line_is_secret(const char *line, size_t len);

/* True if a line cannot carry it as it is. */
bool argument_is_binary(const char *value, size_t len);
/* Appends " name value", in base64 where it must be: also where the name
 * itself ends in a colon. */
void argument_write(struct buf *out, const char *name, const char *value,
                    size_t len);

#endif

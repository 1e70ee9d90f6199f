/*
 * json: what --json prints, one object a line. The only file of the command
 * that knows jansson.
 *
 * A text that is no valid UTF-8 is not bent into shape: in its place stands
 * the object {"base64": "…"}; output of a job has "text" or "base64" as key.
 */
#ifndef MUSTER_CLI_JSON_H
#define MUSTER_CLI_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "client/muster.h"
#include "lib/buf.h"

struct jline; /* an object that is being written, its keys in order */

struct jline *jline_new(void);
void jline_text(struct jline *j, const char *key, const char *text);
void jline_int(struct jline *j, const char *key, long long value);
/* A number of the wire (at most 15 digits, a fraction or not) as a number,
 * anything else as text. */
void jline_value(struct jline *j, const char *key, const char *value);
void jline_bool(struct jline *j, const char *key, bool value);
void jline_null(struct jline *j, const char *key);
/* {"name": "value", …} */
void jline_attrs(struct jline *j, const char *key,
                 const struct muster_attr *attrs, size_t count);
/* ["…", …] */
void jline_list(struct jline *j, const char *key, const char *const *items,
                size_t count);
/* "text" or "base64" */
void jline_output(struct jline *j, const char *text, size_t len);
/* JSON as it is; what is none goes as text. */
void jline_json(struct jline *j, const char *key, const char *json, size_t len);
/* An object within: takes inner over. */
void jline_object(struct jline *j, const char *key, struct jline *inner);
/* Appends it to the list of that key, begun by the first: takes inner over. */
void jline_append(struct jline *j, const char *key, struct jline *inner);
/* What an object has under that key as text, a number or truth as JSON; free().
 * NULL: it has none, or json is no object. */
char *json_get(const char *json, size_t len, const char *key);
/* Appends it as a line to out and frees it. With ascii everything else is
 * written as \uNNNN, which no terminal acts upon. */
void jline_write(struct jline *j, struct buf *out, bool ascii);

#endif

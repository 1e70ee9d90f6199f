/*
 * What kv.c, kv_write.c and txn.c share: a key as Consul shows it, numbers in a
 * query, and how a session is named.
 */
#ifndef PLUGINS_REGISTRY_CONSUL_PAIR_H
#define PLUGINS_REGISTRY_CONSUL_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/state/kv.h"

struct call;
struct http_query;
struct jw;

/* The object of a key; with its value, or null in its place. */
void pair_write(struct jw *w, const struct kv_entry *e, bool value);

/* False: a key of so many bytes is too long to be written, and this has been
 * answered (400). */
bool pair_key_fits(struct call *c, size_t len);

/* 1: a number; 0: there is no parameter of that name; -1: it is none, and Go's
 * words for it have been answered (500). */
int pair_query_uint(struct call *c, const char *name, uint64_t *n);

#define PAIR_SESSION_TEXT 160 /* bytes of a text about one */

/*
 * The id that is meant by what was given, as loosely as Consul reads it; false:
 * it can be none, and why says so as Consul does. An id that is well-formed and
 * can be nobody's gives "".
 */
bool pair_session_id(const char *given, char id[KV_SESSION_ID + 1],
                     char why[PAIR_SESSION_TEXT]);

/* `"..."` as Go quotes it, cut after some hundred bytes; owned by the caller.
 */
char *pair_quoted(const char *text, size_t len);

#endif

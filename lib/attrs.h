/*
 * An ordered list of attributes (name, value), unique by name, as clients,
 * workers and the command line hold it, and the rules for names and values
 * that every side checks (doc/protocol.md).
 *
 * Must not know services or ports. The registry's own catalog has a denser
 * form (server/state/record.h); the rules are these.
 */
#ifndef MUSTER_LIB_ATTRS_H
#define MUSTER_LIB_ATTRS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"

struct attr {
    char *name;  /* owned, NUL-terminated */
    char *value; /* owned, NUL-terminated */
};

struct attrs {
    struct attr *list; /* owned, in the order of first setting */
    size_t count;
    size_t size;
};

void attrs_free(struct attrs *a);
/* Sets or replaces (in place); copies both. */
void attrs_set(struct attrs *a, const char *name, const char *value);
void attrs_set_fmt(struct attrs *a, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* True if there was one. */
bool attrs_unset(struct attrs *a, const char *name);
/* The value, or NULL; valid until the list changes. */
const char *attrs_get(const struct attrs *a, const char *name);
void attrs_copy(struct attrs *to, const struct attrs *from);
bool attrs_equal(const struct attrs *a, const struct attrs *b);
/* Appends " name value" for each, quoted. */
void attrs_write(const struct attrs *a, struct buf *out);

/*
 * Why this cannot be a name (of a service, an attribute) or a value: a static
 * text for the peer, or NULL if it can. Source: doc/protocol.md, Lines and
 * words; the two texts of registry(4) for service names.
 */
const char *attr_name_wrong(const char *name, size_t len);
const char *attr_value_wrong(const char *value, size_t len);
const char *service_name_wrong(const char *name, size_t len);

#endif

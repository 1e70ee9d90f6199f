/*
 * A domain name as it stands in a message: labels with their lengths, the root
 * at the end, never compressed. It is taken apart into labels and put together
 * of texts in which dots part labels; compressing it is the wire's (wire.h).
 *
 * Must not know which names mean what: that is ask.h.
 *
 * Source: RFC 1035, 3.1; RFC 4343 for letters.
 */
#ifndef MUSTER_PLUGINS_REGISTRY_DNS_DNAME_H
#define MUSTER_PLUGINS_REGISTRY_DNS_DNAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNAME_MAX        255 /* bytes, with the root */
#define DNAME_LABEL_MAX  63  /* bytes of a label */
#define DNAME_LABELS_MAX 127

struct dname {
    uint8_t bytes[DNAME_MAX];
    size_t len; /* with the root; 0: it did not fit, or has an empty label */
};

/* One label of a name; borrowed from it. */
struct dlabel {
    const char *text; /* any bytes */
    size_t len;
};

/* The root, to add to. */
void dname_root(struct dname *d);
/* Adds labels behind those that are there; what does not fit makes it a name of
 * len 0, to which nothing is added any more. */
void dname_add_label(struct dname *d, const char *text, size_t len);
/* Each part between dots; a dot at the end is fine. */
void dname_add_text(struct dname *d, const char *text, size_t len);
void dname_add(struct dname *d, const struct dname *more);

/* Its labels from the left; returns how many. */
unsigned dname_labels(const struct dname *d,
                      struct dlabel labels[DNAME_LABELS_MAX]);

/* Whether a label is this text, letters of either case being the same. */
bool dlabel_is(const struct dlabel *l, const char *text);
bool dlabel_same(const struct dlabel *a, const struct dlabel *b);

#endif

/*
 * Answers compressed for who takes gzip, whole or piece by piece.
 *
 * Must not know calls.
 */
#ifndef PLUGINS_REGISTRY_CONSUL_GZIP_H
#define PLUGINS_REGISTRY_CONSUL_GZIP_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"

#define GZIP_LEAST 1024 /* bytes of an answer that is worth it */

struct gzip;

struct gzip *gzip_new(void);
void gzip_free(struct gzip *z); /* NULL is fine */

/* Appends what is to be sent of these bytes now; last: of all there were, and
 * the next ones begin another text. */
void gzip_add(struct gzip *z, const void *bytes, size_t len, bool last,
              struct buf *out);

/* Whether Accept-Encoding (NULL: there was none) takes it. */
bool gzip_is_taken(const char *accept);

#endif

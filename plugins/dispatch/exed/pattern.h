/*
 * Host patterns as users of Ansible write them:
 *
 *   web*.example.org       a glob with * ? [ ]; `all` is *
 *   ~(web|db)[0-9]+        a regular expression, from the name's beginning on
 *   web*:db*, web*,db*     either
 *   web*:!web3             but not that one
 *   web*:&*.example.org    and also that
 *
 * A separator within brackets, or in a regular expression within parentheses
 * or braces, is none. A pattern that only excludes, or only asks for more, is
 * about every host.
 *
 * Pure: must not know where hosts come from.
 */
#ifndef PLUGINS_DISPATCH_EXED_PATTERN_H
#define PLUGINS_DISPATCH_EXED_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/mem.h"

#define PATTERN_MAX   4096 /* bytes of a whole pattern */
#define PATTERN_TERMS 64   /* of one pattern */

struct pattern;

/* NULL and *out, or an error text (free()). */
MUST_CHECK char *pattern_parse(const char *text, struct pattern **out);
bool pattern_match(const struct pattern *p, const char *host);
void pattern_free(struct pattern *p); /* NULL is fine */

#endif

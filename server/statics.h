/*
 * Static entries: services that registry.static, an attrdb file, registers for
 * those that cannot do it themselves. They are persistent, belong to the file,
 * and nobody else may change, remove or take over one.
 *
 * The file is read at the start and at SIGHUP. Only differences become changes:
 * an entry that says what is registered already makes no revision. With any
 * mistake in the file what was stays as it was. An entry whose name is taken by
 * another service waits, and is registered soon after that one has gone; so
 * does one that the store or a bound refused.
 *
 *   read --> asked for --done--> held --file without it--> removed
 *                ^       \
 *                +-timer-- waits (name taken, refused)
 *
 * Must not know sockets or lines.
 */
#ifndef MUSTER_SERVER_STATICS_H
#define MUSTER_SERVER_STATICS_H

#include <stdbool.h>

#include "lib/conf.h"
#include "lib/loop.h"
#include "server/state/catalog.h"

#define STATICS_NAME     "static" /* whom they belong to: no token has it */
#define STATICS_FILE_MAX (16 * 1024 * 1024) /* bytes of the file */

struct statics;

/* Both are borrowed; nothing is registered yet. */
struct statics *statics_new(struct loop *loop, struct catalog *c);
/*
 * Reads the file that conf names (none: no entries) and begins to make the
 * registry what it says. False, with every mistake logged, if it cannot be
 * read or has any: then the entries are what they were.
 */
bool statics_load(struct statics *s, const struct conf *conf);
/* After the catalog: what it was asked for has ended by then. */
void statics_free(struct statics *s);

#endif

/*
 * The plugins of a worker: executables in its folders, each an operation. They
 * are asked to describe themselves when the folders are looked through, each in
 * a process of its own with a deadline; what does not answer well is no
 * operation, and everything else goes on meanwhile.
 *
 *   plugins_scan() ─► folders read ─► describe, a few at once ─► changed()
 *                          ▲                                        │
 *                          └──────────── asked again ───────────────┘
 *
 * Must not know dispatchers, nor what becomes of a request: plugin_run.c.
 */
#ifndef MUSTER_WORKER_PLUGINS_H
#define MUSTER_WORKER_PLUGINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/attrs.h"
#include "lib/buf.h"
#include "lib/words.h"
#include "worker/describe.h"
#include "worker/job.h"
#include "worker/op.h"

/* A plugin; valid until the loop goes on. */
struct plugin {
    struct op op; /* its name and args are those of the description */
    struct description about;
    char *path;
    unsigned scan;     /* the last look that found it */
    UT_hash_handle hh; /* by name */
};

struct plugins;

/* js is borrowed: its tasks run the describing. changed is told when there are
 * others than before, and when a look is over. */
struct plugins *plugins_new(struct jobs *js, void (*changed)(void *arg),
                            void *arg);
void plugins_free(struct plugins *p);

/* Looks through the folders, "installed" being the one of make install, "off"
 * none. Where two have a plugin of one name, the first one's is it. */
void plugins_scan(struct plugins *p, const char *const *folders, size_t count,
                  uint64_t deadline_ms);
bool plugins_is_scanning(const struct plugins *p);

/* NULL: there is none of that name. p may be NULL. */
const struct op *plugins_find(const struct plugins *p, const struct word *name);
/* In the order of their names; NULL after the last. */
const struct plugin *plugins_at(const struct plugins *p, size_t i);

#endif

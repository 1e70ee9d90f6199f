/*
 * Hosts that this worker stands in front of: those of an inventory
 * (ansible.inventory), each registered as a worker of its own that is dialled
 * here (attribute `via`), whose jobs Ansible does.
 *
 *   fronts_look() ─► listed beside the loop ─► registered, changed, removed
 *
 * Must not know dispatchers, nor how Ansible does it: plugins/worker/ansible.
 */
#ifndef MUSTER_WORKER_FRONTS_H
#define MUSTER_WORKER_FRONTS_H

#include <stdbool.h>

#include "lib/conf.h"
#include "worker/inventory.h"
#include "worker/op.h"
#include "worker/register.h"

struct fronts;

/* All borrowed; jobs->settings is what the lister is told. */
struct fronts *fronts_new(struct jobs *js, struct registrar *r,
                          const struct op_rules *rules);
/* Removes them from the registry. */
void fronts_free(struct fronts *f);

/* Looks through the inventory that the settings name, now. */
void fronts_look(struct fronts *f, const struct conf *conf);
/* Sets an attribute of all of them; value NULL: removes it. */
void fronts_set(struct fronts *f, const char *attr, const char *value);

/* Whether one is called so. f may be NULL. */
bool fronts_has(const struct fronts *f, const char *host);
/* The operations that they have: NULL after the last, or for none. */
const struct op *fronts_op(const struct fronts *f, size_t i);
const struct op *fronts_find(const struct fronts *f, const struct word *name);

#endif

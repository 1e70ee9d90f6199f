/*
 * settings: the one table of every setting of every program of muster. A
 * setting exists because it has a row here; conf.c checks and reads by it,
 * `muster config` lists it, t/unit/test_settings.c holds conf/muster.yaml and
 * doc/muster.yaml.5 to it, and t/config-used.t the programs. A new one: a row
 * here, an entry in each of those two.
 *
 * It knows nothing but the table's type.
 */
#ifndef MUSTER_LIB_SETTINGS_H
#define MUSTER_LIB_SETTINGS_H

#include <stddef.h>

#include "lib/conf.h"

/* The table, in the order in which people are shown it. */
const struct conf_setting *settings_table(size_t *count);

#endif

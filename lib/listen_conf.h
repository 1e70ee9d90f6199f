/*
 * The listener host by its settings: the bounds of limits.*, and the addresses
 * of a face. What every daemon does at its start, once.
 *
 * Must not know any one face or program.
 */
#ifndef MUSTER_LIB_LISTEN_CONF_H
#define MUSTER_LIB_LISTEN_CONF_H

#include <stdbool.h>

#include "lib/conf.h"
#include "lib/listen.h"

struct listen_limits listen_conf_limits(const struct conf *conf);

/*
 * Listens for face wherever the setting key says; ctx goes to its open().
 * False when something is wrong, which has then been logged.
 */
MUST_CHECK bool listen_conf_add(struct listen_host *h, const struct conf *conf,
                                const char *key, const struct listen_face *face,
                                void *ctx);

#endif

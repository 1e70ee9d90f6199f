/*
 * The shorthand of the tables of settings; only they include this.
 */
#ifndef MUSTER_LIB_SETTINGS_IMPL_H
#define MUSTER_LIB_SETTINGS_IMPL_H

#include "lib/mem.h"
#include "lib/settings.h"

#define MUSTERD  CONF_MUSTERD
#define DISPATCH CONF_DISPATCH
#define WORKER   CONF_WORKER
#define CLI      CONF_CLI
#define DAEMONS  CONF_DAEMONS

#define SECOND INT64_C(1000)
#define DAY    (86400 * SECOND)
#define KIB    INT64_C(1024)
#define MIB    (1024 * KIB)
#define GIB    (1024 * MIB)
#define MANY   INT64_C(1000000000)
#define FD_MAX INT64_C(1048576)

/* A part of the table; the whole is their sum, in the order of settings.c. */
typedef const struct conf_setting *settings_part_fn(size_t *count);

settings_part_fn settings_of_registry, settings_of_dispatcher,
    settings_of_worker, settings_of_limits, settings_of_auth, settings_of_http,
    settings_of_exed, settings_of_dns, settings_of_ansible, settings_of_consul,
    settings_of_acl;

#endif

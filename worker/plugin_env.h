/*
 * What plugins are told of the worker's settings, as environment variables.
 */
#ifndef MUSTER_WORKER_PLUGIN_ENV_H
#define MUSTER_WORKER_PLUGIN_ENV_H

#include "lib/conf.h"

/* NAME=VALUE, NULL-terminated, in place of what *env was; plugin_env_free(). */
void plugin_env_set(char ***env, const struct conf *conf);
void plugin_env_free(char ***env);
size_t plugin_env_count(char *const *env);

#endif

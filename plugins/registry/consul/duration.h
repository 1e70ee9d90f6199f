/*
 * Where handlers look for it; it is lib's, for the DNS face reads them, too.
 */
#ifndef PLUGINS_REGISTRY_CONSUL_DURATION_H
#define PLUGINS_REGISTRY_CONSUL_DURATION_H

#include "lib/duration.h"

#endif

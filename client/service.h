/*
 * A service as the library keeps it: a copy in one piece of memory of what a
 * callback was told. Must not know where it came from.
 */
#ifndef MUSTER_CLIENT_SERVICE_H
#define MUSTER_CLIENT_SERVICE_H

#include <stdbool.h>

#include "client/muster.h"

/* To be freed with free(). */
struct muster_service *service_copy(const struct muster_service *s);
/* Same attributes with the same values; their order is no difference. */
bool service_equal(const struct muster_service *a,
                   const struct muster_service *b);

#endif

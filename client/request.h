/*
 * A request to a dispatcher whose answer is lines as words, for the other
 * files of the library. Must not know what the words mean.
 */
#ifndef MUSTER_CLIENT_REQUEST_H
#define MUSTER_CLIENT_REQUEST_H

#include "client/muster.h"
#include "lib/addr.h"

/* muster_request() to a dispatcher at that address (NULL: any). */
struct muster_request *request_start(struct muster *m, const struct addr *at,
                                     const char *const *words, size_t count,
                                     const struct muster_request_callbacks *cb,
                                     void *arg, char **error);

#endif

/*
 * Port find: a line is a selector, the answer the services that match it
 * (doc/protocol.md, "find").
 *
 * Must not know the other faces.
 */
#ifndef MUSTER_FACE_FIND_H
#define MUSTER_FACE_FIND_H

#include "lib/listen.h"

/* Its ctx is the struct musterd. */
const struct listen_face *find_face(void);

#endif

/*
 * Port new: services register here, and stay while their connection does
 * (doc/protocol.md, "new"; Inferno's registry(4)).
 *
 * A session is a connection and the services it owns. Must not know the other
 * faces.
 */
#ifndef MUSTER_FACE_NEW_H
#define MUSTER_FACE_NEW_H

#include "lib/listen.h"

/* Its ctx is the struct musterd. */
const struct listen_face *new_face(void);

#endif

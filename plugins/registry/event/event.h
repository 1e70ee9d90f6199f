/*
 * Port event: who connects is told of changes (doc/protocol.md, "event").
 *
 * A reader is a place in the stream of changes: it holds no queue. What it has
 * not read stays in the ring of recent changes, until that forgets it and the
 * reader is told of a gap. Must not know the other faces.
 */
#ifndef MUSTER_FACE_EVENT_H
#define MUSTER_FACE_EVENT_H

#include "lib/listen.h"

/* Its ctx is the struct musterd. */
const struct listen_face *event_face(void);

#endif

/*
 * The job port (6704) of the dispatcher: lines of words in, the life of jobs
 * out (doc/protocol.md, Port exec). It holds nothing but its connections: what
 * a request means is the dispatcher's.
 */
#ifndef PLUGINS_DISPATCH_EXEC_H
#define PLUGINS_DISPATCH_EXEC_H

#include "lib/listen.h"

/* Its ctx is the struct dispatch. */
const struct listen_face *exec_face(void);

#endif

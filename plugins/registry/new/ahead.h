/*
 * Looking ahead at lines of port new that came together, to see which services
 * they will be about. Only a guess, at what is cheap to see: nothing is checked
 * or taken, and a line that is not understood is left out.
 */
#ifndef MUSTER_FACE_NEW_AHEAD_H
#define MUSTER_FACE_NEW_AHEAD_H

#include <stddef.h>

#include "server/state/warm.h"

/* What the whole lines at the front of bytes are about; at most max hints.
 * Returns their number. They point into bytes. */
unsigned new_ahead(const char *bytes, size_t len, struct warm_hint *hints,
                   unsigned max);

#endif

/*
 * Connecting without blocking: the name is resolved, the connection made, and
 * where the address says so TLS begun, on the loop; the answer comes in a
 * callback, never from inside the call.
 *
 * Must not know what is spoken afterwards.
 */
#ifndef MUSTER_LIB_DIAL_H
#define MUSTER_LIB_DIAL_H

#include <stdint.h>

#include "lib/addr.h"
#include "lib/loop.h"
#include "lib/tls.h"

struct dial;

/*
 * fd >= 0: connected, non-blocking, the callee's to close; tls, also the
 * callee's, is NULL for plain text: conn_new(), then conn_start_tls(). fd < 0:
 * error says what was dialled and why it failed. The dial is gone by then.
 */
typedef void dial_fn(void *arg, int fd, struct tls_session *tls,
                     const char *error);

/* timeout_ms is for all of it; tls (borrowed) is for addresses of TLS, and NULL
 * where there cannot be any. */
struct dial *dial_start(struct loop *l, const struct addr *addr,
                        struct tls *tls, uint64_t timeout_ms, dial_fn *done,
                        void *arg);
/* Gives up; done is not called. */
void dial_cancel(struct dial *d);

#endif

/*
 * notify: a word to systemd about how a service is doing (sd_notify(3)), where
 * there is one that wants to know.
 *
 * It must not know what the daemon does.
 */
#ifndef MUSTER_LIB_NOTIFY_H
#define MUSTER_LIB_NOTIFY_H

#include <stdint.h>

/* Takes what systemd says (NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID) out of
 * the environment, so that no child speaks in our name; once, early. */
void notify_begin(void);

/* "READY=1"; nothing happens where nobody asked for it. */
void notify_tell(const char *state);

/* How often at least WATCHDOG=1 has to be told, ms; 0: nobody watches. */
uint64_t notify_watchdog_ms(void);

#endif

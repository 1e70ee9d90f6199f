/*
 * notify: a word to systemd about how a service is doing (sd_notify(3)), where
 * there is one that wants to know.
 *
 * It must not know what the daemon does.
 */
#ifndef MUSTER_LIB_NOTIFY_H
#define MUSTER_LIB_NOTIFY_H

/* "READY=1"; nothing happens without NOTIFY_SOCKET in the environment. */
void notify_tell(const char *state);

#endif

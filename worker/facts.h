/*
 * What a worker knows of its host, as attributes: found out once, without
 * asking the network.
 *
 * Must not know where they are sent.
 */
#ifndef MUSTER_WORKER_FACTS_H
#define MUSTER_WORKER_FACTS_H

#include "lib/attrs.h"

/* fqdn, os, distro, distro_version, kernel, arch, cpus, mem, boot: those that
 * can be found out. */
void facts_read(struct attrs *a);
/* How many cpus this process may use. */
unsigned facts_cpus(void);
/* The load of the last minute, "0.42", into at least 16 bytes. */
void facts_load(char *out, unsigned size);

/* Parts of it, pure: the value of NAME= in an os-release(5) text, and the
 * first name with a dot on the line of host in a hosts(5) text, into out.
 * False: there is none. */
bool facts_os_release(const char *text, const char *name, char *out,
                      unsigned size);
bool facts_hosts_fqdn(const char *text, const char *host, char *out,
                      unsigned size);

#endif

/*
 * How far each host of a job has been told, so that a job whose connection
 * broke can be read again from its start without telling anything twice.
 *
 * Output is counted in bytes per host and stream, the line ends among them:
 * what is told again may be split otherwise, or be cut in its middle.
 * Pure; must not know the connection.
 */
#ifndef MUSTER_CLIENT_HOSTS_H
#define MUSTER_CLIENT_HOSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/muster.h"

#define HOST_STREAMS    4
#define HOST_RESULT_MAX (2UL << 20) /* bytes of a result: twice what is sent */

struct host;

/* Begin with all zero, but for max. */
struct hosts {
    struct host *list; /* owned; by name */
    size_t count;
    size_t max; /* hosts that the job has */
};

void hosts_free(struct hosts *h);
/* The host of that name; NULL if the job would have too many. */
struct host *hosts_get(struct hosts *h, const char *name);
/* A new connection: everything is read from its start. */
void hosts_rewind(struct hosts *h);

/* True the first time. */
bool host_ack(struct host *h);
bool host_exit(struct host *h);
/* Attempt n follows: true if that was not told yet. */
bool host_retry(struct host *h, unsigned n);
bool host_has_exited(const struct host *h);

/*
 * A piece of a result; last: its end. The whole of it, which is the host's and
 * valid until the next call, and *len; or NULL while more is to come. A result
 * of which something is missing (host_result_cut()) is left out: *len has the
 * bytes of it that came.
 */
const char *host_result(struct host *h, const char *text, size_t size,
                        bool last, size_t *len);
void host_result_cut(struct host *h);

/* Takes len more bytes of a stream: how many at their end are news. */
uint64_t host_output(struct host *h, enum muster_stream stream, uint64_t len);

#endif

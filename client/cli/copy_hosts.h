/*
 * copy_hosts: who gets a file, and which of its chunks each of them misses.
 *
 * Pure.
 */
#ifndef MUSTER_CLI_COPY_HOSTS_H
#define MUSTER_CLI_COPY_HOSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uthash.h>

#include "lib/buf.h"

struct copy_host {
    char *name;
    bool answered; /* said what it misses */
    bool done;     /* has the file, or failed */
    uint64_t sent; /* bytes of chunks */
    char *why;     /* what it complained of last */
    bool *misses;  /* by number of the chunk; NULL: none */
    UT_hash_handle hh;
};

struct copy_hosts {
    struct copy_host *by_name;
    size_t chunks;
};

/* The host of that name, made when it is new. */
struct copy_host *copy_hosts_get(struct copy_hosts *h, const char *name);
/* It misses these chunks, "0-5,9"; false if that means nothing. */
bool copy_host_misses(struct copy_hosts *h, struct copy_host *host,
                      const char *ranges);
/* The first chunk from i on that anybody misses who has not failed, and who
 * does, "a,b", into out; or h->chunks. */
size_t copy_hosts_next(const struct copy_hosts *h, size_t i, struct buf *out);
/* Those that are not done, "a,b", into out; their number. */
size_t copy_hosts_left(const struct copy_hosts *h, struct buf *out);
void copy_hosts_free(struct copy_hosts *h);

#endif

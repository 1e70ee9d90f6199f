/*
 * The address of a page that a probe asks for: http://HOST[:PORT][/PATH], or
 * https. Pure, and strict: what holds a blank or a control character is none,
 * so that nothing of it can become a header.
 *
 * Must not know what is asked for, nor resolve names.
 */
#ifndef MUSTER_SERVER_PROBE_URL_H
#define MUSTER_SERVER_PROBE_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"

#define PROBE_URL_MAX 4096 /* bytes */

struct probe_url {
    bool tls;
    char host[ADDR_HOST_MAX + 1]; /* without the brackets of a V6 one */
    uint16_t port;
    const char *user; /* NAME[:PASSWORD] as it stands there; NULL: none */
    size_t user_len;
    const char *authority; /* HOST[:PORT] as it stands there */
    size_t authority_len;
    const char *target; /* path and query, "" for the root; no fragment */
    size_t target_len;
};

/* Its pointers point into text. NULL, or a static text what is wrong. */
const char *probe_url_parse(struct probe_url *u, const char *text, size_t len);
/* What a redirection from base leads to, as a text of its own (free()); NULL:
 * to nothing that can be asked for. */
char *probe_url_join(const struct probe_url *base, const char *location,
                     size_t len);

#endif

#include "plugins/registry/consul/rexec_written.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "server/state/kv.h"

#define DIGITS 5 /* of a piece's number */

/* The number of a piece by what stands behind its "out/"; false: it is none of
 * ours. */
static bool piece_number(const char *name, unsigned *number)
{
    if (strlen(name) < DIGITS ||
        strspn(name, "0123456789abcdef") < strlen(name))
        return false;
    *number = (unsigned)strtoul(name, NULL, 16);
    return true;
}

void rexec_written_look(const struct kv *kv, const char *base, const char *node,
                        struct rexec_written *out)
{
    char *prefix = xasprintf("%s/%s/", base, node);
    size_t len = strlen(prefix);
    const struct kv_entry *e = NULL;
    unsigned number;

    *out = (struct rexec_written){0};
    while ((e = kv_next(kv, prefix, len, e))) {
        const char *name = e->key + len;

        if (!strcmp(name, "ack")) {
            out->acked = true;
        } else if (!strcmp(name, "exit")) {
            out->exited = true;
        } else if (!strncmp(name, "out/", 4) &&
                   piece_number(name + 4, &number)) {
            out->bytes += e->value_len;
            if (number >= out->pieces)
                out->pieces = number + 1;
        }
    }
    free(prefix);
}

bool rexec_written_has(const struct kv *kv, const char *base, const char *node,
                       uint64_t at, const char *text, size_t len)
{
    char *prefix = xasprintf("%s/%s/out/", base, node);
    size_t prefix_len = strlen(prefix), n;
    const struct kv_entry *e = NULL;

    while (len && (e = kv_next(kv, prefix, prefix_len, e))) {
        if (at >= e->value_len) {
            at -= e->value_len;
            continue;
        }
        n = e->value_len - at < len ? e->value_len - at : len;
        if (memcmp(e->value + at, text, n) != 0)
            break;
        text += n;
        len -= n;
        at = 0;
    }
    free(prefix);
    return !len;
}

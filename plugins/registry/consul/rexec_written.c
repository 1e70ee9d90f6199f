#include "plugins/registry/consul/rexec_written.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "server/state/kv.h"

#define DIGITS 5 /* of a piece's number */

/* Flags; below them a number of bytes. */
#define MISSING   ((uint64_t)1 << 63)
#define OF_STDERR ((uint64_t)1 << 62)
#define NUMBER    (OF_STDERR - 1)

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

uint64_t rexec_written_flags(uint64_t all, unsigned errors)
{
    return all <= REXEC_PLAIN ? 0 : errors;
}

uint64_t rexec_written_missing(bool of_stderr, uint64_t bytes)
{
    return MISSING | (of_stderr ? OF_STDERR : 0) | (bytes & NUMBER);
}

static void add_bytes(struct rexec_written *w, const struct kv_entry *e)
{
    uint64_t n = e->flags & NUMBER;

    if (e->flags & MISSING) {
        w->all += n;
        w->bytes[e->flags & OF_STDERR ? 1 : 0] += n;
        return;
    }
    w->all += e->value_len;
    if (w->all <= REXEC_PLAIN) {
        w->first += e->value_len;
        return;
    }
    n = n < e->value_len ? n : e->value_len;
    w->bytes[0] += e->value_len - n;
    w->bytes[1] += n;
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
            add_bytes(out, e);
            if (number >= out->pieces)
                out->pieces = number + 1;
        }
    }
    free(prefix);
}

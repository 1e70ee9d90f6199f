/*
 * What asks for a remote execution, and what is kept of one: the first byte
 * says whether the others are that ('k'), an event's payload or a job. Each is
 * understood or refused with a reason; what is understood has what it must
 * have, within its bounds.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/uuid.h"
#include "plugins/registry/consul/rexec_job.h"
#include "plugins/registry/consul/rexec_kept.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_place(const uint8_t *data, size_t size)
{
    struct rexec_place p;
    const char *wrong = rexec_place_read(&p, data, size);

    if (!wrong && (!*p.prefix || strlen(p.prefix) > REXEC_PREFIX_MAX ||
                   !uuid_ok(p.session, strlen(p.session))))
        abort();
    rexec_place_free(&p);
}

static void read_job(const uint8_t *data, size_t size)
{
    struct rexec_job j;
    const char *wrong = rexec_job_read(&j, data, size);

    if (!wrong && (j.wait_ms < REXEC_WAIT_MIN || j.wait_ms > REXEC_WAIT_MAX ||
                   j.n_args > REXEC_ARGS_MAX))
        abort();
    if (!wrong && !j.n_args && !buf_len(&j.script) &&
        (!j.command || !*j.command))
        abort();
    rexec_job_free(&j);
}

/* What was understood is written as it would be kept, and read again. */
static void read_kept(const char *data, size_t size)
{
    struct rexec_kept k, again;
    struct buf text = BUF_INIT;
    const char *wrong = rexec_kept_read(&k, data, size);

    if (!wrong) {
        if (!k.count || k.wait_ms < REXEC_WAIT_MIN ||
            strlen(k.prefix) > REXEC_PREFIX_MAX)
            abort();
        rexec_kept_write(&k, &text);
        if (rexec_kept_read(&again, buf_data(&text), buf_len(&text)) ||
            again.count != k.count || again.n_parts != k.n_parts ||
            strcmp(again.prefix, k.prefix) != 0)
            abort();
        rexec_kept_free(&again);
    }
    buf_free(&text);
    rexec_kept_free(&k);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    if (data[0] == 'k')
        read_kept((const char *)data + 1, size - 1);
    else if (data[0] % 2)
        read_place(data + 1, size - 1);
    else
        read_job(data + 1, size - 1);
    return 0;
}

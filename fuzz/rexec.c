/*
 * What asks for a remote execution: the first byte says whether the others are
 * an event's payload or a job. Either is understood or refused with a reason;
 * what is understood has what it must have, within its bounds.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/uuid.h"
#include "plugins/registry/consul/rexec_job.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    if (data[0] % 2)
        read_place(data + 1, size - 1);
    else
        read_job(data + 1, size - 1);
    return 0;
}

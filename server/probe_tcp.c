/* A probe of TCP: it connects, and that is all. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/addr.h"
#include "lib/dial.h"
#include "lib/mem.h"
#include "server/probe.h"

struct probe_run {
    const struct probe_spec *spec;
    struct dial *dial;
    probe_done_fn *done;
    void *arg;
};

static void tcp_dialled(void *arg, int fd, struct tls_session *tls,
                        const char *error)
{
    struct probe_run *run = arg, was = *run;
    struct probe_result r = {.status = PROBE_CRITICAL};
    struct buf text = BUF_INIT;

    (void)tls; /* its address asks for none */
    free(run);
    if (fd >= 0) {
        close(fd);
        r.status = PROBE_PASSING;
        buf_add_fmt(&text, "TCP connect %s: Success", was.spec->target);
    } else {
        buf_add_fmt(&text, "TCP connect %s: %s", was.spec->target, error);
    }
    r.output = buf_str(&text);
    r.output_len = buf_len(&text);
    was.done(was.arg, &r);
    buf_free(&text);
}

static struct probe_run *tcp_start(const struct probe_place *place,
                                   const struct probe_spec *s,
                                   probe_done_fn *done, void *arg)
{
    struct probe_run *run = xcalloc(1, sizeof(*run));
    struct addr addr = {.kind = ADDR_OFF};

    *run = (struct probe_run){.spec = s, .done = done, .arg = arg};
    /* probe_spec_check() has seen that it is right */
    if (addr_parse(&addr, s->target, 0))
        addr.kind = ADDR_OFF;
    addr.tls = false;
    run->dial = dial_start(place->loop, &addr, NULL, probe_timeout_ms(s) + 1000,
                           tcp_dialled, run);
    return run;
}

static void tcp_cancel(struct probe_run *run)
{
    dial_cancel(run->dial);
    free(run);
}

const struct probe_kind probe_tcp = {tcp_start, tcp_cancel};

/*
 * Port exec: any bytes are requests, answered or refused. There are no workers,
 * so that nothing is run: jobs end as unreachable, or are refused.
 */
#include "plugins/dispatch/exec.h"

#include <stdlib.h>
#include <string.h>

#include "dispatcher/core.h"
#include "fuzz/port.h"
#include "lib/conf.h"
#include "lib/log.h"
#include "lib/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char fixture[] = "execute cmd true .hosts web1,web2 .keep 1\n"
                              "ping .hosts web3 .wait 3600 .detach 1\n";

static void read_settings(struct dispatch_settings *s)
{
    static const char *const options[] = {"dispatcher.jobs=8",
                                          "dispatcher.queue=8"};
    static struct conf *conf;
    struct conf_source src = {.options = options,
                              .n_options = ARRAY_LEN(options)};
    struct conf_errors errs = {0};

    if (!conf) {
        log_set(MLOG_ERROR, LOG_TEXT);
        conf = conf_load(&src, &errs);
    }
    if (!conf)
        abort();
    dispatch_settings_read(s, conf);
    s->store = NULL; /* memory */
}

/* The jobs of the fixture have a known name, so that inputs can use it. */
static struct dispatch *dispatch_with_jobs(struct loop *l, struct port_conn *p)
{
    struct dispatch_settings s;
    struct dispatch *d;
    char *error = NULL;

    read_settings(&s);
    d = dispatch_new(l, &s, &error);
    if (!d)
        abort();
    memset(d->instance, 'A', INSTANCE_LEN);
    d->synced = true;
    port_open(p, l, exec_face(), d);
    port_send(p, l, fixture, strlen(fixture));
    return d;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct loop *l = loop_new(NULL);
    struct port_conn other, p;
    struct dispatch *d = dispatch_with_jobs(l, &other);

    port_open(&p, l, exec_face(), d);
    port_feed(&p, l, data, size);
    port_close(&p, l);
    port_close(&other, l);
    dispatch_free(d);
    loop_free(l);
    return 0;
}

#include "fuzz/registry.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz/port.h"
#include "lib/auth/auth.h"
#include "lib/conf.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "plugins/registry/event/event.h"
#include "plugins/registry/new/new.h"
#include "server/musterd.h"

static const char fixture[] = "s1 kind web mem 8G host web1 .ack 1\n"
                              ".new s2 kind db persist 1\n"
                              ".new s3 load 1 .volatile load .ttl 3600\n";
static const char watching[] = ".detail 1 .since 0\n";

static const struct conf *small_conf(void)
{
    static const char *const options[] = {
        "registry.store=memory", "registry.changes=16", "limits.attrs=32",
        "limits.name=64",        "limits.value=256",    "limits.services=64"};
    static const struct conf *conf;
    struct conf_source src = {.options = options,
                              .n_options = ARRAY_LEN(options)};
    struct conf_errors errs = {0};

    if (!conf) {
        log_set(MLOG_ERROR, LOG_TEXT);
        conf = conf_load(&src, &errs);
    }
    if (!conf)
        abort();
    return conf;
}

int fuzz_registry(const struct listen_face *face, const uint8_t *data,
                  size_t size)
{
    struct loop *l = loop_new(NULL);
    struct auth *auth = auth_new(l);
    struct port_conn p, watcher, owner;
    struct musterd m;

    if (!musterd_init(&m, l, auth, small_conf()))
        abort();
    port_open(&owner, l, new_face(), &m);
    port_send(&owner, l, fixture, strlen(fixture));
    port_open(&watcher, l, event_face(), &m);
    port_send(&watcher, l, watching, strlen(watching));
    port_open(&p, l, face, &m);
    port_feed(&p, l, data, size);
    port_close(&p, l);
    port_read(&watcher);
    port_close(&owner, l);
    port_close(&watcher, l);
    musterd_free(&m);
    auth_free(auth);
    loop_free(l);
    return 0;
}

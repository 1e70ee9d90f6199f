#include "lib/listen_conf.h"

#include <stdlib.h>

#include "lib/log.h"

static unsigned seconds(const struct conf *conf, const char *key)
{
    return (unsigned)((conf_duration_ms(conf, key) + 999) / 1000);
}

struct listen_limits listen_conf_limits(const struct conf *conf)
{
    return (struct listen_limits){
        .conn =
            {.line = conf_size(conf, "limits.line"),
             .output = conf_size(conf, "limits.output"),
             .lines_a_turn =
                 (unsigned)conf_int(conf, "limits.requests_per_turn"),
             .greet_ms = (uint64_t)conf_duration_ms(conf, "limits.handshake"),
             .first_ms = (uint64_t)conf_duration_ms(conf, "limits.first_line"),
             .idle_ms = (uint64_t)conf_duration_ms(conf, "limits.idle"),
             .stalled_ms = (uint64_t)conf_duration_ms(conf, "limits.stalled"),
             .keepalive_s = seconds(conf, "limits.keepalive"),
             .user_timeout_s = seconds(conf, "limits.user_timeout")},
        .handshakes = (unsigned)conf_int(conf, "limits.handshakes"),
        .handshakes_per_turn =
            (unsigned)conf_int(conf, "limits.handshakes_per_turn"),
        .connections = (unsigned)conf_int(conf, "limits.connections"),
        .connections_per_address =
            (unsigned)conf_int(conf, "limits.connections_per_address"),
    };
}

bool listen_conf_add(struct listen_host *h, const struct conf *conf,
                     const char *key, const struct listen_face *face, void *ctx)
{
    size_t count, i;
    const char *const *texts = conf_listen(conf, key, &count);
    const char *wrong;
    struct addr addr;
    char *error;

    for (i = 0; i < count; i++) {
        wrong = addr_parse(&addr, texts[i], 0);
        error = wrong ? xstrdup(wrong) : listen_add(h, face, &addr, ctx);
        if (!error && !addr_is_local(&addr) && !addr.tls)
            log_warn("%s %s: others reach it without TLS: what passes there, "
                     "tokens too, can be read on its way",
                     key, texts[i]);
        if (!error)
            continue;
        log_error("%s %s: %s", key, texts[i], error);
        free(error);
        return false;
    }
    return true;
}

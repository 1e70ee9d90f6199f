/*
 * The tls.* settings as the options of libmuster: for the programs of this
 * tree, which have both.
 */
#ifndef MUSTER_CLIENT_TLS_SETTINGS_H
#define MUSTER_CLIENT_TLS_SETTINGS_H

#include "client/muster.h"
#include "lib/tls_conf.h"

/* Its texts are conf's. */
static inline struct muster_tls tls_settings(const struct conf *conf)
{
    struct tls_options o = tls_conf_options(conf);

    return (struct muster_tls){.ca = o.ca,
                               .cert = o.cert,
                               .key = o.key,
                               .name = o.name,
                               .only_13 = o.only_13};
}

#endif

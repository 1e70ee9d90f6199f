/* What a daemon may listen on while muster has neither tokens nor TLS. */
#include "lib/addr.h"
#include "lib/conf_errors.h"
#include "lib/conf_impl.h"

static bool check_address(const struct conf *conf, const struct conf_setting *s,
                          const char *text, struct conf_errors *errs)
{
    struct addr addr;

    if (addr_parse(&addr, text, 0) != NULL || addr.kind == ADDR_OFF ||
        addr_is_local(&addr))
        return true;
    conf_errors_add(errs, conf_origin(conf, s->key), 0,
                    "%s: %s can be reached from other machines; muster has "
                    "neither tokens nor TLS yet and listens on loopback "
                    "addresses and unix sockets only",
                    s->key, text);
    return false;
}

bool conf_check_local(const struct conf *conf, unsigned programs,
                      struct conf_errors *errs)
{
    const struct conf_setting *s;
    const char *const *list;
    bool good = true;
    size_t n;

    for (size_t i = 0; i < conf->layer.n; i++) {
        s = &conf->layer.table[i];
        if (s->type != CONF_LISTEN || (s->programs & programs) == 0)
            continue;
        list = conf_listen(conf, s->key, &n);
        for (size_t j = 0; j < n; j++)
            good = check_address(conf, s, list[j], errs) && good;
    }
    return good;
}

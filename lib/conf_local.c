/*
 * What a daemon may listen on: where other machines reach it, only when
 * something says who may do what there. Whoever can execute commands through
 * an open port owns the hosts behind it; no default is to open one.
 */
#include "lib/addr.h"
#include "lib/conf_errors.h"
#include "lib/conf_impl.h"
#include "lib/tls.h"

/* Whether something says so. */
static bool is_guarded(const struct conf *conf)
{
    const char *tokens = conf_str(conf, "auth.tokens");

    return (tokens != NULL && *tokens != '\0') ||
           conf_is_set(conf, "auth.anonymous");
}

static bool check_address(const struct conf *conf, const struct conf_setting *s,
                          const char *text, struct conf_errors *errs)
{
    struct addr addr;

    if (addr_parse(&addr, text, 0) != NULL || addr.kind == ADDR_OFF ||
        addr_is_local(&addr))
        return true;
    if (addr.tls && conf_enum(conf, "tls.client") == TLS_CLIENT_REQUIRED)
        return true; /* who is there has a certificate of our CA */
    conf_errors_add(
        errs, conf_origin(conf, s->key), 0,
        "%s: %s can be reached from other machines, and nothing "
        "says who may do what: name a tokens file as auth.tokens "
        "(muster token create NAME --file FILE makes one), or say "
        "what may be done without a token as auth.anonymous (auto: "
        "nothing from elsewhere, where the tokens are the "
        "registry's; all: everything by everybody); or listen on tls!HOST!PORT "
        "with tls.client required (muster tls init and muster tls "
        "issue make certificates)",
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

    if (is_guarded(conf))
        return true;
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

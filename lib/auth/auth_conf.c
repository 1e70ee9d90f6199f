#include "lib/auth/auth_conf.h"

#include <stdlib.h>
#include <string.h>

#include "lib/auth/secret.h"
#include "lib/conf_errors.h"
#include "lib/log.h"
#include "lib/mem.h"

static bool rule_is_general(const char *rule)
{
    return !strcmp(rule, "auto") || !strcmp(rule, "all") ||
           !strcmp(rule, "none");
}

/* A token that auth.anonymous names must be one. */
static void check_rule(const struct auth_files *f, const struct conf *conf,
                       struct conf_errors *errs)
{
    const char *rule = conf_str(conf, "auth.anonymous");

    if (!rule_is_general(rule) && !tokens_find(f->tokens, rule))
        conf_errors_add(errs, conf_origin(conf, "auth.anonymous"), 0,
                        "auth.anonymous: '%.80s' is neither auto, all or none "
                        "nor a token in the file of auth.tokens",
                        rule);
}

bool auth_files_read(struct auth_files *f, const struct conf *conf,
                     unsigned programs, struct conf_errors *errs)
{
    size_t before = errs->n + errs->more;
    const char *tokens = conf_str(conf, "auth.tokens");
    const char *token = conf_str(conf, "token_file");
    char *why = NULL;

    *f = (struct auth_files){0};
    if (tokens && *tokens && programs & CONF_DAEMONS)
        f->tokens = tokens_read(tokens, errs);
    if (programs & CONF_DAEMONS && errs->n + errs->more == before)
        check_rule(f, conf, errs);
    if (token && *token)
        f->token = token_read(token, &why);
    if (why)
        conf_errors_add(errs, conf_origin(conf, "token_file"), 0,
                        "token_file: %s: %s", token, why);
    free(why);
    if (errs->n + errs->more == before)
        return true;
    auth_files_free(f);
    return false;
}

void auth_files_free(struct auth_files *f)
{
    tokens_free(f->tokens);
    secret_free(f->token);
    *f = (struct auth_files){0};
}

struct sweep {
    struct auth *auth;
    const struct tokens *tokens;
};

static void sweep_one(void *arg, struct principal *p)
{
    const struct sweep *s = arg;

    if (!tokens_find(s->tokens, p->name))
        auth_drop(s->auth, AUTH_FILE, p->name, "the token was revoked");
}

void auth_conf_apply(struct auth *a, const struct conf *conf,
                     const struct auth_files *f)
{
    struct sweep s = {.auth = a, .tokens = f->tokens};
    size_t i;

    auth_each(a, AUTH_FILE, sweep_one, &s);
    for (i = 0; f->tokens && i < f->tokens->count; i++)
        auth_put(a, AUTH_FILE, principal_ref(f->tokens->list[i]));
    auth_set_anonymous(a, conf_str(conf, "auth.anonymous"));
    if (f->tokens)
        log_info("%zu tokens of %s are in force", f->tokens->count,
                 conf_str(conf, "auth.tokens"));
}

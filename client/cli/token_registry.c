/*
 * Tokens that a registry keeps in its store, over its admin face. The secret
 * stays here: the registry gets its hash.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/admin_call.h"
#include "client/cli/token.h"
#include "lib/auth/rights_json.h"
#include "lib/auth/secret.h"
#include "lib/auth/tokens.h"
#include "lib/mem.h"

#define TOKENS_PATH "/v1/tokens"

static int registry_create(struct cli *cli, const char *where,
                           const struct principal *p)
{
    json_t *o = rights_to_json(p);
    char hash[HASH_TEXT_MAX], *body;
    struct admin_call call = {.method = "POST", .path = TOKENS_PATH};
    int status;

    (void)where;
    secret_hash_write(p->hash, hash);
    json_object_set_new(o, "hash", json_string(hash));
    body = json_dumps(o, JSON_COMPACT);
    json_decref(o);
    call.body = body;
    status = admin_call(cli, &call);
    buf_free(&call.reply);
    free(body);
    return status;
}

/* False: it is not what a registry says of a token. */
static bool tell_token(struct cli *cli, const json_t *o,
                       void (*fn)(struct cli *cli, const struct principal *p))
{
    const char *name = json_string_value(json_object_get(o, "name"));
    struct principal *p;
    json_t *rights;
    char *error;

    if (!name || tokens_name_wrong(name))
        return false;
    rights = json_copy((json_t *)o);
    json_object_del(rights, "created");
    json_object_del(rights, "changed");
    p = principal_new(name);
    error = rights_from_json(p, rights);
    if (!error)
        fn(cli, p);
    json_decref(rights);
    principal_unref(p);
    free(error);
    return !error;
}

static int tell_tokens(struct cli *cli, const struct buf *reply,
                       void (*fn)(struct cli *cli, const struct principal *p))
{
    json_t *all = json_loadb(buf_data(reply), buf_len(reply), 0, NULL);
    bool good = all != NULL;
    size_t i;

    if (json_is_array(all))
        for (i = 0; i < json_array_size(all) && good; i++)
            good = tell_token(cli, json_array_get(all, i), fn);
    else if (good)
        good = tell_token(cli, all, fn);
    json_decref(all);
    if (good)
        return CLI_OK;
    return cli_fail(cli, CLI_NO, NULL,
                    "the registry's answer is no list of tokens: is it of "
                    "another version?");
}

static int registry_list(struct cli *cli, const char *where, const char *name,
                         void (*fn)(struct cli *cli, const struct principal *p))
{
    char *path =
        xasprintf(TOKENS_PATH "%s%s", name ? "/" : "", name ? name : "");
    struct admin_call call = {.method = "GET", .path = path};
    int status = admin_call(cli, &call);

    (void)where;
    if (status == CLI_OK)
        status = tell_tokens(cli, &call.reply, fn);
    buf_free(&call.reply);
    free(path);
    return status;
}

static int registry_revoke(struct cli *cli, const char *where, const char *name)
{
    char *path = xasprintf(TOKENS_PATH "/%s", name);
    struct admin_call call = {.method = "DELETE", .path = path};
    int status = admin_call(cli, &call);

    (void)where;
    buf_free(&call.reply);
    free(path);
    return status;
}

const struct token_place token_registry_place = {
    .create = registry_create,
    .list = registry_list,
    .revoke = registry_revoke,
};

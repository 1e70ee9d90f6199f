/*
 * muster token: makes, shows and revokes tokens. The secret is made here and
 * printed once; what is kept anywhere is its hash.
 */
#include "client/cli/token.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/cli/text.h"
#include "lib/auth/rights.h"
#include "lib/auth/rights_json.h"
#include "lib/auth/secret.h"
#include "lib/auth/tokens.h"
#include "lib/conf.h"
#include "lib/mem.h"

/* -- the options as rights ------------------------------------------------- */

/* False after complaining; error is freed. */
static bool good(struct cli *cli, char *error)
{
    if (!error)
        return true;
    cli_fail(cli, CLI_USAGE, NULL, "token: %s", error);
    free(error);
    return false;
}

/* 2027-01-31T12:00:00Z, or 90d from now. */
static char *set_expiry(struct principal *p, const char *text)
{
    int64_t ms;

    if (!conf_parse_duration(text, &ms))
        return rights_set(p, "expires", text);
    if (ms < 1000)
        return xstrdup("--expires: a second at least");
    p->expires = time(NULL) + (time_t)(ms / 1000);
    return NULL;
}

static char *set_pin(struct principal *p, const char *text)
{
    const char *equals = strchr(text, '=');
    char *field, *error;

    if (!equals)
        return xasprintf("--pin %.60s: write ATTR=VALUE", text);
    field = xasprintf("pin.%.*s", (int)(equals - text), text);
    error = rights_set(p, field, equals + 1);
    free(field);
    return error;
}

static bool set_rights(struct cli *cli, struct principal *p)
{
    /* options, and the rights that they add to */
    static const char *const lists[][2] = {{"register", "register"},
                                           {"set", "set"},
                                           {"ops", "ops"},
                                           {"kv-read", "kv_read"},
                                           {"kv-write", "kv_write"}};
    static const char *const texts[] = {"find", "watch", "exec", "cert"};
    const struct args *a = &cli->args;
    const char *text, *wrong;
    size_t i, n;

    for (i = 0; i < ARRAY_LEN(lists); i++)
        for (n = 0; (text = args_nth(a, lists[i][0], n)); n++)
            if (!good(cli, rights_add(p, lists[i][1], text)))
                return false;
    for (i = 0; i < ARRAY_LEN(texts); i++)
        if ((text = args_get(a, texts[i])) &&
            !good(cli, rights_set(p, texts[i], text)))
            return false;
    for (n = 0; (text = args_nth(a, "pin", n)); n++)
        if (!good(cli, set_pin(p, text)))
            return false;
    text = args_get(a, "expires");
    if (text && !good(cli, set_expiry(p, text)))
        return false;
    p->admin = args_has(a, "administrator");
    wrong = rights_wrong(p);
    return good(cli, wrong ? xstrdup(wrong) : NULL);
}

/* -- printing -------------------------------------------------------------- */

static void print_json(struct cli *cli, json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);

    buf_add_str(out_buf(&cli->out), text);
    buf_add_char(out_buf(&cli->out), '\n');
    out_push(&cli->out);
    free(text);
    json_decref(object);
}

static void print_token(struct cli *cli, const struct principal *p)
{
    struct buf line = BUF_INIT;

    if (cli->json) {
        print_json(cli, rights_to_json(p));
        return;
    }
    buf_add_words(&line, p->name);
    rights_write(p, false, &line);
    text_add_safe(out_buf(&cli->out), buf_data(&line), buf_len(&line));
    buf_add_char(out_buf(&cli->out), '\n');
    out_push(&cli->out);
    buf_free(&line);
}

static void print_secret(struct cli *cli, const struct principal *p,
                         const char *token)
{
    json_t *object;

    if (cli->json) {
        object = rights_to_json(p);
        json_object_set_new(object, "token", json_string(token));
        print_json(cli, object);
    } else {
        buf_add_str(out_buf(&cli->out), token);
        buf_add_char(out_buf(&cli->out), '\n');
        out_push(&cli->out);
    }
    cli_note(cli, "this is the only time that the token is shown");
}

/* -- the verb -------------------------------------------------------------- */

static int token_create(struct cli *cli, const struct token_place *place,
                        const char *where, const char *name)
{
    struct principal *p;
    char *token = NULL;
    int status = CLI_USAGE;

    p = principal_new(name);
    if (set_rights(cli, p)) {
        token = secret_token(name);
        status = token ? CLI_OK
                       : cli_fail(cli, CLI_NO, NULL,
                                  "token: the system gives no random bytes");
    }
    if (token) {
        secret_hash(token, strlen(token), p->hash);
        p->has_hash = true;
        status = place->create(cli, where, p);
    }
    if (status == CLI_OK)
        print_secret(cli, p, token);
    secret_free(token);
    principal_unref(p);
    return status;
}

static int token_revoke(struct cli *cli, const struct token_place *place,
                        const char *where, const char *name)
{
    int status = place->revoke(cli, where, name);
    struct jline *j;

    if (status == CLI_OK && cli->json) {
        j = jline_new();
        jline_text(j, "revoked", name);
        cli_json(cli, j);
    }
    return status;
}

int verb_token(struct cli *cli)
{
    const char *where = args_get(&cli->args, "file");
    const struct token_place *place =
        where ? &token_file_place : &token_registry_place;
    const char *word = cli->args.words[0], *name = NULL;
    bool list = !strcmp(word, "list");

    if (cli->args.n_words > 1)
        name = cli->args.words[1];
    if (where && args_has(&cli->args, "admin"))
        return cli_fail(cli, CLI_USAGE, NULL,
                        "token: in a file (--file) or in a registry "
                        "(--admin)?");
    if (list && !name)
        return place->list(cli, where, NULL, print_token);
    if (list || !name)
        return cli_fail(cli, CLI_USAGE, "muster help token",
                        list ? "token: list takes no name"
                             : "token: %s: of which name?",
                        word);
    if (tokens_name_wrong(name))
        return cli_fail(cli, CLI_USAGE, NULL, "token: %s: %s", name,
                        tokens_name_wrong(name));
    if (!strcmp(word, "create"))
        return token_create(cli, place, where, name);
    if (!strcmp(word, "show"))
        return place->list(cli, where, name, print_token);
    if (!strcmp(word, "revoke"))
        return token_revoke(cli, place, where, name);
    return cli_fail(cli, CLI_USAGE, "create, list, show or revoke",
                    "token %s: there is no such thing", word);
}

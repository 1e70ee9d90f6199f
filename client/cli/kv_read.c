/*
 * muster kv get and kv list: what a key holds, what keys there are.
 */
#include <stdlib.h>
#include <string.h>

#include "client/cli/kv.h"
#include "client/cli/text.h"
#include "lib/mem.h"

/* -- get ------------------------------------------------------------------- */

/* Line by line on a terminal; to a pipe as it is; a line end after it. */
static void put_value(struct cli *cli, const struct buf *value)
{
    struct buf *out = out_buf(&cli->out);
    const char *text = buf_data(value), *end;
    size_t len = buf_len(value), n;

    for (; cli->out.tty && len; text += n, len -= n) {
        end = memchr(text, '\n', len);
        n = end ? (size_t)(end - text) : len;
        text_add_safe(out, text, n);
        buf_add_char(out, '\n');
        n += end != NULL;
    }
    if (cli->out.tty)
        return;
    if (len)
        buf_add(out, text, len);
    if (!len || text[len - 1] != '\n')
        buf_add_char(out, '\n');
}

static void put_pair(struct cli *cli, const struct kv_pair *p)
{
    if (cli->json) {
        consul_put_json(cli, kv_pair_json(p));
        return;
    }
    if (args_has(&cli->args, "recurse"))
        kv_pair_line(out_buf(&cli->out), p);
    else if (!args_has(&cli->args, "raw"))
        put_value(cli, &p->value);
    else if (buf_len(&p->value))
        buf_add(out_buf(&cli->out), buf_data(&p->value), buf_len(&p->value));
    out_push(&cli->out);
}

static int tell_pairs(struct consul *c, const struct http_answer *a)
{
    json_t *all = consul_json(a);
    struct kv_pair p;
    bool good = json_is_array(all);

    for (size_t i = 0; good && i < json_array_size(all); i++) {
        good = kv_pair_read(&p, json_array_get(all, i));
        if (good)
            put_pair(c->cli, &p);
        kv_pair_free(&p);
    }
    json_decref(all);
    return good ? CLI_OK : consul_strange(c);
}

int kv_get(struct cli *cli)
{
    const struct args *a = &cli->args;
    const char *key = a->words[1];
    struct buf path = BUF_INIT;
    bool tree = args_has(a, "recurse");
    char *what = xasprintf("key %s%s", tree ? "below " : "", key);
    int status;

    if (tree && args_has(a, "raw")) {
        status = cli_fail(cli, CLI_USAGE, NULL,
                          "kv get: --recurse and --raw exclude each other");
    } else {
        kv_path(&path, key);
        consul_add_query(&path, tree ? "recurse" : NULL, NULL);
        status =
            consul_once(cli, "GET", buf_str(&path), NULL, what, tell_pairs);
    }
    buf_free(&path);
    free(what);
    return status;
}

/* -- list ------------------------------------------------------------------ */

static void put_key(struct cli *cli, const char *key, size_t len)
{
    json_t *object;

    if (cli->json) {
        object = json_object();
        json_object_set_new(object, "key", kv_json_bytes(key, len));
        consul_put_json(cli, object);
        return;
    }
    consul_put(cli, key, len);
    buf_add_char(out_buf(&cli->out), '\n');
    out_push(&cli->out);
}

static int tell_keys(struct consul *c, const struct http_answer *a)
{
    json_t *all = consul_json(a), *key;
    bool good = json_is_array(all);
    size_t i;

    json_array_foreach(all, i, key)
    {
        good = good && json_is_string(key);
        if (good)
            put_key(c->cli, json_string_value(key), json_string_length(key));
    }
    json_decref(all);
    if (!good)
        return consul_strange(c);
    return i ? CLI_OK : CLI_NOBODY;
}

int kv_list(struct cli *cli)
{
    const struct args *a = &cli->args;
    const char *prefix = a->n_words > 1 ? a->words[1] : "";
    const char *separator = args_get(a, "separator");
    struct buf path = BUF_INIT;
    char *what = xasprintf("key%s%s", *prefix ? " below " : "", prefix);
    int status;

    kv_path(&path, prefix);
    consul_add_query(&path, "keys", NULL);
    consul_add_query(&path, separator ? "separator" : NULL, separator);
    status = consul_once(cli, "GET", buf_str(&path), NULL, what, tell_keys);
    buf_free(&path);
    free(what);
    return status;
}

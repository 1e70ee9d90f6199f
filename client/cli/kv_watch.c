/*
 * muster kv watch: a key, or all below a prefix, as they are and as they
 * change. What is known is only each key's index: an answer is compared with
 * it, so that what happened while the registry was away is told, too.
 */
#include <stdlib.h>
#include <string.h>

#include "client/cli/consul_follow.h"
#include "client/cli/kv.h"
#include "client/cli/text.h"
#include "lib/mem.h"

/* A key that was there in the last answer. */
struct known {
    char *key; /* owned */
    size_t len;
    uint64_t changed;
};

struct watching {
    struct cli *cli;
    struct consul_follow follow;
    struct known *known; /* owned; sorted by key, as answers are */
    size_t count;
};

/* -- telling --------------------------------------------------------------- */

static void begin_line(struct watching *w, char sign)
{
    struct buf *out = out_buf(&w->cli->out);
    const char *color = sign == '+' ? "32" : sign == '=' ? "33" : "31";

    if (w->cli->color)
        buf_add_fmt(out, "\x1b[%sm%c\x1b[0m ", color, sign);
    else
        buf_add_fmt(out, "%c ", sign);
}

static void tell_pair(struct watching *w, char sign, const struct kv_pair *p)
{
    json_t *o;

    if (w->cli->json) {
        o = kv_pair_json(p);
        json_object_set_new(o, "event",
                            json_string(sign == '+' ? "add" : "change"));
        consul_put_json(w->cli, o);
        return;
    }
    begin_line(w, sign);
    kv_pair_line(out_buf(&w->cli->out), p);
    out_push(&w->cli->out);
}

static void tell_gone(struct watching *w, const struct known *k)
{
    struct kv_pair p = {.key = k->key, .key_len = k->len};
    json_t *o;

    if (w->cli->json) {
        o = json_object();
        json_object_set_new(o, "key", kv_json_bytes(k->key, k->len));
        json_object_set_new(o, "event", json_string("gone"));
        consul_put_json(w->cli, o);
        return;
    }
    begin_line(w, '-');
    kv_pair_line(out_buf(&w->cli->out), &p);
    out_push(&w->cli->out);
}

/* -- comparing ------------------------------------------------------------- */

static int compare(const struct known *k, const struct kv_pair *p)
{
    size_t min = k->len < p->key_len ? k->len : p->key_len;
    int order = memcmp(k->key, p->key, min);

    return order ? order : (k->len > p->key_len) - (k->len < p->key_len);
}

static void known_free(struct known *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(list[i].key);
    free(list);
}

/* One pair of the answer; *at is the first known key not yet compared. */
static void meet(struct watching *w, size_t *at, const struct kv_pair *p)
{
    int order = 1;

    while (*at < w->count && (order = compare(&w->known[*at], p)) < 0)
        tell_gone(w, &w->known[(*at)++]);
    if (*at == w->count || order > 0)
        tell_pair(w, '+', p);
    else if (w->known[(*at)++].changed != p->changed)
        tell_pair(w, '=', p);
}

/* False if it is no list of pairs. */
static bool take_pairs(struct watching *w, const json_t *all)
{
    size_t count = json_array_size(all), n = 0, at = 0;
    struct known *list = xcalloc(count + 1, sizeof(*list));
    struct kv_pair p;
    bool good = true;

    for (size_t i = 0; good && i < count; i++) {
        good = kv_pair_read(&p, json_array_get(all, i));
        if (good) {
            meet(w, &at, &p);
            list[n++] = (struct known){p.key, p.key_len, p.changed};
            p.key = NULL;
        }
        kv_pair_free(&p);
    }
    while (good && at < w->count)
        tell_gone(w, &w->known[at++]);
    known_free(w->known, w->count);
    w->known = list;
    w->count = n;
    return good;
}

static void on_news(void *arg, const struct http_answer *a)
{
    struct watching *w = arg;
    json_t *all = a->status == 404 ? json_array() : consul_json(a);

    if (!json_is_array(all) || !take_pairs(w, all))
        cli_stop(w->cli, consul_strange(w->follow.consul));
    json_decref(all);
}

int kv_watch(struct cli *cli)
{
    struct watching w = {.cli = cli};
    struct buf path = BUF_INIT;
    struct consul consul;
    int status = CLI_USAGE;

    kv_path(&path, cli->args.words[1]);
    consul_add_query(&path, args_has(&cli->args, "recurse") ? "recurse" : NULL,
                     NULL);
    if (consul_begin(&consul, cli)) {
        w.follow.consul = &consul;
        w.follow.path = xstrdup(buf_str(&path));
        w.follow.news = on_news;
        w.follow.arg = &w;
        status = consul_follow_run(&w.follow);
    }
    consul_end(&consul);
    known_free(w.known, w.count);
    buf_free(&path);
    return status;
}

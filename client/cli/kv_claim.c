#include "client/cli/kv_claim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/consul.h"
#include "lib/base64.h"
#include "lib/mem.h"

/* By which Consul's libraries know what a key is for. */
#define FLAGS_LOCK      "3304740253564472344"
#define FLAGS_SEMAPHORE "16210313421097356768"

/* PREFIX/.lock */
static char *lock_key(const struct kv_claim *c)
{
    return xasprintf("%s/.lock", c->prefix);
}

static char *entry_key(const struct kv_claim *c, const char *session)
{
    return xasprintf("%s/%s", c->prefix, session);
}

void kv_claim_path(const struct kv_claim *c, struct buf *path)
{
    buf_add_str(path, "/v1/kv/");
    consul_add_path(path, c->prefix);
    if (c->holders == 1)
        buf_add_str(path, "/.lock");
    else
        buf_add_str(path, "/?recurse");
}

static void add_acquire(const struct kv_claim *c, struct buf *path,
                        const char *key, const char *flags)
{
    buf_add_str(path, "/v1/kv/");
    consul_add_path(path, key);
    consul_add_query(path, "acquire", c->session);
    consul_add_query(path, "flags", flags);
}

bool kv_claim_entry(const struct kv_claim *c, struct buf *path)
{
    char *key;

    if (c->holders == 1)
        return false;
    key = entry_key(c, c->session);
    add_acquire(c, path, key, FLAGS_SEMAPHORE);
    free(key);
    return true;
}

/* -- what there is --------------------------------------------------------- */

static const json_t *find_pair(const json_t *pairs, const char *key)
{
    const json_t *pair;
    size_t i;

    json_array_foreach(pairs, i, pair)
    {
        if (!strcmp(consul_text(pair, "Key"), key))
            return pair;
    }
    return NULL;
}

static enum kv_claim_look look_lock(struct kv_claim *c, const json_t *pairs,
                                    struct buf *path)
{
    char *key = lock_key(c);
    const json_t *pair = find_pair(pairs, key);
    const char *holder = consul_text(pair, "Session");
    enum kv_claim_look look = KV_CLAIM_TRY;

    if (!strcmp(holder, c->session)) {
        look = KV_CLAIM_HELD;
    } else if (pair &&
               consul_number(pair, "Flags") != strtoull(FLAGS_LOCK, NULL, 10)) {
        look = KV_CLAIM_WRONG;
        c->wrong = xasprintf("%s is no lock of one holder", key);
    } else if (*holder) {
        look = KV_CLAIM_WAIT;
    } else {
        add_acquire(c, path, key, FLAGS_LOCK);
    }
    free(key);
    return look;
}

static bool entry_is_locked(const struct kv_claim *c, const json_t *pairs,
                            const char *session)
{
    char *key = entry_key(c, session);
    bool locked =
        !strcmp(consul_text(find_pair(pairs, key), "Session"), session);

    free(key);
    return locked;
}

/* Those who hold it and are alive, as an object; NULL: c->wrong. */
static json_t *live_holders(struct kv_claim *c, const json_t *pairs,
                            const json_t *pair)
{
    const char *text = consul_text(pair, "Value"), *session;
    json_t *value = NULL, *all, *live = json_object(), *is;
    struct buf bytes = BUF_INIT;

    if (pair && base64_decode(&bytes, text, strlen(text)) && buf_len(&bytes))
        value = json_loadb(buf_data(&bytes), buf_len(&bytes), 0, NULL);
    buf_free(&bytes);
    all = json_object_get(value, "Holders");
    if (pair && (strcmp(consul_text(pair, "Session"), "") != 0 ||
                 !json_is_object(all))) {
        c->wrong =
            xasprintf("%s/.lock is no lock of several holders", c->prefix);
    } else if (pair && consul_number(value, "Limit") != c->holders) {
        c->wrong = xasprintf("%s/.lock is for %llu holders", c->prefix,
                             (unsigned long long)consul_number(value, "Limit"));
    }
    json_object_foreach(all, session, is)
    {
        if (json_is_true(is) && entry_is_locked(c, pairs, session))
            json_object_set_new(live, session, json_true());
    }
    json_decref(value);
    if (!c->wrong)
        return live;
    json_decref(live);
    return NULL;
}

static void write_holders(const struct kv_claim *c, json_t *live,
                          struct buf *body)
{
    json_t *value = json_object();
    char *text;

    json_object_set_new(value, "Limit", json_integer(c->holders));
    json_object_set(value, "Holders", live);
    text = json_dumps(value, JSON_COMPACT);
    buf_add_str(body, text);
    free(text);
    json_decref(value);
}

static enum kv_claim_look look_semaphore(struct kv_claim *c,
                                         const json_t *pairs, struct buf *path,
                                         struct buf *body)
{
    char *key = lock_key(c), index[24];
    const json_t *pair = find_pair(pairs, key);
    json_t *live = live_holders(c, pairs, pair);
    enum kv_claim_look look = KV_CLAIM_WRONG;

    if (live && json_object_get(live, c->session)) {
        look = KV_CLAIM_HELD;
    } else if (live && json_object_size(live) >= c->holders) {
        look = KV_CLAIM_WAIT;
    } else if (live) {
        look = KV_CLAIM_TRY;
        json_object_set_new(live, c->session, json_true());
        write_holders(c, live, body);
        snprintf(index, sizeof(index), "%llu",
                 (unsigned long long)consul_number(pair, "ModifyIndex"));
        buf_add_str(path, "/v1/kv/");
        consul_add_path(path, key);
        consul_add_query(path, "cas", index);
        consul_add_query(path, "flags", FLAGS_SEMAPHORE);
    }
    json_decref(live);
    free(key);
    return look;
}

enum kv_claim_look kv_claim_look(struct kv_claim *c, const json_t *pairs,
                                 struct buf *path, struct buf *body)
{
    free(c->wrong);
    c->wrong = NULL;
    if (c->holders == 1)
        return look_lock(c, pairs, path);
    return look_semaphore(c, pairs, path, body);
}

/* -- giving it up ---------------------------------------------------------- */

static void add_op(json_t *ops, const char *verb, const char *key,
                   const char *field, json_t *value)
{
    json_t *op = json_object(), *kv = json_object();

    json_object_set_new(kv, "Verb", json_string(verb));
    json_object_set_new(kv, "Key", json_string(key));
    if (field)
        json_object_set_new(kv, field, value);
    json_object_set_new(op, "KV", kv);
    json_array_append_new(ops, op);
}

void kv_claim_release(const struct kv_claim *c, struct buf *body)
{
    char *own = c->holders == 1 ? lock_key(c) : entry_key(c, c->session), *text;
    json_t *ops = json_array();

    add_op(ops, "check-session", own, "Session", json_string(c->session));
    add_op(ops, "delete", own, NULL, NULL);
    text = json_dumps(ops, JSON_COMPACT);
    buf_add_str(body, text);
    free(text);
    json_decref(ops);
    free(own);
}

bool kv_claim_leftover(const struct kv_claim *c, const json_t *pairs,
                       struct buf *path)
{
    char *key = lock_key(c), index[24];
    const json_t *pair = find_pair(pairs, key);
    bool left =
        pair && json_array_size(pairs) == 1 && !*consul_text(pair, "Session");

    if (left) {
        snprintf(index, sizeof(index), "%llu",
                 (unsigned long long)consul_number(pair, "ModifyIndex"));
        buf_add_str(path, "/v1/kv/");
        consul_add_path(path, key);
        consul_add_query(path, "cas", index);
    }
    free(key);
    return left;
}

/*
 * muster kv lock: runs a command while a lock is held.
 *
 *   session --> entry --> looking <--> trying --> held --child ended--> giving
 *                  (several holders)    ^ \         |                     up
 *                                       '--'       lost: the child is ended
 *
 * It is held as long as its session lives for sure: no longer than the
 * session's time after the last renewal that was confirmed began. What is
 * looked at may be old: after a try everything is asked anew.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/consul_follow.h"
#include "client/cli/kv.h"
#include "client/cli/kv_child.h"
#include "client/cli/kv_claim.h"
#include "lib/mem.h"

#define TTL_MS     15000 /* of the session, unless --ttl says */
#define TTL_MIN_S  10    /* Consul's bounds */
#define TTL_MAX_S  86400
#define RETRY_MS   1000 /* after a refusal though nobody holds it */
#define RELEASE_MS 5000 /* for the giving up */

enum state { NO_SESSION, NO_ENTRY, LOOKING, TRYING, HELD, GIVING_UP };

struct locking {
    struct cli *cli;
    struct consul consul;
    struct kv_claim claim;
    char *prefix, *session; /* owned */
    enum state state;
    struct consul_follow follow;
    struct loop_timer *renew, *retry, *give_up;
    struct http_call *renewal, *call;
    json_t *pairs; /* of the last answer */
    bool denied;   /* refused, though nobody held it: a lock delay */
    uint64_t ttl_ms;
    uint64_t renewed, renewing; /* when the last good one began, and this one */
    pid_t child;
    int status; /* of the child */
};

/* -- ends ------------------------------------------------------------------ */

static void fail(struct locking *k, const struct http_answer *a)
{
    cli_stop(k->cli, consul_fail(&k->consul, a));
}

static bool said_yes(const struct http_answer *a)
{
    json_t *answer = consul_json(a);
    bool yes = json_is_true(answer);

    json_decref(answer);
    return yes;
}

static void put(struct locking *k, const char *path, const struct buf *body,
                void (*done)(void *arg, const struct http_answer *a))
{
    k->call = consul_ask(&k->consul, "PUT", path, body, k->ttl_ms, done, k);
}

/* -- giving it up ---------------------------------------------------------- */

static void on_destroyed(void *arg, const struct http_answer *a)
{
    struct locking *k = arg;

    (void)a; /* what is left of it ends by itself */
    k->call = NULL;
    cli_stop(k->cli, k->status);
}

static void destroy(struct locking *k)
{
    char *path = xasprintf("/v1/session/destroy/%s", k->session);

    put(k, path, NULL, on_destroyed);
    free(path);
}

static void on_tidied(void *arg, const struct http_answer *a)
{
    (void)a;
    destroy(arg);
}

/* Several held it: who goes last takes along what says so. */
static void on_left(void *arg, const struct http_answer *a)
{
    struct locking *k = arg;
    struct buf path = BUF_INIT;
    json_t *pairs = consul_json(a);

    if (kv_claim_leftover(&k->claim, pairs, &path))
        k->call = consul_ask(&k->consul, "DELETE", buf_str(&path), NULL,
                             k->ttl_ms, on_tidied, k);
    else
        destroy(k);
    json_decref(pairs);
    buf_free(&path);
}

static void on_released(void *arg, const struct http_answer *a)
{
    struct locking *k = arg;
    struct buf path = BUF_INIT;

    (void)a;
    if (k->claim.holders == 1) {
        destroy(k);
        return;
    }
    kv_claim_path(&k->claim, &path);
    k->call = consul_ask(&k->consul, "GET", buf_str(&path), NULL, k->ttl_ms,
                         on_left, k);
    buf_free(&path);
}

/* Asks for the end of it; the session goes with what it did not get to. */
static void give_up(struct locking *k, int status)
{
    bool entry = k->state >= LOOKING && k->claim.holders > 1;
    struct buf body = BUF_INIT;

    k->status = status;
    consul_follow_end(&k->follow);
    http_call_cancel(k->call);
    k->call = NULL;
    if (!k->session) {
        cli_stop(k->cli, status);
        return;
    }
    loop_timer_set(k->give_up, RELEASE_MS);
    if (k->state == HELD || k->state == TRYING || entry) {
        kv_claim_release(&k->claim, &body);
        put(k, "/v1/txn", &body, on_released);
    } else {
        destroy(k);
    }
    k->state = GIVING_UP;
    buf_free(&body);
}

/* It is another's now, or will be: the command is told at once, and what there
 * is of the session is ended. */
static void lose(struct locking *k, const char *why)
{
    out_flush(&k->cli->out);
    k->status = cli_fail(k->cli, CLI_LOST, NULL, "the lock %s is lost: %s",
                         k->prefix, why);
    if (k->child)
        kill(k->child, SIGTERM);
    k->state = GIVING_UP;
    consul_follow_end(&k->follow);
    loop_timer_set(k->give_up, RELEASE_MS);
    destroy(k);
}

static void on_give_up_late(void *arg)
{
    struct locking *k = arg;

    cli_note(k->cli, "%s does not take the lock back; it ends by itself",
             k->consul.where);
    cli_stop(k->cli, k->status);
}

/* -- holding it ------------------------------------------------------------ */

static void start_child(struct locking *k)
{
    char *error;

    k->state = HELD;
    if (k->cli->verbose)
        cli_note(k->cli, "the lock %s is held", k->prefix);
    error = kv_child_start(k->cli->args.command, &k->child);
    if (!error)
        return;
    cli_fail_text(k->cli, 127, error, NULL);
    give_up(k, 127);
}

static void on_child(void *arg)
{
    struct locking *k = arg;
    int status;

    if (k->child && kv_child_ended(k->child, &status)) {
        k->child = 0;
        if (k->state == HELD)
            give_up(k, status);
    }
}

/* -- claiming -------------------------------------------------------------- */

static void look(struct locking *k);

static void on_tried(void *arg, const struct http_answer *a)
{
    struct locking *k = arg;

    k->call = NULL;
    if (a->status == 400 || a->status == 401 || a->status == 403) {
        fail(k, a);
        return;
    }
    k->state = LOOKING; /* in trouble, too: following it gets over that */
    k->denied = !said_yes(a);
    consul_follow_again(&k->follow);
}

static void on_retry(void *arg)
{
    struct locking *k = arg;

    k->denied = false;
    if (k->state == LOOKING)
        look(k);
}

/* What the last answer means to us. */
static void look(struct locking *k)
{
    struct buf path = BUF_INIT, body = BUF_INIT;
    enum kv_claim_look seen = kv_claim_look(&k->claim, k->pairs, &path, &body);

    if (seen == KV_CLAIM_WRONG && k->state == HELD) {
        lose(k, k->claim.wrong);
    } else if (seen == KV_CLAIM_WRONG) {
        give_up(k, cli_fail(k->cli, CLI_NO, NULL, "%s", k->claim.wrong));
    } else if (k->state == HELD && seen != KV_CLAIM_HELD) {
        lose(k, "it is another's, or its key was removed");
    } else if (k->state == LOOKING && seen == KV_CLAIM_HELD) {
        loop_timer_off(k->give_up);
        start_child(k);
    } else if (k->state == LOOKING && seen == KV_CLAIM_TRY && k->denied) {
        if (!loop_timer_is_set(k->retry))
            loop_timer_set(k->retry, RETRY_MS);
    } else if (k->state == LOOKING && seen == KV_CLAIM_TRY) {
        k->state = TRYING;
        put(k, buf_str(&path), &body, on_tried);
    } else if (k->state == LOOKING) {
        k->denied = false;
    }
    buf_free(&path);
    buf_free(&body);
}

static void on_news(void *arg, const struct http_answer *a)
{
    struct locking *k = arg;

    json_decref(k->pairs);
    k->pairs = a->status == 404 ? NULL : consul_json(a);
    if (k->state == LOOKING || k->state == HELD)
        look(k);
}

static void begin_to_look(struct locking *k)
{
    struct buf path = BUF_INIT;

    k->state = LOOKING;
    kv_claim_path(&k->claim, &path);
    k->follow.consul = &k->consul;
    k->follow.path = xstrdup(buf_str(&path));
    k->follow.news = on_news;
    k->follow.arg = k;
    k->follow.answered = true; /* it made the session */
    consul_follow_begin(&k->follow);
    buf_free(&path);
}

static void on_entry(void *arg, const struct http_answer *a)
{
    struct locking *k = arg;

    k->call = NULL;
    if (a->end == HTTP_CALL_ANSWERED && a->status == 200 && said_yes(a))
        begin_to_look(k);
    else
        fail(k, a);
}

/* -- the session ----------------------------------------------------------- */

static void on_renewed(void *arg, const struct http_answer *a)
{
    struct locking *k = arg;
    uint64_t now = loop_now(k->cli->loop);

    k->renewal = NULL;
    if (a->end == HTTP_CALL_ANSWERED && a->status == 404) {
        lose(k, "its session has ended");
    } else if (a->end == HTTP_CALL_ANSWERED && a->status == 200) {
        k->renewed = k->renewing;
        loop_timer_set(k->renew, k->ttl_ms / 3);
    } else if (now - k->renewed >= k->ttl_ms) {
        lose(k, "its session cannot be renewed");
    } else {
        loop_timer_set(k->renew, k->ttl_ms / 15);
    }
}

/* Also the end of a renewal that hangs, or of the session's time. */
static void on_renew(void *arg)
{
    struct locking *k = arg;
    uint64_t left = k->renewed + k->ttl_ms;
    char *path;

    k->renewing = loop_now(k->cli->loop);
    if (k->renewing >= left) {
        lose(k, "its session cannot be renewed");
        return;
    }
    left -= k->renewing;
    path = xasprintf("/v1/session/renew/%s", k->session);
    k->renewal =
        consul_ask(&k->consul, "PUT", path, NULL,
                   left < k->ttl_ms / 3 ? left : k->ttl_ms / 3, on_renewed, k);
    free(path);
}

static void on_session(void *arg, const struct http_answer *a)
{
    struct locking *k = arg;
    json_t *answer = consul_json(a);
    struct buf path = BUF_INIT, none = BUF_INIT;

    k->call = NULL;
    k->session = xstrdup(consul_text(answer, "ID"));
    json_decref(answer);
    k->claim.session = k->session;
    if (!*k->session) {
        fail(k, a);
        free(k->session);
        k->session = NULL;
        return;
    }
    loop_timer_set(k->renew, k->ttl_ms / 3);
    k->state = NO_ENTRY;
    if (kv_claim_entry(&k->claim, &path))
        put(k, buf_str(&path), &none, on_entry);
    else
        begin_to_look(k);
    buf_free(&path);
}

static void begin(void *arg)
{
    struct locking *k = arg;
    struct buf body = BUF_INIT;
    json_t *o = json_object();
    char *text = xasprintf("muster kv lock %s", k->prefix);

    json_object_set_new(o, "Name", kv_json_bytes(text, strlen(text)));
    free(text);
    text = xasprintf("%llus", (unsigned long long)k->ttl_ms / 1000);
    json_object_set_new(o, "TTL", json_string(text));
    free(text);
    text = json_dumps(o, JSON_COMPACT);
    buf_add_str(&body, text);
    free(text);
    json_decref(o);
    k->renewed = loop_now(k->cli->loop);
    put(k, "/v1/session/create", &body, on_session);
    buf_free(&body);
}

/* -- signals, --try -------------------------------------------------------- */

static void on_signal(struct locking *k, int signo)
{
    if (k->child && signo != SIGINT) /* the terminal sends it to both */
        kill(k->child, signo);
    else if (!k->child && k->state != GIVING_UP)
        give_up(k, 128 + signo);
}

static void on_int(void *arg)
{
    on_signal(arg, SIGINT);
}

static void on_term(void *arg)
{
    on_signal(arg, SIGTERM);
}

static void on_timer(void *arg)
{
    struct locking *k = arg;

    if (k->state == GIVING_UP)
        on_give_up_late(k);
    else if (k->state != HELD)
        give_up(k, cli_fail(k->cli, CLI_NO, NULL,
                            "kv lock %s: it is held by others", k->prefix));
}

/* -- the verb -------------------------------------------------------------- */

/* False after complaining. */
static bool options_fit(struct locking *k, uint64_t *try_ms)
{
    const struct args *a = &k->cli->args;
    uint64_t holders = args_number(a, "holders", 1);

    k->ttl_ms = TTL_MS;
    *try_ms = 0;
    if (args_has(a, "ttl"))
        (void)args_time(args_get(a, "ttl"), &k->ttl_ms);
    if (args_has(a, "try"))
        (void)args_time(args_get(a, "try"), try_ms);
    k->claim.holders = (unsigned)holders;
    k->prefix = xstrdup(a->words[1]);
    while (*k->prefix && k->prefix[strlen(k->prefix) - 1] == '/')
        k->prefix[strlen(k->prefix) - 1] = '\0';
    k->claim.prefix = k->prefix;
    if (!*k->prefix)
        cli_fail(k->cli, CLI_USAGE, NULL, "kv lock: the prefix is empty");
    else if (holders < 1 || holders > 1000000)
        cli_fail(k->cli, CLI_USAGE, NULL, "kv lock: --holders 1 to 1000000");
    else if (k->ttl_ms < TTL_MIN_S * 1000 || k->ttl_ms > TTL_MAX_S * 1000ull)
        cli_fail(k->cli, CLI_USAGE, NULL, "kv lock: --ttl %us to %us",
                 TTL_MIN_S, TTL_MAX_S);
    else
        return true;
    return false;
}

static int run(struct locking *k, uint64_t try_ms)
{
    struct loop *l = k->cli->loop;
    struct loop_signal *signals[] = {
        loop_signal_new(l, SIGINT, on_int, k),
        loop_signal_new(l, SIGTERM, on_term, k),
        loop_signal_new(l, SIGHUP, on_term, k),
        loop_signal_new(l, SIGCHLD, on_child, k),
    };
    int status;

    k->renew = loop_timer_new(l, on_renew, k);
    k->retry = loop_timer_new(l, on_retry, k);
    k->give_up = loop_timer_new(l, on_timer, k);
    if (args_has(&k->cli->args, "try"))
        loop_timer_set(k->give_up, try_ms + 1);
    begin(k);
    status = cli_run(k->cli);
    kv_child_end(k->child);
    http_call_cancel(k->renewal);
    http_call_cancel(k->call);
    consul_follow_end(&k->follow);
    loop_timer_free(k->renew);
    loop_timer_free(k->retry);
    loop_timer_free(k->give_up);
    for (size_t i = 0; i < ARRAY_LEN(signals); i++)
        loop_signal_free(signals[i]);
    return status;
}

int kv_lock(struct cli *cli)
{
    struct locking k = {.cli = cli};
    uint64_t try_ms;
    int status = CLI_USAGE;

    if (options_fit(&k, &try_ms)) {
        if (consul_begin(&k.consul, cli))
            status = run(&k, try_ms);
        consul_end(&k.consul);
    }
    json_decref(k.pairs);
    free(k.claim.wrong);
    free(k.prefix);
    free(k.session);
    return status;
}

/*
 * Reads that may block. A read that waits stands with the state module that it
 * asked to wake it; whoever is woken looks again at the end of the turn, some
 * of them in a turn, and most of the time finds that another one has just been
 * told the same.
 *
 * What a result was when it was last made is remembered for a while by what
 * was asked: whoever asks to be told when it is no longer that one is woken
 * only if the result is another one, whatever became of its index.
 */
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/mem.h"
#include "plugins/registry/consul/call_impl.h"
#include "server/musterd.h"
#include "server/state/hash.h"

#define SEEN_SIZE       4096 /* results remembered: a power of two */
#define WAIT_DEFAULT_MS 300000
#define WAIT_MAX_MS     600000
#define LOOKS_A_TURN    512
#define LOOK_BYTES      8192 /* of an answer that count as another look */
#define BEYOND_MS       1000

/* -- what is asked, and what it was ---------------------------------------- */

static uint64_t mix(uint64_t key, const void *bytes, size_t len)
{
    return (uint64_t)hash_bytes(key, bytes, len) << 32 |
           hash_bytes(~key, bytes, len);
}

static uint64_t mix_text(uint64_t key, const char *text)
{
    return mix(key, text, strlen(text));
}

/* Everything that the result depends on, but for the index and the wait. */
static uint64_t key_of(const struct call *c)
{
    const struct http_query *q = http_query_all(c->r);
    uint64_t key = mix_text(hash_key(), http_path(c->r));
    unsigned i;

    for (i = 0; i < q->count; i++) {
        if (!strcmp(q->items[i].name, "index") ||
            !strcmp(q->items[i].name, "wait"))
            continue;
        key = mix_text(key, q->items[i].name);
        key = mix_text(key, q->items[i].value);
    }
    return authority_key(c, key) | 1;
}

static uint64_t hash_of(const struct call *c)
{
    uint64_t h = mix(hash_key() ^ (uint64_t)c->status, buf_data(&c->out.buf),
                     buf_len(&c->out.buf));

    return h ? h : 1;
}

static void remember(struct call *c, uint64_t index, uint64_t hash)
{
    struct consul *u = c->consul;

    if (u->seen)
        u->seen[c->key & (SEEN_SIZE - 1)] =
            (struct seen){.key = c->key, .index = index, .hash = hash};
}

/* The result that c->index stood for; 0: nobody knows. */
static uint64_t recall(struct call *c)
{
    struct consul *u = c->consul;
    const struct seen *s;

    if (!u->seen)
        u->seen = xcalloc(SEEN_SIZE, sizeof(*u->seen));
    s = &u->seen[c->key & (SEEN_SIZE - 1)];
    return s->key == c->key && s->index == c->index ? s->hash : 0;
}

/* -- answers --------------------------------------------------------------- */

static void gather(struct call *c)
{
    c->gathers = true;
    c->status = 0;
    c->more = NULL;
    jw_reset(&c->out, CALL_OUT_KEPT);
    c->how->answer(c);
    c->gathers = false;
}

static void tell_index(struct call *c, uint64_t index)
{
    call_index(c, index);
    c->leader = !c->how->unordered;
}

static void send(struct call *c, uint64_t index)
{
    tell_index(c, index);
    if (c->more)
        call_stream_begin(c);
    else if (c->status)
        call_send_gathered(c);
    else
        call_error(c, 500, "this request found no answer");
}

static void answer_now(struct call *c, uint64_t index)
{
    gather(c);
    if (c->consul->seen && !c->more) {
        c->key = key_of(c);
        remember(c, index, hash_of(c));
    }
    send(c, index);
}

static bool has_moved(struct call *c, uint64_t index)
{
    if (c->how->changed)
        return c->how->changed(c);
    return c->how->unordered ? index != c->index : index > c->index;
}

/* -- blocking -------------------------------------------------------------- */

void call_block_end(struct call *c)
{
    struct consul *u = c->consul;

    if (!c->waits)
        return;
    c->waits = false;
    u->blocking--;
    loop_timer_off(c->timer);
    c->how->wait_end(c);
    if (c->woken)
        DL_DELETE2(u->woken, c, prev_woken, next_woken);
    c->woken = false;
}

static void wait_over(void *arg)
{
    struct call *c = arg;

    musterd_tick(c->m);
    c->consul->counts.over++;
    call_block_end(c);
    answer_now(c, c->how->index(c));
}

static struct rendered *rendered_of(const struct call *c)
{
    return &c->consul->rendered[c->key / 2 % CONSUL_RENDERED];
}

/* The same was just written for another one. */
static bool take_rendered(struct call *c, uint64_t index)
{
    const struct rendered *d = rendered_of(c);

    if (d->key != c->key || d->index != index)
        return false;
    c->consul->counts.shared++;
    c->more = NULL;
    c->status = d->status;
    c->type = d->type;
    jw_reset(&c->out, CALL_OUT_KEPT);
    buf_add(&c->out.buf, buf_data(&d->body), buf_len(&d->body));
    return true;
}

static void keep_rendered(struct call *c, uint64_t index, uint64_t hash)
{
    struct rendered *d = rendered_of(c);

    d->key = c->key;
    d->index = index;
    d->hash = hash;
    d->status = c->status;
    d->type = c->type;
    buf_reset(&d->body, CALL_OUT_KEPT);
    buf_reset(&d->zipped, CALL_OUT_KEPT);
    buf_add(&d->body, buf_data(&c->out.buf), buf_len(&c->out.buf));
}

static void rendered_forget(struct consul *u, size_t keep)
{
    unsigned i;

    for (i = 0; i < CONSUL_RENDERED; i++) {
        u->rendered[i].key = 0;
        buf_reset(&u->rendered[i].body, keep);
        buf_reset(&u->rendered[i].zipped, keep);
    }
}

/* Who goes on waiting holds no memory for an answer. */
static void drop_answer(struct call *c)
{
    jw_free(&c->out);
}

static void look_at(struct call *c)
{
    struct consul *u = c->consul;
    uint64_t index = c->how->index(c), hash = 0;
    const char *lost;

    u->counts.looked++;
    if ((lost = authority_lost(c))) {
        call_block_end(c);
        call_error(c, 403, "%s", lost);
        return;
    }
    if (!has_moved(c, index))
        return;
    if (take_rendered(c, index)) {
        hash = rendered_of(c)->hash;
    } else {
        gather(c);
        if (!c->more) {
            hash = hash_of(c);
            keep_rendered(c, index, hash);
        }
    }
    if (hash && hash == c->seen && !call_is_07(c)) {
        u->counts.same++;
        drop_answer(c);
        return;
    }
    u->counts.woken++;
    call_block_end(c);
    if (hash) {
        c->rendered = rendered_of(c);
        remember(c, index, hash);
    }
    send(c, index);
}

static void look(void *arg)
{
    struct consul *u = arg;
    struct call *c;
    size_t n;

    for (n = 0; u->woken && n < LOOKS_A_TURN; n++) {
        c = u->woken;
        DL_DELETE2(u->woken, c, prev_woken, next_woken);
        c->woken = false;
        n += buf_len(&rendered_of(c)->body) / LOOK_BYTES;
        look_at(c);
    }
    if (u->woken) {
        loop_later(u->m->loop, &u->look);
        return;
    }
    rendered_forget(u, CALL_OUT_KEPT);
}

void call_wake(struct call *c)
{
    struct consul *u = c->consul;

    if (!c->waits || c->woken)
        return;
    c->woken = true;
    DL_APPEND2(u->woken, c, prev_woken, next_woken);
    if (!u->look.queued) {
        u->look.fn = look;
        u->look.arg = u;
        loop_settle(u->m->loop, &u->look);
    }
}

void consul_look_stop(struct consul *u)
{
    loop_unsettle(u->m->loop, &u->look);
    rendered_forget(u, 0);
    free(u->seen);
}

/* Up to a sixteenth more than was asked for, so that not all come back at
 * once. */
static uint64_t wait_ms(struct call *c)
{
    uint64_t most = c->how->unordered ? WAIT_MAX_MS : WAIT_DEFAULT_MS;
    uint64_t ms = c->wait_ms ? c->wait_ms : most;
    uint64_t *state = &c->consul->jitter;

    if (ms > WAIT_MAX_MS)
        ms = WAIT_MAX_MS;
    if (c->how->unordered)
        return ms;
    *state = hash_mix(*state + 1, hash_key() | 1);
    return ms + *state % (ms / 16 + 1);
}

/*
 * An index that there never was is one of another past: a backup was put back,
 * say. Who waits with it knows things that are no longer so: he is told soon
 * how it is, with an index that is smaller, and at once if anything changes.
 */
static uint64_t beyond_ms(struct call *c)
{
    uint64_t ms = wait_ms(c);

    if (c->how->unordered || c->index <= c->m->store->revision)
        return ms;
    c->index = c->m->store->revision;
    return ms < BEYOND_MS ? ms : BEYOND_MS;
}

static enum http_verdict block(struct call *c)
{
    struct consul *u = c->consul;

    if (u->blocking >= u->max_blocking) {
        u->counts.busy++;
        http_refused(c->r, CALL_RETRY_TEXT);
        http_add_header(c->r, "Retry-After", "1");
        return call_error(c, 429, CALL_RETRY_TEXT);
    }
    c->key = key_of(c);
    c->seen = recall(c);
    c->waits = true;
    u->blocking++;
    if (!c->timer)
        c->timer = loop_timer_new(c->m->loop, wait_over, c);
    loop_timer_set(c->timer, beyond_ms(c));
    call_stays(c);
    drop_answer(c);
    c->how->wait(c);
    return HTTP_LATER;
}

enum http_verdict call_read(struct call *c, const struct call_read *how)
{
    uint64_t index;

    c->how = how;
    index = how->index(c);
    if (c->index && !has_moved(c, index))
        return block(c);
    answer_now(c, index);
    return HTTP_LATER;
}

#include "bench/request.h"

#include <stdio.h>
#include <string.h>

#include "bench/net.h"
#include "lib/mem.h"

typedef unsigned long long ull;

/* Services that one connection registers have numbers of their own. */
#define CONN_NUMBERS 100000000

void request_service(struct buf *out, const char *prefix, uint64_t n)
{
    static const char *const kinds[] = {"web", "db", "cache", "queue"};

    buf_add_fmt(out,
                "%s%llu kind %s os linux dc dc%llu id i%llu host "
                "host%llu.example.org addr 10.%llu.%llu.%llu:80",
                prefix, (ull)n, kinds[n % 4], (ull)n % 16, (ull)n, (ull)n,
                (ull)n >> 16, (ull)n >> 8 & 255, (ull)n & 255);
}

/* -- find ------------------------------------------------------------------ */

static void add_find(struct request_state *s, uint64_t n)
{
    if (!s->sent)
        buf_add_str(s->out, ".keep 1 ");
    buf_add_fmt(s->out, "dc dc%llu id i%llu\n", (ull)n % 16, (ull)n);
}

/* args: COUNT services are there */
static void find_any(struct request_state *s, const uint64_t *args)
{
    add_find(s, net_random(args[0]));
}

static void find_fixed(struct request_state *s, const uint64_t *args)
{
    add_find(s, args[0] / 2);
}

/* -- change ---------------------------------------------------------------- */

static void add_registration(struct request_state *s, uint64_t attrs)
{
    uint64_t n = (uint64_t)s->number * CONN_NUMBERS + s->sent;
    const char *prefix = s->sent ? ".new chg" : "chg";

    if (attrs > 1)
        request_service(s->out, prefix, n);
    else
        buf_add_fmt(s->out, "%s%llu state xxx", prefix, (ull)n);
    buf_add_str(s->out, s->sent ? "\n" : " .ack 1\n");
}

/* Every EVERYth request is a registration, the others change an attribute of
 * the connection's first service. args: EVERY ATTRS */
static void change(struct request_state *s, const uint64_t *args)
{
    if (s->sent % args[0])
        buf_add_fmt(s->out, "state s%llu\n", (ull)s->sent % 64);
    else
        add_registration(s, args[1]);
}

/* Updates of any of COUNT services, which are there before. args: COUNT ATTRS
 * and, set by prepare, how many each connection has. */
static void update(struct request_state *s, const uint64_t *args)
{
    uint64_t mine = args[2], n;

    if (s->sent < mine) {
        add_registration(s, args[1]);
        return;
    }
    if (mine > 1) {
        n = (uint64_t)s->number * CONN_NUMBERS + net_random(mine);
        buf_add_fmt(s->out, ".of chg%llu ", (ull)n);
    }
    buf_add_fmt(s->out, "state s%llu\n", (ull)s->sent % 64);
}

static uint64_t update_prepare(const uint64_t *args, unsigned conns)
{
    return args[0] > conns ? args[0] / conns : 1;
}

/* -- durable --------------------------------------------------------------- */

/* A service that is kept, each time another; in each run others. args: ATTRS
 * RUN */
static void durable(struct request_state *s, const uint64_t *args)
{
    uint64_t n = (uint64_t)s->number * CONN_NUMBERS + s->sent;
    char prefix[32];

    snprintf(prefix, sizeof(prefix), "%skept%llu-", s->sent ? ".new " : "",
             (ull)args[1]);
    if (args[0] > 1)
        request_service(s->out, prefix, n);
    else
        buf_add_fmt(s->out, "%s%llu state xxx", prefix, (ull)n);
    buf_add_str(s->out, s->sent ? " persist 1\n" : " persist 1 .ack 1\n");
}

/* -- jobs ------------------------------------------------------------------ */

/* A job that does nothing, on any worker, followed to its end. */
static void job(struct request_state *s, const uint64_t *args)
{
    (void)args;
    buf_add_str(s->out, "ping .on all .any 1 .keep 1\n");
}

/* -- redis ----------------------------------------------------------------- */

/* redis-benchmark's own keys and values. args: COUNT keys, or 1 */
static void redis_get(struct request_state *s, const uint64_t *args)
{
    buf_add_fmt(s->out, "*2\r\n$3\r\nGET\r\n$16\r\nkey:%012llu\r\n",
                (ull)net_random(args[0]));
}

static void redis_set(struct request_state *s, const uint64_t *args)
{
    buf_add_fmt(s->out,
                "*3\r\n$3\r\nSET\r\n$16\r\nkey:%012llu\r\n$3\r\nxxx\r\n",
                (ull)net_random(args[0]));
}

/* -------------------------------------------------------------------------- */

static const struct request_kind kinds[] = {
    {"find", "COUNT", find_any, NULL, '.', 's', false},
    {"fixed", "COUNT", find_fixed, NULL, '.', 's', false},
    {"change", "EVERY ATTRS", change, NULL, 'o', 0, false},
    {"update", "COUNT ATTRS", update, update_prepare, 'o', 0, false},
    {"durable", "ATTRS RUN", durable, NULL, 'o', 0, false},
    {"job", "0", job, NULL, '.', 'd', true},
    {"get", "COUNT", redis_get, NULL, '$', '?', false},
    {"set", "COUNT", redis_set, NULL, '+', 0, false},
};

const struct request_kind *request_find(const char *name)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(kinds); i++)
        if (!strcmp(kinds[i].name, name))
            return &kinds[i];
    return NULL;
}

void request_usage(void)
{
    size_t i;

    for (i = 0; i < ARRAY_LEN(kinds); i++)
        fprintf(stderr, "       load %s PORT CONNS PIPE TOTAL %s\n",
                kinds[i].name, kinds[i].arguments);
}

/*
 * /v1/operator/keyring: the keys that servers of Consul encrypt their gossip
 * with. There is no gossip here, so that it answers as a server does whose
 * gossip is not encrypted.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/registry/consul/body.h"
#include "plugins/registry/consul/call.h"
#include "plugins/registry/consul/families.h"
#include "server/musterd.h"
#include "server/self.h"

#define RELAY_FACTOR_MAX 5

/* Where base64 of that text goes wrong, as Go says it: a byte that is none of
 * it, or the four that are not whole; -1: it does not. */
static long wrong_at(const char *text)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "abcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t len = strlen(text), good = strspn(text, alphabet);
    size_t pads = strspn(text + good, "=");

    if (good + pads == len && len % 4 == 0 && pads <= 2)
        return -1;
    if (good + pads == len && !pads)
        return (long)(len - len % 4);
    return (long)good;
}

/* False: the query says what makes no sense, and it has been answered. */
static bool relay_factor_ok(struct call *c)
{
    const char *text = http_query(c->r, "relay-factor");
    char *end;
    long n;

    if (!text || !*text)
        return true;
    n = strtol(text, &end, 10);
    if (strspn(text, "+-0123456789") != strlen(text) || *end) {
        call_error(c, 400,
                   "Error parsing relay factor: strconv.Atoi: parsing \"%s\": "
                   "invalid syntax",
                   text);
        return false;
    }
    if (n >= 0 && n <= RELAY_FACTOR_MAX)
        return true;
    call_error(c, 400,
               "Invalid relay factor: Relay factor must be in range: [0, %d]",
               RELAY_FACTOR_MAX);
    return false;
}

static enum http_verdict not_encrypted(struct call *c, const char *what)
{
    const struct self *s = c->m->self;

    return call_error(c, 500,
                      "4 errors occurred:\n\n"
                      "* WAN error: 1/1 nodes reported failure\n"
                      "* %s.%s: %s (encryption not enabled)\n"
                      "* %s (LAN) error: 1/1 nodes reported failure\n"
                      "* %s: %s (encryption not enabled)",
                      s->node, s->datacenter, what, s->datacenter, s->node,
                      what);
}

static enum http_verdict get_keys(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);

    if (!c || !relay_factor_ok(c) ||
        !call_demand(c, ACL_KEYRING, "", 0, ACL_READ))
        return HTTP_DONE;
    return not_encrypted(c, "Keyring is empty");
}

/* To add one, to use one, or to remove one. */
static enum http_verdict change_keys(struct http_request *r, void *ctx)
{
    struct call *c = call_begin(r, ctx);
    const json_t *body;
    const char *key;
    long wrong;

    if (!c)
        return HTTP_DONE;
    body = call_body_needed(c, "Request decode failed: ");
    if (!body)
        return HTTP_DONE;
    key = body_text(c, body, "Key");
    if (!body_ok(c) || !relay_factor_ok(c) ||
        !call_demand(c, ACL_KEYRING, "", 0, ACL_WRITE))
        return HTTP_DONE;
    wrong = key ? wrong_at(key) : -1;
    if (wrong < 0)
        return not_encrypted(c, "No keyring to modify");
    return call_error(c, 500,
                      "2 errors occurred:\n\n"
                      "* WAN error: illegal base64 data at input byte %ld\n"
                      "* %s (LAN) error: illegal base64 data at input byte %ld",
                      wrong, c->m->self->datacenter, wrong);
}

static const struct http_route rows[] = {
    {.methods = HTTP_GET,
     .path = "/v1/operator/keyring",
     .handler = get_keys,
     .help = "The keys of the gossip, of which there is none."},
    {.methods = HTTP_POST | HTTP_PUT | HTTP_DELETE,
     .path = "/v1/operator/keyring",
     .handler = change_keys,
     .body = CALL_BODY,
     .help = "Changes them."},
};

const struct http_table consul_keyring = {rows, ARRAY_LEN(rows)};

#include "server/self.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/addr.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "server/musterd.h"
#include "server/state/store.h"

#define KEY_ID "id"

struct kept {
    struct self self; /* what others see */
    struct store *store;
    struct store_client client;
    struct store_txn txn; /* the id, once, on its way */
    bool advertises;      /* the address is a setting */
    bool shown;           /* there is a face that tells the id */
};

/* -- the id, as the store sees it ------------------------------------------ */

static bool self_check(void *arg, const struct store_txn *txn)
{
    (void)arg;
    (void)txn;
    return true;
}

static void self_apply(void *arg, struct store_txn *txn, uint64_t revision)
{
    (void)arg;
    (void)txn;
    (void)revision;
}

static bool self_write(void *arg, const struct store_txn *txn,
                       struct store_text *out)
{
    const struct kept *k = arg;

    (void)txn;
    buf_add_str(&out->key, KEY_ID);
    buf_add_str(&out->value, k->self.id);
    return true;
}

static bool self_load(void *arg, const struct store_row *row, char **error)
{
    struct kept *k = arg;

    if (row->key_len != strlen(KEY_ID) ||
        memcmp(row->key, KEY_ID, row->key_len) || row->value_len != UUID_LEN) {
        *error = xstrdup("the table `self` holds something else than an id");
        return false;
    }
    memcpy(k->self.id, row->value, UUID_LEN);
    return true;
}

static void id_kept(struct store_txn *txn, enum store_status status,
                    uint64_t revision)
{
    (void)revision;
    if (status != STORE_OK)
        log_warn("the id of this node cannot be kept: %s: it is another one "
                 "after a restart",
                 txn->error ? txn->error : "refused");
}

/* -- life ------------------------------------------------------------------ */

static void set_address(struct self *s, const char *host, unsigned port)
{
    free(s->host);
    free(s->address);
    s->host = xstrdup(host);
    s->port = port;
    s->address = strchr(host, ':') ? xasprintf("[%s]:%u", host, port)
                                   : xasprintf("%s:%u", host, port);
}

static bool take_address(struct kept *k, const struct conf *conf)
{
    const char *text = conf_str(conf, "consul.advertise"), *wrong;
    struct addr addr;

    k->advertises = text != NULL;
    set_address(&k->self, "127.0.0.1", 8500);
    if (!text)
        return true;
    wrong = addr_parse(&addr, text, 0);
    if (!wrong && (addr.kind != ADDR_TCP || !addr.port))
        wrong = "it takes a host and a port";
    if (wrong) {
        log_error("consul.advertise %s: %s", text, wrong);
        return false;
    }
    set_address(&k->self, addr.host, addr.port);
    return true;
}

static char *lower(const char *text)
{
    char *copy = xstrdup(text), *p;

    for (p = copy; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return copy;
}

static char *with_dot(const char *domain)
{
    size_t len = strlen(domain);

    return xasprintf("%s%s", domain, len && domain[len - 1] == '.' ? "" : ".");
}

static bool is_shown(const struct conf *conf)
{
    size_t consul, dns;

    (void)conf_listen(conf, "registry.consul", &consul);
    (void)conf_listen(conf, "registry.dns", &dns);
    return consul || dns;
}

struct self *self_new(struct musterd *m, const struct conf *conf)
{
    struct kept *k = xcalloc(1, sizeof(*k));
    struct self *s = &k->self;

    k->store = m->store;
    s->node = xstrdup(conf_str(conf, "consul.node_name"));
    s->datacenter = lower(conf_str(conf, "consul.datacenter"));
    s->domain = with_dot(conf_str(conf, "consul.domain"));
    s->is_07 = conf_enum(conf, "consul.compat") == 1;
    if (!take_address(k, conf)) {
        self_free(s);
        return NULL;
    }
    k->shown = is_shown(conf);
    k->client = (struct store_client){.name = "self",
                                      .check = self_check,
                                      .apply = self_apply,
                                      .write = self_write,
                                      .load = self_load,
                                      .arg = k};
    store_add_client(m->store, &k->client);
    return s;
}

void self_start(struct self *s)
{
    struct kept *k = container_of(s, struct kept, self);

    if (s->id[0])
        return;
    uuid_make(s->id);
    if (!k->shown)
        return; /* nobody has seen it: no change need be made for it */
    k->txn = (struct store_txn){.client = &k->client,
                                .op = STORE_PUT,
                                .durable = true,
                                .silent = true, /* the first revision stays
                                                   the first change's */
                                .expect = STORE_EXPECT_ABSENT,
                                .done = id_kept};
    store_commit(k->store, &k->txn);
}

void self_set_address(struct self *s, const char *host, unsigned port)
{
    struct kept *k = container_of(s, struct kept, self);

    if (!k->advertises)
        set_address(s, host, port);
}

void self_free(struct self *s)
{
    if (!s)
        return;
    free(s->node);
    free(s->datacenter);
    free(s->domain);
    free(s->host);
    free(s->address);
    free(container_of(s, struct kept, self));
}

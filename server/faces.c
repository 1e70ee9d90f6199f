#include "server/faces.h"

#include <string.h>

#include "lib/admin.h"
#include "lib/listen.h"
#include "lib/mem.h"
#include "plugins/registry/admin/admin.h"
#include "plugins/registry/consul/consul.h"
#include "plugins/registry/consul/rexec.h"
#include "plugins/registry/dns/dns.h"
#include "plugins/registry/event/event.h"
#include "plugins/registry/find/find.h"
#include "plugins/registry/new/new.h"
#include "server/musterd.h"
#include "server/places.h"
#include "server/self.h"

static void *admin_ctx(struct musterd *m)
{
    return m->admin;
}

static void *consul_ctx(struct musterd *m)
{
    return m->consul;
}

static void *dns_ctx(struct musterd *m)
{
    return m->dns;
}

const struct face_entry *faces_table(size_t *count)
{
    static const struct face_entry table[] = {
        {"registry.new", new_face, NULL},
        {"registry.find", find_face, NULL},
        {"registry.event", event_face, NULL},
        {"registry.admin", admin_face, admin_ctx},
        {"registry.consul", consul_face, consul_ctx},
        {"registry.dns", dns_listen_face, dns_ctx},
    };

    *count = ARRAY_LEN(table);
    return table;
}

void faces_open(struct musterd *m, struct listen_host *host, struct auth *auth,
                struct tls_conf *tls, const struct conf *conf)
{
    m->admin = registry_admin_new(m, host, auth);
    admin_add_tls(m->admin, tls);
    m->consul = consul_new(m);
    m->rexec = rexec_new(m, conf);
    m->dns = dns_new(m, conf);
    faces_configure(m, conf);
    rexec_resume(m->rexec);
}

void faces_listening(struct musterd *m, struct listen_host *host)
{
    const struct addr *a = listen_face_addr(host, "consul");
    bool any;

    if (!a || a->kind != ADDR_TCP)
        return;
    any = !strcmp(a->host, "*") || !strcmp(a->host, "0.0.0.0") ||
          !strcmp(a->host, "::");
    self_set_address(m->self, any ? "127.0.0.1" : a->host, a->port);
    places_advertise(m->places);
}

void faces_configure(struct musterd *m, const struct conf *conf)
{
    admin_configure(m->admin, conf);
    consul_configure(m->consul, conf);
    rexec_configure(m->rexec, conf);
    dns_configure(m->dns, conf);
}

void faces_stop(struct musterd *m, const char *why)
{
    if (m->admin)
        admin_stop(m->admin, why);
    if (m->consul)
        consul_stop(m->consul, why);
    if (m->dns)
        dns_stop(m->dns);
}

void faces_close(struct musterd *m)
{
    admin_free(m->admin);
    m->admin = NULL;
    consul_free(m->consul);
    m->consul = NULL;
    rexec_free(m->rexec);
    m->rexec = NULL;
    dns_free(m->dns);
    m->dns = NULL;
}

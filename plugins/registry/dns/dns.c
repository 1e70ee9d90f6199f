#include "plugins/registry/dns/dns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/auth/auth.h"
#include "lib/conf.h"
#include "lib/datagram.h"
#include "lib/listen.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/metrics.h"
#include "lib/sock.h"
#include "plugins/registry/dns/answer.h"
#include "plugins/registry/dns/rate.h"
#include "plugins/registry/dns/tcp.h"
#include "plugins/registry/dns/view.h"
#include "server/musterd.h"
#include "server/places.h"
#include "server/self.h"

struct socket {
    struct datagram_socket *datagrams;
    struct socket *next;
};

struct dns_counts {
    struct datagram_counts datagrams;
    uint64_t udp, tcp; /* questions */
    uint64_t slipped, rate_dropped;
    uint64_t early; /* before the view of nodes and services was there */
};

struct dns_face {
    struct musterd *m;
    struct dns_answerer answerer; /* for connections */
    struct dns_config config;
    struct dns_registry registry;
    struct dns_server *server;
    struct dns_rates rates;
    struct dns_counts counts;
    struct socket *sockets;
    struct places_waiter waiter; /* so that it is made */
    bool waits;
};

/* -- questions ------------------------------------------------------------- */

static void view_is_there(struct places_waiter *w)
{
    container_of(w, struct dns_face, waiter)->waits = false;
}

/* Where much is registered making the view takes a while, and who asks by
 * datagrams asks again. */
static bool comes_early(struct dns_face *d)
{
    if (places_are_ready(d->m->places))
        return false;
    d->counts.early++;
    if (!d->waits)
        places_wait(d->m->places, &d->waiter);
    d->waits = true;
    return true;
}

static const uint8_t *answer_datagram(void *arg, const uint8_t *bytes,
                                      size_t len, const struct sockaddr *from,
                                      size_t *answer_len)
{
    struct dns_face *d = arg;
    uint64_t now_us = loop_now(d->m->loop) * 1000;

    d->counts.udp++;
    switch (dns_rate_take(&d->rates, from, now_us)) {
    case DNS_RATE_DROP: d->counts.rate_dropped++; return NULL;
    case DNS_RATE_SLIP:
        d->counts.slipped++;
        return dns_answer_slip(d->server, bytes, len, answer_len);
    case DNS_RATE_ANSWER: break;
    }
    musterd_tick(d->m);
    if (comes_early(d))
        return NULL;
    d->registry.who = auth_anonymous(d->m->auth, sock_is_local(from));
    return dns_answer(d->server, bytes, len, false, answer_len);
}

static const uint8_t *answer_message(struct dns_answerer *a, struct conn *c,
                                     const uint8_t *bytes, size_t len,
                                     size_t *answer_len)
{
    struct dns_face *d = container_of(a, struct dns_face, answerer);

    d->counts.tcp++;
    musterd_tick(d->m);
    d->registry.who = conn_principal(c);
    return dns_answer(d->server, bytes, len, true, answer_len);
}

/* -- listening ------------------------------------------------------------- */

/* Datagrams on the port of the connections. */
static bool beside(const struct addr *bound, void *ctx)
{
    struct dns_face *d = ctx;
    struct datagram_socket *datagrams;
    struct socket *s;

    if (!d->config.zone.domain.len) {
        errno = EINVAL; /* what is wrong has been logged */
        return false;
    }
    if (bound->kind != ADDR_TCP || bound->tls)
        return true;
    datagrams = datagram_open(d->m->loop, bound, &d->counts.datagrams,
                              answer_datagram, d);
    if (!datagrams)
        return false;
    s = xcalloc(1, sizeof(*s));
    s->datagrams = datagrams;
    s->next = d->sockets;
    d->sockets = s;
    return true;
}

static void *open_connection(struct conn *c, void *ctx)
{
    struct dns_face *d = ctx;

    return dns_tcp_open(c, &d->answerer);
}

/* There are no words for it in this protocol. */
static void refusal(char *text, size_t size, const char *why)
{
    (void)size;
    (void)why;
    text[0] = '\0';
}

const struct listen_face *dns_listen_face(void)
{
    static struct listen_face face = {.name = "dns",
                                      .open = open_connection,
                                      .refusal = refusal,
                                      .beside = beside};

    face.handler = *dns_tcp_handler();
    return &face;
}

/* -- metrics --------------------------------------------------------------- */

static const struct metric_row face_rows[] = {
    {"muster_dns_questions_total",
     "Questions of DNS, by how they came.",
     offsetof(struct dns_counts, udp),
     {"transport", "udp"}},
    {"muster_dns_questions_total",
     "",
     offsetof(struct dns_counts, tcp),
     {"transport", "tcp"}},
    {"muster_dns_limited_total",
     "Questions by datagrams that were not answered, by what became of them.",
     offsetof(struct dns_counts, slipped),
     {"fate", "truncated"}},
    {"muster_dns_limited_total",
     "",
     offsetof(struct dns_counts, rate_dropped),
     {"fate", "dropped"}},
    {"muster_dns_limited_total",
     "",
     offsetof(struct dns_counts, early),
     {"fate", "early"}},
    {"muster_dns_received_bytes_total",
     "Bytes of datagrams received.",
     offsetof(struct dns_counts, datagrams.bytes_in),
     {NULL, NULL}},
    {"muster_dns_sent_bytes_total",
     "Bytes of datagrams sent.",
     offsetof(struct dns_counts, datagrams.bytes_out),
     {NULL, NULL}},
    {"muster_dns_lost_total",
     "Answers that the kernel did not take.",
     offsetof(struct dns_counts, datagrams.lost),
     {NULL, NULL}},
};

static const struct metric_row answer_rows[] = {
    {"muster_dns_answers_total",
     "Answers of DNS, by their code.",
     offsetof(struct dns_answers, ok),
     {"code", "noerror"}},
    {"muster_dns_answers_total",
     "",
     offsetof(struct dns_answers, nxdomain),
     {"code", "nxdomain"}},
    {"muster_dns_answers_total",
     "",
     offsetof(struct dns_answers, refused),
     {"code", "refused"}},
    {"muster_dns_answers_total",
     "",
     offsetof(struct dns_answers, failed),
     {"code", "other"}},
    {"muster_dns_truncated_total",
     "Answers of DNS that were marked as truncated.",
     offsetof(struct dns_answers, truncated),
     {NULL, NULL}},
    {"muster_dns_ignored_total",
     "Messages that are no questions, and were not answered.",
     offsetof(struct dns_answers, dropped),
     {NULL, NULL}},
};

static void tell(const struct dns_face *d)
{
    static const struct metric_label none = {NULL, NULL};

    metrics_add_rows(face_rows, ARRAY_LEN(face_rows), &d->counts, d, none);
    metrics_add_rows(answer_rows, ARRAY_LEN(answer_rows),
                     dns_server_counts(d->server), d, none);
}

/* -- life ------------------------------------------------------------------ */

static uint32_t seconds(const struct conf *conf, const char *key)
{
    return (uint32_t)(conf_duration_ms(conf, key) / 1000);
}

void dns_configure(struct dns_face *d, const struct conf *conf)
{
    d->config.node_ttl = seconds(conf, "consul.dns_node_ttl");
    d->config.service_ttl = seconds(conf, "consul.dns_service_ttl");
    d->config.udp_answers = (unsigned)conf_int(conf, "consul.dns_udp_answers");
    d->config.udp_size = conf_size(conf, "consul.dns_udp_size");
    d->registry.only_passing = conf_bool(conf, "consul.dns_only_passing");
    d->rates.a_second = (unsigned)conf_int(conf, "consul.dns_rate");
    d->answerer.idle_ms = (uint64_t)conf_duration_ms(conf, "consul.dns_idle");
}

struct dns_face *dns_new(struct musterd *m, const struct conf *conf)
{
    struct dns_face *d = xcalloc(1, sizeof(*d));
    const char *domain = conf_str(conf, "consul.domain");

    d->m = m;
    d->registry.m = m;
    d->answerer.answer = answer_message;
    d->answerer.places = m->places;
    d->waiter.ready = view_is_there;
    dname_root(&d->config.zone.domain);
    dname_add_text(&d->config.zone.domain, domain, strlen(domain));
    if (!d->config.zone.domain.len)
        log_error("consul.domain %s: this is no domain name: labels of 1 to 63 "
                  "bytes with dots between, 255 in all",
                  domain);
    d->config.zone.datacenter = m->self->datacenter;
    d->config.own_node = m->self->node;
    d->server = dns_server_new(&d->config, &dns_registry_view, &d->registry);
    dns_configure(d, conf);
    tell(d);
    return d;
}

void dns_stop(struct dns_face *d)
{
    struct socket *s;

    while ((s = d->sockets)) {
        d->sockets = s->next;
        datagram_close(s->datagrams);
        free(s);
    }
}

void dns_free(struct dns_face *d)
{
    if (!d)
        return;
    dns_stop(d);
    if (d->waits)
        places_wait_end(d->m->places, &d->waiter);
    metrics_forget(d);
    dns_server_free(d->server);
    dns_registry_free(&d->registry);
    free(d);
}

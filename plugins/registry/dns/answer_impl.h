/*
 * What answer.c (which name is answered how) and hosts.c (what is told of nodes
 * and instances) share; only they include this.
 */
#ifndef MUSTER_PLUGINS_REGISTRY_DNS_ANSWER_IMPL_H
#define MUSTER_PLUGINS_REGISTRY_DNS_ANSWER_IMPL_H

#include "lib/buf.h"
#include "plugins/registry/dns/answer.h"

#define SEEN_SLOTS ((size_t)2 * DNS_HOSTS_MAX)

struct dns_server {
    const struct dns_config *config;
    const struct dns_view *view;
    void *arg; /* the view's */
    struct dns_writer *writer;
    struct dns_answers counts;

    /* the question at hand */
    struct dns_question question;
    struct dns_ask ask;
    unsigned most; /* answers */
    unsigned look; /* hosts at most */
    uint32_t ttl;  /* of its answers */
    bool found;    /* the name is there */
    struct buf text;

    struct dns_host hosts[DNS_HOSTS_MAX];
    unsigned n_hosts;
    /* 1 + the number of a host whose answer was given, by what it was */
    uint16_t seen[SEEN_SLOTS];
};

/* PREFIX.KIND.DC.DOMAIN */
void dns_name_of(const struct dns_server *s, const char *prefix,
                 const char *kind, struct dname *out);
/* The question's type, or any. */
bool dns_wants(const struct dns_server *s, enum dns_type type);
bool dns_wants_address(const struct dns_server *s, const struct dns_address *a);
/* What is asked for of the hosts, in their order. */
void dns_answer_hosts(struct dns_server *s);
void dns_shuffle(struct dns_server *s);

#endif

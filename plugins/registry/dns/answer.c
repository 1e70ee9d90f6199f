#include "plugins/registry/dns/answer.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "plugins/registry/dns/answer_impl.h"

#define CLASS_IN  1
#define CLASS_ANY 255

static void add_soa(struct dns_server *s, enum dns_section to)
{
    struct dns_soa soa = {.serial = s->view->serial(s->arg),
                          .refresh = 3600,
                          .retry = 600,
                          .expire = 86400};

    dns_name_of(s, s->config->own_node, "node", &soa.server);
    dname_root(&soa.mailbox);
    dname_add_text(&soa.mailbox, "hostmaster", 10);
    dname_add(&soa.mailbox, &s->config->zone.domain);
    dns_add_soa(s->writer, to, &s->config->zone.domain, 0, &soa);
}

/* -- by kind of name ------------------------------------------------------- */

static void answer_node(struct dns_server *s)
{
    s->found = s->view->node(s->arg, s->ask.name, &s->hosts[0]);
    if (!s->found)
        return;
    s->n_hosts = 1;
    s->ttl = s->config->node_ttl;
    /* a node is no service: there is no port */
    if (s->question.type != DNS_SRV)
        dns_answer_hosts(s);
}

static void answer_service(struct dns_server *s)
{
    for (;; s->look = DNS_HOSTS_MAX) {
        s->n_hosts = s->view->service(s->arg, s->ask.name, s->ask.tag, s->hosts,
                                      s->look);
        s->found = s->n_hosts || s->ask.leads_on;
        dns_shuffle(s);
        dns_answer_hosts(s);
        /* those asked for may be among the others, where they are few */
        if (dns_answer_count(s->writer, DNS_ANSWERS) || s->n_hosts < s->look ||
            s->look == DNS_HOSTS_MAX)
            break;
    }
}

static void answer_query(struct dns_server *s)
{
    s->n_hosts =
        s->view->query(s->arg, s->ask.name, s->hosts, DNS_HOSTS_MAX, &s->ttl);
    s->found = s->n_hosts;
    dns_answer_hosts(s);
}

static void answer_address(struct dns_server *s)
{
    s->found = true;
    if (dns_wants_address(s, &s->ask.address))
        dns_add_address(s->writer, DNS_ANSWERS, &s->question.name,
                        s->config->node_ttl, &s->ask.address);
}

/* Who runs it: the nodes with a service `consul`, as a Consul's servers are. */
static void answer_apex(struct dns_server *s)
{
    struct dns_address a;
    struct dname name;
    unsigned i;

    s->found = true;
    if (s->question.type == DNS_SOA)
        add_soa(s, DNS_ANSWERS);
    if (s->question.type != DNS_NS)
        return;
    s->n_hosts = s->view->service(s->arg, "consul", "", s->hosts, DNS_NS_MAX);
    for (i = 0; i < s->n_hosts; i++) {
        dns_name_of(s, s->hosts[i].node, "node", &name);
        dns_add_name(s->writer, DNS_ANSWERS, &s->question.name, DNS_NS,
                     s->config->node_ttl, &name);
    }
    for (i = 0; i < s->n_hosts; i++) {
        dns_name_of(s, s->hosts[i].node, "node", &name);
        if (dns_address_read(&a, s->hosts[i].address))
            dns_add_address(s->writer, DNS_ADDITIONAL, &name,
                            s->config->node_ttl, &a);
    }
}

/* Not ours, where nobody has that address. */
static void answer_reverse(struct dns_server *s)
{
    const char *names[DNS_NAMES_MAX];
    struct dname name;
    unsigned n, i;

    n = s->view->names(s->arg, &s->ask.address, names, DNS_NAMES_MAX);
    if (!n) {
        dns_answer_code(s->writer, DNS_REFUSED);
        return;
    }
    dns_answer_authoritative(s->writer);
    for (i = 0; i < n && dns_wants(s, DNS_PTR); i++) {
        dns_name_of(s, names[i], "node", &name);
        dns_add_name(s->writer, DNS_ANSWERS, &s->question.name, DNS_PTR,
                     s->config->node_ttl, &name);
    }
}

/* -- all ------------------------------------------------------------------- */

static void answer_name(struct dns_server *s)
{
    static void (*const by_kind[])(struct dns_server * s) = {
        [DNS_APEX] = answer_apex,       [DNS_NODE] = answer_node,
        [DNS_SERVICE] = answer_service, [DNS_QUERY] = answer_query,
        [DNS_ADDRESS] = answer_address,
    };

    dns_answer_authoritative(s->writer);
    s->found = s->ask.kind == DNS_EMPTY;
    s->ttl = s->config->service_ttl;
    s->n_hosts = 0;
    if (by_kind[s->ask.kind])
        by_kind[s->ask.kind](s);
    if (!s->found)
        dns_answer_code(s->writer, DNS_NXDOMAIN);
    if (!dns_answer_count(s->writer, DNS_ANSWERS) &&
        !dns_answer_is_truncated(s->writer))
        add_soa(s, DNS_AUTHORITY);
}

static void answer_question(struct dns_server *s)
{
    const struct dns_question *q = &s->question;

    dns_ask_read(&s->ask, &s->config->zone, &q->name);
    if ((q->class != CLASS_IN && q->class != CLASS_ANY) ||
        q->type == DNS_AXFR || q->type == DNS_IXFR ||
        s->ask.kind == DNS_OUTSIDE)
        dns_answer_code(s->writer, DNS_REFUSED);
    else if (s->ask.kind == DNS_REVERSE)
        answer_reverse(s);
    else
        answer_name(s);
}

/* How much may be said to who asks so. */
static void measure(struct dns_server *s, bool tcp, size_t *size)
{
    const struct dns_question *q = &s->question;

    s->most = UINT32_MAX;
    s->look = tcp ? DNS_HOSTS_MAX : DNS_HOSTS_UDP;
    *size = DNS_MESSAGE_MAX;
    if (tcp)
        return;
    *size = q->size < s->config->udp_size ? q->size : s->config->udp_size;
    if (q->size <= DNS_UDP_MIN && s->config->udp_answers)
        s->most = s->config->udp_answers;
}

static void count(struct dns_server *s)
{
    struct dns_answers *n = &s->counts;

    switch (dns_answer_has_code(s->writer)) {
    case DNS_OK: n->ok++; break;
    case DNS_NXDOMAIN: n->nxdomain++; break;
    case DNS_REFUSED: n->refused++; break;
    default: n->failed++; break;
    }
    n->truncated += dns_answer_is_truncated(s->writer);
}

/* False: nothing is answered. */
static bool begin(struct dns_server *s, const uint8_t *bytes, size_t len,
                  bool tcp, int *code)
{
    size_t size;

    s->counts.questions++;
    *code = dns_question_read(&s->question, bytes, len);
    if (*code < 0) {
        s->counts.dropped++;
        return false;
    }
    measure(s, tcp, &size);
    dns_answer_begin(s->writer, &s->question, size);
    dns_answer_code(s->writer, (enum dns_code) * code);
    return true;
}

const uint8_t *dns_answer(struct dns_server *s, const uint8_t *bytes,
                          size_t len, bool tcp, size_t *answer_len)
{
    int code;

    if (!begin(s, bytes, len, tcp, &code))
        return NULL;
    if (code == DNS_OK)
        answer_question(s);
    count(s);
    return dns_answer_end(s->writer, answer_len);
}

const uint8_t *dns_answer_slip(struct dns_server *s, const uint8_t *bytes,
                               size_t len, size_t *answer_len)
{
    int code;

    if (!begin(s, bytes, len, false, &code))
        return NULL;
    dns_answer_truncate(s->writer);
    count(s);
    return dns_answer_end(s->writer, answer_len);
}

const struct dns_answers *dns_server_counts(const struct dns_server *s)
{
    return &s->counts;
}

struct dns_server *dns_server_new(const struct dns_config *config,
                                  const struct dns_view *view, void *arg)
{
    struct dns_server *s = xcalloc(1, sizeof(*s));

    s->config = config;
    s->view = view;
    s->arg = arg;
    s->writer = dns_writer_new();
    return s;
}

void dns_server_free(struct dns_server *s)
{
    if (!s)
        return;
    dns_writer_free(s->writer);
    buf_free(&s->text);
    free(s);
}

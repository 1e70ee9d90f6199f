#include "plugins/registry/dns/wire.h"

#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

#define TXT_PART 255  /* bytes of one string of a TXT record */
#define OPT_SIZE 11   /* bytes of an OPT record without options */
#define OPT_OURS 1232 /* bytes of a datagram that we take */

struct dns_writer {
    ldns_buffer *out;
    ldns_rbtree_t *names; /* where which name stands, to point at */
    size_t most;
    struct dns_question question;
    uint16_t counts[DNS_SECTIONS];
    enum dns_code code;
    bool authoritative, truncated;
    bool full; /* something did not fit: names may be pointed at that are not
                * there any more */
};

/* -- questions ------------------------------------------------------------- */

/* Out of a record that stands for the question. */
static bool read_name(struct dns_question *q, const ldns_rr *rr)
{
    const ldns_rdf *owner = ldns_rr_owner(rr);

    if (!owner || !ldns_rdf_size(owner) || ldns_rdf_size(owner) > DNAME_MAX)
        return false;
    q->name.len = ldns_rdf_size(owner);
    memcpy(q->name.bytes, ldns_rdf_data(owner), q->name.len);
    q->type = (uint16_t)ldns_rr_get_type(rr);
    q->class = (uint16_t)ldns_rr_get_class(rr);
    q->has_name = true;
    return true;
}

/* One of the records behind the question. */
static int read_more(struct dns_question *q, const ldns_rr *rr)
{
    if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_OPT)
        return DNS_OK;
    if (q->edns || ldns_rdf_size(ldns_rr_owner(rr)) != 1)
        return DNS_FORMERR;
    q->edns = true;
    q->size = (uint16_t)ldns_rr_get_class(rr);
    if (q->size < DNS_UDP_MIN)
        q->size = DNS_UDP_MIN;
    return (ldns_rr_ttl(rr) >> 16 & 0xff) == 0 ? DNS_OK : DNS_BADVERS;
}

static int read_records(struct dns_question *q, const uint8_t *bytes,
                        size_t len)
{
    unsigned i, more = LDNS_ARCOUNT(bytes);
    size_t at = LDNS_HEADER_SIZE;
    int code = DNS_OK, now;
    ldns_rr *rr;

    if (ldns_wire2rr(&rr, bytes, len, &at, LDNS_SECTION_QUESTION) !=
        LDNS_STATUS_OK)
        return DNS_FORMERR;
    if (!read_name(q, rr))
        code = DNS_FORMERR;
    ldns_rr_free(rr);
    for (i = 0; i < more && code != DNS_FORMERR; i++) {
        if (ldns_wire2rr(&rr, bytes, len, &at, LDNS_SECTION_ADDITIONAL) !=
            LDNS_STATUS_OK)
            return DNS_FORMERR;
        now = read_more(q, rr);
        if (now)
            code = now;
        ldns_rr_free(rr);
    }
    return code == DNS_OK && at != len ? DNS_FORMERR : code;
}

int dns_question_read(struct dns_question *q, const uint8_t *bytes, size_t len)
{
    *q = (struct dns_question){.size = DNS_UDP_MIN};
    if (len < LDNS_HEADER_SIZE || len > DNS_MESSAGE_MAX || LDNS_QR_WIRE(bytes))
        return -1;
    q->id = LDNS_ID_WIRE(bytes);
    q->opcode = LDNS_OPCODE_WIRE(bytes);
    q->recursion = LDNS_RD_WIRE(bytes);
    if (q->opcode != LDNS_PACKET_QUERY)
        return DNS_NOTIMP;
    /* an OPT and one of those that sign */
    if (LDNS_QDCOUNT(bytes) != 1 || LDNS_ANCOUNT(bytes) ||
        LDNS_NSCOUNT(bytes) || LDNS_ARCOUNT(bytes) > 2)
        return DNS_FORMERR;
    return read_records(q, bytes, len);
}

/* -- answers --------------------------------------------------------------- */

struct dns_writer *dns_writer_new(void)
{
    struct dns_writer *w = xcalloc(1, sizeof(*w));

    w->out = ldns_buffer_new(DNS_MESSAGE_MAX + 1);
    if (!w->out)
        mem_exhausted();
    return w;
}

static void forget_name(ldns_rbnode_t *node, void *arg)
{
    (void)arg;
    ldns_rdf_deep_free((ldns_rdf *)(intptr_t)node->key);
    LDNS_FREE(node);
}

static void forget_names(struct dns_writer *w)
{
    if (!w->names)
        return;
    ldns_traverse_postorder(w->names, forget_name, NULL);
    ldns_rbtree_free(w->names);
    w->names = NULL;
}

void dns_writer_free(struct dns_writer *w)
{
    if (!w)
        return;
    forget_names(w);
    ldns_buffer_free(w->out);
    free(w);
}

static ldns_rdf *rdf(ldns_rdf_type type, const void *bytes, size_t len)
{
    ldns_rdf *f = ldns_rdf_new_frm_data(type, len, bytes);

    if (!f)
        mem_exhausted();
    return f;
}

static ldns_rdf *rdf_u16(uint16_t n)
{
    uint8_t bytes[2];

    ldns_write_uint16(bytes, n);
    return rdf(LDNS_RDF_TYPE_INT16, bytes, sizeof(bytes));
}

static ldns_rdf *rdf_u32(uint32_t n)
{
    uint8_t bytes[4];

    ldns_write_uint32(bytes, n);
    return rdf(LDNS_RDF_TYPE_INT32, bytes, sizeof(bytes));
}

static ldns_rdf *rdf_name(const struct dname *name)
{
    return rdf(LDNS_RDF_TYPE_DNAME, name->bytes, name->len);
}

static ldns_rr *record(const struct dname *owner, unsigned type, unsigned class)
{
    ldns_rr *rr = ldns_rr_new();

    if (!rr)
        mem_exhausted();
    ldns_rr_set_owner(rr, rdf_name(owner));
    ldns_rr_set_type(rr, (ldns_rr_type)type);
    ldns_rr_set_class(rr, (ldns_rr_class) class);
    return rr;
}

static void push(ldns_rr *rr, ldns_rdf *f)
{
    if (!ldns_rr_push_rdf(rr, f))
        mem_exhausted();
}

void dns_answer_begin(struct dns_writer *w, const struct dns_question *q,
                      size_t most)
{
    ldns_rr *rr;

    forget_names(w);
    w->names = ldns_rbtree_create(ldns_dname_compare_v);
    if (!w->names)
        mem_exhausted();
    w->question = *q;
    w->most = most - (q->edns ? OPT_SIZE : 0);
    memset(w->counts, 0, sizeof(w->counts));
    w->code = DNS_OK;
    w->authoritative = w->truncated = w->full = false;
    ldns_buffer_clear(w->out);
    ldns_buffer_set_position(w->out, LDNS_HEADER_SIZE);
    if (!q->has_name)
        return;
    rr = record(&q->name, q->type, q->class);
    ldns_rr_set_question(rr, true);
    ldns_rr2buffer_wire_compress(w->out, rr, LDNS_SECTION_QUESTION, w->names);
    ldns_rr_free(rr);
}

void dns_answer_code(struct dns_writer *w, enum dns_code code)
{
    w->code = code;
}

void dns_answer_authoritative(struct dns_writer *w)
{
    w->authoritative = true;
}

void dns_answer_truncate(struct dns_writer *w)
{
    w->truncated = true;
}

enum dns_code dns_answer_has_code(const struct dns_writer *w)
{
    return w->code;
}

bool dns_answer_is_truncated(const struct dns_writer *w)
{
    return w->truncated;
}

unsigned dns_answer_count(const struct dns_writer *w, enum dns_section in)
{
    return w->counts[in];
}

/* Takes over rr. */
static bool add(struct dns_writer *w, enum dns_section to, ldns_rr *rr)
{
    static const int sections[] = {LDNS_SECTION_ANSWER, LDNS_SECTION_AUTHORITY,
                                   LDNS_SECTION_ADDITIONAL};
    size_t before = ldns_buffer_position(w->out);
    ldns_status s = LDNS_STATUS_OK;

    if (!w->full)
        s = ldns_rr2buffer_wire_compress(w->out, rr, sections[to], w->names);
    ldns_rr_free(rr);
    if (s != LDNS_STATUS_OK)
        mem_exhausted();
    if (!w->full && ldns_buffer_position(w->out) > w->most) {
        ldns_buffer_set_position(w->out, before);
        w->full = true;
    }
    if (w->full) {
        if (to == DNS_ANSWERS)
            w->truncated = true;
        return false;
    }
    w->counts[to]++;
    return true;
}

bool dns_add_address(struct dns_writer *w, enum dns_section to,
                     const struct dname *owner, uint32_t ttl,
                     const struct dns_address *a)
{
    ldns_rr *rr;

    if (!owner->len)
        return false;
    rr = record(owner, a->v4 ? DNS_A : DNS_AAAA, LDNS_RR_CLASS_IN);
    ldns_rr_set_ttl(rr, ttl);
    push(rr, a->v4 ? rdf(LDNS_RDF_TYPE_A, a->in.s6_addr + 12, 4)
                   : rdf(LDNS_RDF_TYPE_AAAA, a->in.s6_addr, 16));
    return add(w, to, rr);
}

bool dns_add_name(struct dns_writer *w, enum dns_section to,
                  const struct dname *owner, enum dns_type type, uint32_t ttl,
                  const struct dname *name)
{
    ldns_rr *rr;

    if (!owner->len || !name->len)
        return false;
    rr = record(owner, type, LDNS_RR_CLASS_IN);
    ldns_rr_set_ttl(rr, ttl);
    push(rr, rdf_name(name));
    return add(w, to, rr);
}

bool dns_add_srv(struct dns_writer *w, const struct dname *owner, uint32_t ttl,
                 uint16_t port, const struct dname *target)
{
    ldns_rr *rr;

    if (!owner->len || !target->len)
        return false;
    rr = record(owner, DNS_SRV, LDNS_RR_CLASS_IN);
    ldns_rr_set_ttl(rr, ttl);
    push(rr, rdf_u16(1)); /* priority and weight: all the same */
    push(rr, rdf_u16(1));
    push(rr, rdf_u16(port));
    push(rr, rdf_name(target));
    return add(w, DNS_ANSWERS, rr);
}

bool dns_add_txt(struct dns_writer *w, const struct dname *owner, uint32_t ttl,
                 const char *text, size_t len)
{
    uint8_t part[1 + TXT_PART];
    ldns_rr *rr;

    if (!owner->len || len > DNS_MESSAGE_MAX / 2)
        return false;
    rr = record(owner, DNS_TXT, LDNS_RR_CLASS_IN);
    ldns_rr_set_ttl(rr, ttl);
    do {
        part[0] = (uint8_t)(len < TXT_PART ? len : TXT_PART);
        memcpy(part + 1, text, part[0]);
        push(rr, rdf(LDNS_RDF_TYPE_STR, part, 1u + part[0]));
        text += part[0];
        len -= part[0];
    } while (len);
    return add(w, DNS_ANSWERS, rr);
}

bool dns_add_soa(struct dns_writer *w, enum dns_section to,
                 const struct dname *owner, uint32_t ttl,
                 const struct dns_soa *soa)
{
    ldns_rr *rr;

    if (!owner->len || !soa->server.len || !soa->mailbox.len)
        return false;
    rr = record(owner, DNS_SOA, LDNS_RR_CLASS_IN);
    ldns_rr_set_ttl(rr, ttl);
    push(rr, rdf_name(&soa->server));
    push(rr, rdf_name(&soa->mailbox));
    push(rr, rdf_u32(soa->serial));
    push(rr, rdf_u32(soa->refresh));
    push(rr, rdf_u32(soa->retry));
    push(rr, rdf_u32(soa->expire));
    push(rr, rdf_u32(soa->minimum));
    return add(w, to, rr);
}

/* What a question with one is answered with; there is room for it. */
static void write_opt(struct dns_writer *w)
{
    struct dname root;
    ldns_rr *rr;

    dname_root(&root);
    rr = record(&root, DNS_OPT, OPT_OURS);
    ldns_rr_set_ttl(rr, (uint32_t)w->code >> 4 << 24);
    ldns_rr2buffer_wire(w->out, rr, LDNS_SECTION_ADDITIONAL);
    ldns_rr_free(rr);
    w->counts[DNS_ADDITIONAL]++;
}

const uint8_t *dns_answer_end(struct dns_writer *w, size_t *len)
{
    uint8_t *head = ldns_buffer_begin(w->out);

    if (w->question.edns)
        write_opt(w);
    memset(head, 0, LDNS_HEADER_SIZE);
    LDNS_ID_SET(head, w->question.id);
    LDNS_QR_SET(head);
    LDNS_OPCODE_SET(head, w->question.opcode);
    if (w->authoritative)
        LDNS_AA_SET(head);
    if (w->truncated)
        LDNS_TC_SET(head);
    if (w->question.recursion)
        LDNS_RD_SET(head);
    LDNS_RCODE_SET(head, w->code & 15);
    ldns_write_uint16(head + LDNS_QDCOUNT_OFF, w->question.has_name);
    ldns_write_uint16(head + LDNS_ANCOUNT_OFF, w->counts[DNS_ANSWERS]);
    ldns_write_uint16(head + LDNS_NSCOUNT_OFF, w->counts[DNS_AUTHORITY]);
    ldns_write_uint16(head + LDNS_ARCOUNT_OFF, w->counts[DNS_ADDITIONAL]);
    *len = ldns_buffer_position(w->out);
    return head;
}

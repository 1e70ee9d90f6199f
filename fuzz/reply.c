/*
 * What a registry or a dispatcher answers: every line is one of the kinds that
 * its port has, and all that is said to be in it can be read.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/reply.h"
#include "client/service.h"
#include "lib/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
    if (!good)
        abort();
}

static void look_at_attrs(const struct muster_attr *attrs, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++)
        check(*attrs[i].name && strlen(attrs[i].value) < SIZE_MAX);
}

static void look_at_service(const struct muster_service *s)
{
    struct muster_service *copy;

    check(*s->name);
    look_at_attrs(s->attrs, s->attr_count);
    copy = service_copy(s);
    /* a name that stands twice has one value: then they may differ */
    check(copy->attr_count == s->attr_count && !strcmp(copy->name, s->name));
    (void)service_equal(copy, s);
    free(copy);
}

static void look_at(const struct reply *r)
{
    switch (r->kind) {
    case REPLY_BAD: check(strlen(r->text) == r->text_len); break;
    case REPLY_ERROR: check(r->text[r->text_len] == '\0'); break;
    case REPLY_SERVICE:
    case REPLY_ADD:
    case REPLY_CHANGE:
    case REPLY_GONE: look_at_service(&r->service); break;
    case REPLY_OUT:
    case REPLY_PART:
        check(*r->name && r->text[r->text_len] == '\0');
        check(!memchr(r->text, '\n', r->text_len));
        break;
    case REPLY_EXIT:
        check(*r->name && r->result.rc >= -1 && r->result.state >= 0);
        check(strlen(r->result.reason) < SIZE_MAX);
        look_at_attrs(r->result.attrs, r->result.attr_count);
        break;
    case REPLY_DONE:
        check(*r->name && r->summary.state >= 0);
        look_at_attrs(r->summary.attrs, r->summary.attr_count);
        break;
    case REPLY_SUBMIT:
    case REPLY_ACK:
    case REPLY_CUT: check(*r->name); break;
    default: break;
    }
}

static void look_at_words(struct reply_parser *p, char *line, size_t len)
{
    struct reply r;
    size_t i, count;
    const struct word *w = reply_parse_words(p, line, len, &r, &count);

    check((w != NULL) == (r.kind == REPLY_OK));
    for (i = 0; i < count; i++)
        check(strlen(w[i].text) == w[i].len);
}

/* The first byte says which port, each line is one answer. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static reply_parse_fn *const ports[] = {
        reply_parse_new, reply_parse_find, reply_parse_event, reply_parse_exec};
    struct reply_parser p = {0};
    struct reply r;
    const uint8_t *end, *stop = data + size;
    unsigned port;
    char *line;

    if (!size)
        return 0;
    port = *data++ % (ARRAY_LEN(ports) + 1);
    for (; data < stop; data = end + 1) {
        end = memchr(data, '\n', (size_t)(stop - data));
        if (!end)
            end = stop;
        line = xmemdup0(data, (size_t)(end - data));
        if (port == ARRAY_LEN(ports)) {
            look_at_words(&p, line, (size_t)(end - data));
        } else {
            ports[port](&p, line, (size_t)(end - data), &r);
            look_at(&r);
        }
        free(line);
        if (end == stop)
            break;
    }
    reply_parser_free(&p);
    return 0;
}

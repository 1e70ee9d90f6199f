/*
 * The audit log, both ways: any bytes as the lines of a file that is verified;
 * and any bytes as the texts of an event, which make a line that is JSON, that
 * fits, and that its chain takes for its own.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/audit_body.h"
#include "lib/audit_verify.h"
#include "lib/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
    if (!good)
        abort();
}

static void on_broken(void *arg, const char *file, uint64_t line,
                      const char *text)
{
    unsigned *count = arg;

    check(*file && line && *text);
    (*count)++;
}

static void verify(const char *p, size_t size)
{
    const char *end = p + size, *lf;
    struct audit_verify v;
    unsigned broken = 0;
    uint64_t n = 0;
    char *line;

    audit_verify_init(&v);
    v.broken = on_broken;
    v.arg = &broken;
    for (; p < end; p = lf ? lf + 1 : end) {
        lf = memchr(p, '\n', (size_t)(end - p));
        size = (size_t)((lf ? lf : end) - p);
        line = xmemdup0(p, size);
        audit_verify_line(&v, "F", ++n, line, size, lf != NULL);
        free(line);
    }
    check(audit_verify_end(&v) == !broken && v.breaks == broken);
    check(v.lines <= n);
}

static void one_event(const char *bytes, size_t size)
{
    char *text = xmemdup0(bytes, size);
    struct word attr = {.text = text, .len = (unsigned)size};
    struct audit_event e = {.who = text,
                            .what = bytes,
                            .what_len = size,
                            .attrs = &attr,
                            .attr_count = 1,
                            .reason = text};
    struct timespec when = {.tv_sec = (time_t)size};
    struct buf body = BUF_INIT, line = BUF_INIT;
    struct audit_chain chain;
    struct audit_seal seal;
    json_t *json;

    audit_chain_init(&chain);
    audit_body(&body, &when, &e);
    audit_chain_add(&chain, buf_data(&body), buf_len(&body), &line);
    check(buf_len(&line) <= AUDIT_LINE_MAX);
    check(memchr(buf_data(&line), '\n', buf_len(&line)) ==
          buf_data(&line) + buf_len(&line) - 1);
    check(audit_seal_read(buf_data(&line), buf_len(&line) - 1, &seal));
    check(seal.whole && seal.seq == 1);
    check(seal.body_len == buf_len(&body));
    json = json_loadb(buf_data(&line), buf_len(&line), JSON_REJECT_DUPLICATES,
                      NULL);
    check(json != NULL);
    json_decref(json);
    buf_free(&body);
    buf_free(&line);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    verify((const char *)data, size);
    one_event(size ? (const char *)data : "", size);
    return 0;
}

/*
 * What a plugin says on descriptor 3: whatever bytes come, in whatever pieces,
 * nothing but JSON, percentages and names that can be are told, and the pieces
 * make no difference. The first byte says how long they are.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/attrs.h"
#include "worker/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
    if (!good)
        abort();
}

static void told_result(void *arg, const char *json, size_t len)
{
    json_t *value =
        json_loadb(json, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

    must(value && !memchr(json, '\n', len));
    json_decref(value);
    buf_add(arg, json, len);
}

static void told_progress(void *arg, unsigned percent, const char *text,
                          size_t len)
{
    must(percent <= 100 && len <= REPORT_TEXT_MAX);
    buf_add(arg, text, len);
}

static void told_set(void *arg, const char *attr, const char *value)
{
    must(!attr_name_wrong(attr, strlen(attr)));
    must(!attr_value_wrong(value, strlen(value)));
    buf_add_pair(arg, attr, value);
}

static const struct report_handler handler = {
    .result = told_result, .progress = told_progress, .set = told_set};

static int feed(const char *text, size_t size, size_t piece, struct buf *told)
{
    struct report r;
    size_t n;
    int state;

    report_init(&r);
    for (; size > 0; text += n, size -= n) {
        n = size < piece ? size : piece;
        report_feed(&r, text, n, &handler, told);
    }
    report_end(&r, &handler, told);
    state = r.wrong ? 100 : r.state;
    report_free(&r);
    return state;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct buf once = BUF_INIT, pieces = BUF_INIT;

    if (size < 2)
        return 0;
    must(feed(text + 1, size - 1, size, &once) ==
         feed(text + 1, size - 1, data[0] % 16 + 1U, &pieces));
    must(buf_len(&once) == buf_len(&pieces) &&
         (!buf_len(&once) ||
          memcmp(buf_data(&once), buf_data(&pieces), buf_len(&once)) == 0));
    buf_free(&once);
    buf_free(&pieces);
    return 0;
}

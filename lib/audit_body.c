#include "lib/audit_body.h"

#include <string.h>

#include "lib/utf8.h"

#define NAME_MAX_BYTES 48
#define TEXTS          9 /* of one event */
#define ESCAPED        5 /* bytes that one may become */

_Static_assert(
    ESCAPED *(TEXTS *AUDIT_TEXT_MAX + AUDIT_NAMES_MAX * NAME_MAX_BYTES) + 1024 <
        AUDIT_BODY_MAX,
    "an event fits");

static void add_escaped(struct buf *out, const char *text, size_t len)
{
    uint32_t code;
    size_t n;

    for (; len > 0; text += n, len -= n) {
        n = utf8_char(text, len, &code);
        if (n == 0 || utf8_unsafe(code)) {
            buf_add_fmt(out, "\\\\x%02x", (unsigned char)*text);
            n = 1;
        } else if (*text == '\\') {
            buf_add_str(out, "\\\\\\\\"); /* as the log: two of them */
        } else if (*text == '"') {
            buf_add_str(out, "\\\"");
        } else {
            buf_add(out, text, n);
        }
    }
}

/* At most max bytes of it, never a part of a character. */
static void add_quoted(struct buf *out, const char *text, size_t len,
                       size_t max)
{
    bool cut = len > max;

    while (cut && max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80)
        max--;
    buf_add_char(out, '"');
    add_escaped(out, text, cut ? max : len);
    buf_add_str(out, cut ? "...\"" : "\"");
}

static void add_key(struct buf *out, const char *key)
{
    buf_add_fmt(out, "%s\"%s\":", buf_len(out) ? "," : "", key);
}

void audit_body_text(struct buf *out, const char *key, const char *text,
                     size_t len)
{
    add_key(out, key);
    add_quoted(out, text, len, AUDIT_TEXT_MAX);
}

void audit_body_number(struct buf *out, const char *key, uint64_t n)
{
    add_key(out, key);
    buf_add_u64(out, n);
}

void audit_body_time(struct buf *out, const struct timespec *when)
{
    char text[32];
    struct tm tm;

    gmtime_r(&when->tv_sec, &tm);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    add_key(out, "time");
    buf_add_fmt(out, "\"%s.%03dZ\"", text,
                (int)(when->tv_nsec / 1000000 % 1000));
}

static void add_text(struct buf *out, const char *key, const char *text)
{
    if (text != NULL)
        audit_body_text(out, key, text, strlen(text));
}

static void add_names(struct buf *out, const struct audit_event *e)
{
    unsigned shown =
        e->attr_count < AUDIT_NAMES_MAX ? e->attr_count : AUDIT_NAMES_MAX;

    if (e->attr_count == 0)
        return;
    add_key(out, "attrs");
    for (unsigned i = 0; i < shown; i++) {
        buf_add_char(out, i ? ',' : '[');
        add_quoted(out, e->attrs[i].text, e->attrs[i].len, NAME_MAX_BYTES);
    }
    buf_add_char(out, ']');
    if (e->attr_count > shown)
        audit_body_number(out, "more_attrs", e->attr_count - shown);
}

void audit_body(struct buf *out, const struct timespec *when,
                const struct audit_event *e)
{
    static const char *const outcomes[] = {"ok", "refused", "failed"};
    struct buf body = BUF_INIT;

    audit_body_time(&body, when);
    add_text(&body, "who", e->who != NULL ? e->who : "anonymous");
    add_text(&body, "from", e->from);
    add_text(&body, "face", e->face);
    add_text(&body, "action", e->action);
    if (e->what != NULL)
        audit_body_text(&body, "what", e->what, e->what_len);
    add_text(&body, "op", e->op);
    add_text(&body, "on", e->on);
    add_names(&body, e);
    add_text(&body, "outcome", outcomes[e->outcome]);
    if (e->revision)
        audit_body_number(&body, "revision", e->revision);
    add_text(&body, "code", e->code);
    add_text(&body, "reason", e->reason);
    buf_add(out, buf_data(&body), buf_len(&body));
    buf_free(&body);
}

#include "plugins/registry/consul/pair.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "plugins/registry/consul/call.h"

#define QUOTED_MAX 300 /* bytes of a text that are quoted */

void pair_write(struct jw *w, const struct kv_entry *e, bool value)
{
    jw_open_object(w);
    jw_pair_uint(w, "LockIndex", e->locks);
    jw_key(w, "Key");
    jw_text_len(w, e->key, e->by_key.node.key_len);
    jw_pair_uint(w, "Flags", e->flags);
    jw_key(w, "Value");
    if (value && e->value_len)
        jw_base64(w, e->value, e->value_len);
    else
        jw_null(w);
    if (*e->session)
        jw_pair_text(w, "Session", e->session);
    jw_pair_uint(w, "CreateIndex", e->created);
    jw_pair_uint(w, "ModifyIndex", kv_entry_changed(e));
    jw_close(w);
}

bool pair_key_fits(struct call *c, size_t len)
{
    if (len <= KV_KEY_MAX)
        return true;
    call_error(c, 400, "Key is too long (%zu > %d bytes)", len, KV_KEY_MAX);
    return false;
}

/* -- numbers --------------------------------------------------------------- */

int pair_query_uint(struct call *c, const char *name, uint64_t *n)
{
    const char *text = http_query(c->r, name);
    char *end, *quoted;
    bool range;

    if (!text)
        return 0;
    errno = 0;
    *n = strtoull(text, &end, 10);
    if (isdigit((unsigned char)*text) && !*end && !errno)
        return 1;
    range = isdigit((unsigned char)*text) && !*end;
    quoted = pair_quoted(text, strlen(text));
    call_error(c, 500, "strconv.ParseUint: parsing %s: %s", quoted,
               range ? "value out of range" : "invalid syntax");
    free(quoted);
    return -1;
}

/* -- quoting --------------------------------------------------------------- */

static void add_quoted(struct buf *out, unsigned char c)
{
    static const char named[] = "\a\b\f\n\r\t\v", letters[] = "abfnrtv";
    const char *p = c ? strchr(named, c) : NULL;

    if (p)
        buf_add_fmt(out, "\\%c", letters[p - named]);
    else if (c == '"' || c == '\\')
        buf_add_fmt(out, "\\%c", c);
    else if (c < ' ' || c == 0x7f)
        buf_add_fmt(out, "\\x%02x", c);
    else
        buf_add_char(out, (char)c);
}

char *pair_quoted(const char *text, size_t len)
{
    struct buf out = BUF_INIT;
    char *copy;
    size_t i;

    buf_add_char(&out, '"');
    for (i = 0; i < len && i < QUOTED_MAX; i++)
        add_quoted(&out, (unsigned char)text[i]);
    buf_add_str(&out, i < len ? "...\"" : "\"");
    copy = strdup(buf_str(&out));
    buf_free(&out);
    return copy;
}

/* -- sessions -------------------------------------------------------------- */

/* Copies the digits; their number, or -1 and the character that is none. */
static int hex_digits(const char *given, char *digits, char *wrong)
{
    int n = 0;

    for (; *given; given++) {
        if (*given == '-')
            continue;
        if (!isxdigit((unsigned char)*given)) {
            *wrong = *given;
            return -1;
        }
        digits[n++] = (char)tolower((unsigned char)*given);
    }
    return n;
}

bool pair_session_id(const char *given, char id[KV_SESSION_ID + 1],
                     char why[PAIR_SESSION_TEXT])
{
    char digits[KV_SESSION_ID], wrong = '\0';
    const char *p;
    int hyphens = 0, n;

    *id = '\0';
    for (p = given; *p; p++)
        hyphens += *p == '-';
    if (p - given != KV_SESSION_ID) {
        snprintf(why, PAIR_SESSION_TEXT, "UUID must be 36 characters");
        return false;
    }
    if (hyphens > 4) {
        snprintf(why, PAIR_SESSION_TEXT,
                 "UUID should have maximum of 4 \"-\"; got %d", hyphens);
        return false;
    }
    if ((KV_SESSION_ID - hyphens) % 2) {
        snprintf(why, PAIR_SESSION_TEXT,
                 "Input (without hyphens) must be even length");
        return false;
    }
    n = hex_digits(given, digits, &wrong);
    if (n < 0) {
        snprintf(why, PAIR_SESSION_TEXT,
                 "Invalid UUID: encoding/hex: invalid byte: U+%04X '%c'",
                 (unsigned char)wrong,
                 isprint((unsigned char)wrong) ? wrong : '?');
        return false;
    }
    if (n == 32)
        snprintf(id, KV_SESSION_ID + 1, "%.8s-%.4s-%.4s-%.4s-%.12s", digits,
                 digits + 8, digits + 12, digits + 16, digits + 20);
    return true;
}

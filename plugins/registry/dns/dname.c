#include "plugins/registry/dns/dname.h"

#include <string.h>
#include <strings.h>

void dname_root(struct dname *d)
{
    d->bytes[0] = 0;
    d->len = 1;
}

void dname_add_label(struct dname *d, const char *text, size_t len)
{
    if (!len || len > DNAME_LABEL_MAX || d->len + 1 + len > DNAME_MAX)
        d->len = 0;
    if (!d->len)
        return;
    d->bytes[d->len - 1] = (uint8_t)len;
    memcpy(d->bytes + d->len, text, len);
    d->len += 1 + len;
    d->bytes[d->len - 1] = 0;
}

void dname_add_text(struct dname *d, const char *text, size_t len)
{
    const char *end = text + len, *dot;

    do {
        dot = memchr(text, '.', (size_t)(end - text));
        if (!dot)
            dot = end;
        dname_add_label(d, text, (size_t)(dot - text));
        text = dot + 1;
    } while (text < end);
}

void dname_add(struct dname *d, const struct dname *more)
{
    if (!d->len || !more->len || d->len - 1 + more->len > DNAME_MAX) {
        d->len = 0;
        return;
    }
    memcpy(d->bytes + d->len - 1, more->bytes, more->len);
    d->len += more->len - 1;
}

unsigned dname_labels(const struct dname *d,
                      struct dlabel labels[DNAME_LABELS_MAX])
{
    unsigned n = 0;
    size_t at = 0;

    while (at < d->len && d->bytes[at]) {
        labels[n].text = (const char *)d->bytes + at + 1;
        labels[n].len = d->bytes[at];
        at += 1 + labels[n++].len;
    }
    return n;
}

bool dlabel_is(const struct dlabel *l, const char *text)
{
    return strlen(text) == l->len && !strncasecmp(l->text, text, l->len);
}

bool dlabel_same(const struct dlabel *a, const struct dlabel *b)
{
    size_t i;

    if (a->len != b->len)
        return false;
    for (i = 0; i < a->len; i++) {
        unsigned char x = (unsigned char)a->text[i];
        unsigned char y = (unsigned char)b->text[i];

        if (x >= 'A' && x <= 'Z')
            x += 'a' - 'A';
        if (y >= 'A' && y <= 'Z')
            y += 'a' - 'A';
        if (x != y)
            return false;
    }
    return true;
}

#include "lib/mask.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

#define LINE_MIN 8 /* bytes of a line of a secret that is one by itself */

/* One text to be found, by Knuth, Morris and Pratt: for each length of a
 * beginning, the longest shorter beginning that it ends in. */
struct form {
    char *text;   /* owned */
    size_t *fail; /* owned, len + 1 */
    size_t len;
};

struct mask {
    struct form forms[MASK_FORMS];
    size_t count;
};

/* -- what is to be found --------------------------------------------------- */

struct mask *mask_new(void)
{
    return xcalloc(1, sizeof(struct mask));
}

void mask_free(struct mask *m)
{
    if (!m)
        return;
    while (m->count) {
        struct form *f = &m->forms[--m->count];

        explicit_bzero(f->text, f->len);
        free(f->text);
        free(f->fail);
    }
    free(m);
}

/* How much of the form has come, after one more byte. */
static size_t form_step(const struct form *f, size_t state, char byte)
{
    if (state == f->len)
        state = f->fail[state];
    while (state && f->text[state] != byte)
        state = f->fail[state];
    return state + (f->text[state] == byte);
}

static bool is_known(const struct mask *m, const char *text, size_t len)
{
    for (size_t i = 0; i < m->count; i++)
        if (m->forms[i].len == len && !memcmp(m->forms[i].text, text, len))
            return true;
    return false;
}

static bool form_add(struct mask *m, const char *text, size_t len)
{
    struct form *f = &m->forms[m->count];

    if (is_known(m, text, len))
        return true;
    if (m->count == MASK_FORMS)
        return false;
    f->text = xmemdup0(text, len);
    f->len = len;
    f->fail = xcalloc(len + 1, sizeof(*f->fail));
    for (size_t i = 1; i < len; i++)
        f->fail[i + 1] = form_step(f, f->fail[i], text[i]);
    m->count++;
    return true;
}

/* As JSON has it in a text, when that is another form. */
static void add_escaped(struct mask *m, const char *secret, size_t len)
{
    static const char plain[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
    struct buf out = BUF_INIT;

    for (size_t i = 0; i < len; i++) {
        const char *at = secret[i] ? strchr(plain, secret[i]) : NULL;

        if (at)
            buf_add_char(&out, '\\');
        if (!at && (unsigned char)secret[i] < ' ')
            buf_add_fmt(&out, "\\u%04x", (unsigned char)secret[i]);
        else
            buf_add_char(&out, at ? letter[at - plain] : secret[i]);
    }
    (void)form_add(m, buf_data(&out), buf_len(&out));
    explicit_bzero(buf_data(&out), buf_len(&out));
    buf_free(&out);
}

static void add_lines(struct mask *m, const char *secret, size_t len)
{
    const char *end = secret + len, *lf;

    for (; secret < end; secret = lf + 1) {
        size_t n;

        lf = memchr(secret, '\n', (size_t)(end - secret));
        if (!lf)
            lf = end;
        n = (size_t)(lf - secret);
        n -= n && secret[n - 1] == '\r';
        if (n >= LINE_MIN)
            (void)form_add(m, secret, n);
    }
}

bool mask_add(struct mask *m, const char *secret, size_t len)
{
    if (len < MASK_MIN || !form_add(m, secret, len))
        return false;
    add_escaped(m, secret, len);
    if (memchr(secret, '\n', len))
        add_lines(m, secret, len);
    return true;
}

/* -- a stream -------------------------------------------------------------- */

void mask_stream_init(struct mask_stream *s, const struct mask *m)
{
    *s = (struct mask_stream){.mask = m};
    if (m)
        s->state = xcalloc(m->count + 1, sizeof(*s->state));
}

static void held_drop(struct mask_stream *s, size_t len)
{
    explicit_bzero(buf_data(&s->held), len);
    buf_consume(&s->held, len);
    buf_consume(&s->hidden, len);
}

void mask_stream_free(struct mask_stream *s)
{
    if (buf_len(&s->held))
        held_drop(s, buf_len(&s->held));
    buf_free(&s->held);
    buf_free(&s->hidden);
    free(s->state);
    *s = (struct mask_stream){0};
}

/* Appends the first len of what is held. */
static void held_tell(struct mask_stream *s, size_t len, struct buf *out)
{
    const char *bytes = buf_data(&s->held), *hidden = buf_data(&s->hidden);
    size_t from = 0, to;

    if (!len)
        return;
    for (; from < len; from = to) {
        for (to = from; to < len && hidden[to] == hidden[from]; to++)
            continue;
        if (!hidden[from])
            buf_add(out, bytes + from, to - from);
        else if (from || !s->in_mask)
            buf_add_str(out, MASK_TEXT);
    }
    s->in_mask = hidden[len - 1];
    held_drop(s, len);
}

/* The longest beginning of a secret that what came ends in. */
static size_t longest(const struct mask_stream *s)
{
    const struct mask *m = s->mask;
    size_t most = 0;

    for (size_t i = 0; i < m->count; i++) {
        size_t n = s->state[i];

        if (n == m->forms[i].len)
            n = m->forms[i].fail[n];
        if (n > most)
            most = n;
    }
    return most;
}

static void take_byte(struct mask_stream *s, char byte)
{
    const struct mask *m = s->mask;

    buf_add_char(&s->held, byte);
    buf_add_char(&s->hidden, 0);
    for (size_t i = 0; i < m->count; i++) {
        const struct form *f = &m->forms[i];

        s->state[i] = form_step(f, s->state[i], byte);
        if (s->state[i] == f->len)
            memset(buf_data(&s->hidden) + buf_len(&s->hidden) - f->len, 1,
                   f->len);
    }
}

void mask_feed(struct mask_stream *s, const char *bytes, size_t len,
               struct buf *out)
{
    if (!s->mask) {
        buf_add(out, bytes, len);
        return;
    }
    for (size_t i = 0; i < len; i++)
        take_byte(s, bytes[i]);
    held_tell(s, buf_len(&s->held) - longest(s), out);
}

void mask_end(struct mask_stream *s, struct buf *out)
{
    size_t left = buf_len(&s->held);

    if (!s->mask)
        return;
    if (left >= MASK_MIN)
        memset(buf_data(&s->hidden), 1, left);
    held_tell(s, left, out);
    memset(s->state, 0, s->mask->count * sizeof(*s->state));
    s->in_mask = false;
}

void mask_text(const struct mask *m, const char *text, size_t len,
               struct buf *out)
{
    struct mask_stream s;

    mask_stream_init(&s, m);
    mask_feed(&s, text, len, out);
    mask_end(&s, out);
    mask_stream_free(&s);
}

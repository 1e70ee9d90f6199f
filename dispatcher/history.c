#include "dispatcher/history.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dispatcher/clock.h"

#define HEAD_MAX   (HISTORY_MAX / 2)
#define FIRST_SIZE 128
#define OVERHEAD   (sizeof(int64_t) + 2) /* of an entry: time, kind, length */
#define NUMBER_MAX 20                    /* bytes of a time in a text */

/* Entries one behind the other: time, kind, length, text. */
struct history {
    uint32_t size, used; /* of data, bytes */
    uint32_t head;       /* where the entries after the first half begin */
    uint32_t last;       /* where the last one begins */
    uint32_t gone;
    uint8_t count;
    char data[];
};

static const char *const kind_texts[HISTORY_KINDS] = {
    [HISTORY_SUBMITTED] = "submitted", [HISTORY_HELD] = "held",
    [HISTORY_MATCHED] = "matched",     [HISTORY_WAITS] = "waits",
    [HISTORY_SENT] = "sent",           [HISTORY_ACCEPTED] = "accepted",
    [HISTORY_OUTPUT] = "output",       [HISTORY_REFUSED] = "refused",
    [HISTORY_REQUEUED] = "requeued",   [HISTORY_LINK] = "link",
    [HISTORY_RESUMED] = "resumed",     [HISTORY_LOST] = "lost",
    [HISTORY_CANCELLED] = "cancelled", [HISTORY_PAUSED] = "paused",
    [HISTORY_RESTARTED] = "restarted", [HISTORY_ENDED] = "ended",
    [HISTORY_LATE] = "late",           [HISTORY_MISSED] = "missed",
};

const char *history_kind_text(enum history_kind k)
{
    return kind_texts[k];
}

/* -- entries --------------------------------------------------------------- */

static size_t entry_read(const struct history *h, size_t at,
                         struct history_entry *e)
{
    const char *p = h->data + at;

    memcpy(&e->ms, p, sizeof(e->ms));
    e->kind = (enum history_kind)(uint8_t)p[sizeof(e->ms)];
    e->len = (uint8_t)p[sizeof(e->ms) + 1];
    e->text = p + OVERHEAD;
    e->gone = 0;
    return OVERHEAD + e->len;
}

static struct history *with_room(struct history *h, size_t more)
{
    size_t size = h ? h->size : FIRST_SIZE;

    if (h && h->used + more <= h->size)
        return h;
    while (size < (h ? h->used : 0) + more)
        size *= 2;
    if (!h) {
        h = xcalloc(1, sizeof(*h) + size);
    } else {
        struct history *big = xmalloc(sizeof(*h) + size);

        memcpy(big, h, sizeof(*h) + h->used);
        free(h);
        h = big;
    }
    h->size = (uint32_t)size;
    return h;
}

/* The oldest entry after the first half makes room. */
static void drop_middle(struct history *h)
{
    struct history_entry e;
    size_t len = entry_read(h, h->head, &e);

    memmove(h->data + h->head, h->data + h->head + len,
            h->used - h->head - len);
    h->used -= (uint32_t)len;
    h->last -= (uint32_t)len;
    h->count--;
    h->gone++;
}

/* Who waits is looked at again and again: that is no news. */
static bool is_said(const struct history *h, enum history_kind kind,
                    const char *text, size_t len)
{
    struct history_entry e;

    if (!h || kind != HISTORY_WAITS)
        return false;
    entry_read(h, h->last, &e);
    return e.kind == kind && e.len == len && memcmp(e.text, text, len) == 0;
}

static void entry_add(struct history **h, int64_t ms, enum history_kind kind,
                      const char *text, size_t len)
{
    char *p;

    if (len > HISTORY_TEXT_MAX)
        len = HISTORY_TEXT_MAX;
    if (*h && (*h)->count == HISTORY_MAX)
        drop_middle(*h);
    *h = with_room(*h, OVERHEAD + len);
    p = (*h)->data + (*h)->used;
    memcpy(p, &ms, sizeof(ms));
    p[sizeof(ms)] = (char)kind;
    p[sizeof(ms) + 1] = (char)len;
    if (len)
        memcpy(p + OVERHEAD, text, len);
    for (size_t i = 0; i < len; i++) {
        if (p[OVERHEAD + i] == '\n' || p[OVERHEAD + i] == '\0')
            p[OVERHEAD + i] = ' ';
    }
    (*h)->last = (*h)->used;
    (*h)->used += (uint32_t)(OVERHEAD + len);
    (*h)->count++;
    if ((*h)->count <= HEAD_MAX)
        (*h)->head = (*h)->used;
}

void history_put(struct history **h, int64_t ms, enum history_kind kind,
                 const char *text, size_t len)
{
    if (len > HISTORY_TEXT_MAX)
        len = HISTORY_TEXT_MAX;
    if (!is_said(*h, kind, text, len))
        entry_add(h, ms, kind, text, len);
}

void history_note(struct history **h, enum history_kind kind, const char *fmt,
                  ...)
{
    char text[HISTORY_TEXT_MAX + 1];
    va_list args;
    int n;

    va_start(args, fmt);
    n = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if (n > HISTORY_TEXT_MAX)
        n = HISTORY_TEXT_MAX;
    history_put(h, clock_wall_ms(), kind, text, n > 0 ? (size_t)n : 0);
}

void history_stamp(struct history **h, enum history_kind kind)
{
    history_put(h, clock_wall_ms(), kind, "", 0);
}

unsigned history_count(const struct history *h)
{
    return h ? h->count : 0;
}

bool history_next(const struct history *h, size_t *pos, struct history_entry *e)
{
    bool after_gap = h && h->gone && *pos == h->head;

    if (!h || *pos >= h->used)
        return false;
    *pos += entry_read(h, *pos, e);
    e->gone = after_gap ? h->gone : 0;
    return true;
}

size_t history_cost(const struct history *h)
{
    return h ? sizeof(*h) + h->size : 0;
}

void history_free(struct history *h)
{
    free(h);
}

/* -- as text --------------------------------------------------------------- */

void history_write(const struct history *h, struct buf *out)
{
    struct history_entry e;
    size_t pos = 0;

    while (history_next(h, &pos, &e)) {
        if (e.gone)
            buf_add_fmt(out, "- %u\n", e.gone);
        buf_add_fmt(out, "%" PRId64 " %s ", e.ms, kind_texts[e.kind]);
        buf_add(out, e.text, e.len);
        buf_add_char(out, '\n');
    }
}

static bool kind_read(const char *word, size_t len, enum history_kind *kind)
{
    for (unsigned k = 0; k < HISTORY_KINDS; k++) {
        if (strlen(kind_texts[k]) == len &&
            memcmp(kind_texts[k], word, len) == 0) {
            *kind = (enum history_kind)k;
            return true;
        }
    }
    return false;
}

/* MS KIND TEXT, or "- N": so many are gone here. */
static void line_read(struct history **h, const char *line, size_t len)
{
    const char *blank = memchr(line, ' ', len), *kind_end;
    char number[NUMBER_MAX + 1];
    enum history_kind kind;
    long long n;
    char *end;

    if (!blank || blank == line || blank - line > NUMBER_MAX)
        return;
    if (line[0] == '-' && blank == line + 1) {
        snprintf(number, sizeof(number), "%.*s", (int)(len - 2), blank + 1);
        if (*h)
            (*h)->gone += (uint32_t)strtoul(number, NULL, 10);
        return;
    }
    snprintf(number, sizeof(number), "%.*s", (int)(blank - line), line);
    n = strtoll(number, &end, 10);
    len -= (size_t)(++blank - line);
    kind_end = memchr(blank, ' ', len);
    if (*end || !kind_end ||
        !kind_read(blank, (size_t)(kind_end - blank), &kind))
        return;
    len -= (size_t)(++kind_end - blank);
    /* as it was written: what stood between two of a kind may be gone */
    entry_add(h, n, kind, kind_end, len);
}

struct history *history_read(const char *text, size_t len)
{
    struct history *h = NULL;

    while (len) {
        const char *lf = memchr(text, '\n', len);
        size_t line = lf ? (size_t)(lf - text) : len;

        line_read(&h, text, line);
        line += lf != NULL;
        text += line;
        len -= line;
    }
    return h;
}

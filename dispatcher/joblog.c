#include "dispatcher/joblog.h"

#include <stdlib.h>
#include <string.h>

#include "dispatcher/keep.h"

#define LETTER_TASK    'T'
#define LETTER_HISTORY 'H'
#define VARINT_MAX     10 /* bytes of a number */

/* EVENT_CUT is made up, and never kept. */
static const char letters[EVENT_KINDS] = {
    [EVENT_SUBMIT] = 'S', [EVENT_ACK] = 'A',   [EVENT_OUT] = 'O',
    [EVENT_PART] = 'P',   [EVENT_EXIT] = 'X',  [EVENT_DONE] = 'D',
    [EVENT_ERROR] = 'E',  [EVENT_RETRY] = 'R', [EVENT_HELD] = 'W',
};

/* -- numbers --------------------------------------------------------------- */

static void add_number(struct buf *out, uint64_t n)
{
    char bytes[VARINT_MAX];
    size_t len = 0;

    while (n >= 128) {
        bytes[len++] = (char)(n | 128);
        n >>= 7;
    }
    bytes[len++] = (char)n;
    buf_add(out, bytes, len);
}

static bool take_number(const char **at, size_t *left, uint64_t *n)
{
    unsigned shift = 0;

    *n = 0;
    while (*left && shift < 64) {
        uint8_t byte = (uint8_t) * (*at)++;

        (*left)--;
        *n |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return true;
        shift += 7;
    }
    return false;
}

/* -- writing --------------------------------------------------------------- */

/* The length stands before what it is of: a number of fixed width. */
static size_t entry_begin(struct buf *out, char letter)
{
    buf_add_char(out, letter);
    buf_add(out, "\200\200\200\200", 5); /* 4, and a NUL that ends it */
    return buf_len(out);
}

static void entry_end(struct buf *out, size_t from)
{
    char *at = buf_data(out) + from - 5;
    size_t len = buf_len(out) - from;

    for (unsigned i = 0; i < 4; i++, len >>= 7)
        at[i] = (char)((len & 127) | 128);
    at[4] = (char)len;
}

static bool is_output(enum event_kind kind)
{
    return kind == EVENT_OUT || kind == EVENT_PART;
}

void joblog_add_event(struct buf *out, const struct joblog_entry *e)
{
    size_t from = entry_begin(out, letters[e->kind]);

    add_number(out, e->seq);
    add_number(out, (uint64_t)e->ms);
    add_number(out, e->has_index ? (uint64_t)e->index + 1 : 0);
    if (is_output(e->kind)) {
        add_number(out, e->stream);
        add_number(out, e->offset);
        add_number(out, e->worker_seq);
    }
    for (unsigned i = 0; e->kind == EVENT_EXIT && i < EVENT_STREAMS; i++)
        add_number(out, e->offsets[i]);
    buf_add(out, e->text, e->len);
    entry_end(out, from);
}

void joblog_add_task(struct buf *out, const struct task *t)
{
    size_t from = entry_begin(out, LETTER_TASK);
    struct buf pairs = BUF_INIT;

    add_number(out, (uint64_t)t->index + 1);
    keep_write_task(t, &pairs);
    buf_add(out, buf_str(&pairs), buf_len(&pairs));
    buf_free(&pairs);
    entry_end(out, from);
}

void joblog_add_history(struct buf *out, bool of_task, unsigned index,
                        const struct history *h)
{
    struct buf text = BUF_INIT;
    size_t from;

    if (!h)
        return;
    from = entry_begin(out, LETTER_HISTORY);
    add_number(out, of_task ? (uint64_t)index + 1 : 0);
    history_write(h, &text);
    buf_add(out, buf_str(&text), buf_len(&text));
    buf_free(&text);
    entry_end(out, from);
}

/* -- reading --------------------------------------------------------------- */

static bool take_index(const char **at, size_t *left, struct joblog_entry *e)
{
    uint64_t n;

    if (!take_number(at, left, &n) || n > UINT32_MAX)
        return false;
    e->has_index = n > 0;
    e->index = n ? (uint32_t)(n - 1) : 0;
    return true;
}

static bool take_output(const char **at, size_t *left, struct joblog_entry *e)
{
    uint64_t stream;

    if (!take_number(at, left, &stream) || stream >= EVENT_STREAMS ||
        !take_number(at, left, &e->offset) ||
        !take_number(at, left, &e->worker_seq))
        return false;
    e->stream = (unsigned)stream;
    return e->has_index;
}

static bool take_event(const char **at, size_t *left, struct joblog_entry *e)
{
    uint64_t ms;

    if (!take_number(at, left, &e->seq) || !take_number(at, left, &ms) ||
        !take_index(at, left, e))
        return false;
    e->ms = (int64_t)ms;
    if (is_output(e->kind))
        return take_output(at, left, e);
    for (unsigned i = 0; e->kind == EVENT_EXIT && i < EVENT_STREAMS; i++) {
        if (!take_number(at, left, &e->offsets[i]))
            return false;
    }
    return e->has_index || e->kind != EVENT_EXIT;
}

static bool take_body(char letter, const char *at, size_t left,
                      struct joblog_entry *e)
{
    const char *known = memchr(letters, letter, sizeof(letters));
    bool ok = true;

    e->what = JOBLOG_UNKNOWN;
    if (letter == LETTER_TASK || letter == LETTER_HISTORY) {
        e->what = letter == LETTER_TASK ? JOBLOG_TASK : JOBLOG_HISTORY;
        ok = take_index(&at, &left, e) &&
             (e->has_index || letter == LETTER_HISTORY);
    } else if (known && letter) {
        e->what = JOBLOG_EVENT;
        e->kind = (enum event_kind)(known - letters);
        ok = take_event(&at, &left, e);
    }
    e->text = at;
    e->len = left;
    return ok;
}

bool joblog_next(const char **at, size_t *left, struct joblog_entry *e)
{
    const char *p = *at;
    size_t rest = *left;
    uint64_t len;
    char letter;

    if (!rest)
        return false;
    *e = (struct joblog_entry){0};
    letter = *p++;
    rest--;
    if (!take_number(&p, &rest, &len) || len > rest ||
        !take_body(letter, p, len, e))
        return false;
    *at = p + len;
    *left = rest - len;
    return true;
}

struct event_past joblog_past(const struct joblog_entry *e, const struct job *j)
{
    bool hosts = e->kind == EVENT_SUBMIT;

    return (struct event_past){.kind = e->kind,
                               .seq = e->seq,
                               .ms = e->ms,
                               .index = e->index,
                               .host = e->has_index ? j->tasks[e->index].host
                                                    : NULL,
                               .stream = e->stream,
                               .offset = e->offset,
                               .text = hosts ? "" : e->text,
                               .len = hosts ? 0 : e->len};
}

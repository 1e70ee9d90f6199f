#include "worker/journal.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES 16384 /* a chunk takes no further line above it */

/* A run of lines. Lines are found by counting LFs: nothing else is stored. */
struct journal_chunk {
    struct journal_chunk *next;
    struct buf text; /* its lines from the first kept one on */
    uint64_t first;  /* number of the line at the start of text */
    uint64_t count;  /* lines in text */
};

void journal_init(struct journal *j)
{
    *j = (struct journal){.at_seq = 1};
}

static void chunk_drop_first(struct journal *j)
{
    struct journal_chunk *c = j->first;

    j->first = c->next;
    if (!j->first)
        j->last_chunk = NULL;
    if (j->at == c) {
        j->at = j->first;
        j->at_pos = 0;
    }
    j->bytes -= buf_len(&c->text);
    buf_free(&c->text);
    free(c);
}

void journal_clear(struct journal *j)
{
    while (j->first)
        chunk_drop_first(j);
    j->acked = j->last;
    j->at_seq = j->last + 1;
}

void journal_restart(struct journal *j, uint64_t seq)
{
    journal_clear(j);
    j->last = j->acked = seq;
    j->at_seq = seq + 1;
}

/* -- writing --------------------------------------------------------------- */

static struct journal_chunk *chunk_add(struct journal *j)
{
    struct journal_chunk *c = xcalloc(1, sizeof(*c));

    c->first = j->last + 1;
    if (j->last_chunk)
        j->last_chunk->next = c;
    else
        j->first = c;
    j->last_chunk = c;
    if (!j->at) {
        j->at = c;
        j->at_pos = 0;
    }
    return c;
}

struct buf *journal_begin(struct journal *j)
{
    struct journal_chunk *c = j->last_chunk;

    if (!c || buf_len(&c->text) >= CHUNK_BYTES)
        c = chunk_add(j);
    j->bytes -= buf_len(&c->text);
    return &c->text;
}

void journal_end(struct journal *j)
{
    struct journal_chunk *c = j->last_chunk;

    buf_add_char(&c->text, '\n');
    c->count++;
    j->last++;
    j->bytes += buf_len(&c->text);
}

void journal_add(struct journal *j, const char *lines, size_t len)
{
    const char *p = lines, *end = lines + len;
    struct journal_chunk *c;

    journal_begin(j);
    c = j->last_chunk;
    buf_add(&c->text, lines, len);
    j->bytes += buf_len(&c->text);
    while (p < end && (p = memchr(p, '\n', (size_t)(end - p)))) {
        p++;
        c->count++;
        j->last++;
    }
}

/* -- forgetting ------------------------------------------------------------ */

/* The offset of line seq in its chunk, or of where it will be. */
static size_t chunk_offset(const struct journal_chunk *c, uint64_t seq)
{
    const char *start = buf_data(&c->text), *p = start;
    const char *end = start + buf_len(&c->text);
    uint64_t n;

    for (n = c->first; n < seq; n++)
        p = (const char *)memchr(p, '\n', (size_t)(end - p)) + 1;
    return (size_t)(p - start);
}

/* Forgets the lines of the first chunk before line seq, which stays. */
static void chunk_trim(struct journal *j, uint64_t seq)
{
    struct journal_chunk *c = j->first;
    size_t gone = chunk_offset(c, seq);

    buf_consume(&c->text, gone);
    c->count -= seq - c->first;
    c->first = seq;
    j->bytes -= gone;
    if (j->at == c)
        j->at_pos = j->at_pos > gone ? j->at_pos - gone : 0;
}

bool journal_ack(struct journal *j, uint64_t seq)
{
    if (seq > j->last)
        return false;
    if (seq <= j->acked)
        return true;
    while (j->first && j->first->first + j->first->count <= seq + 1)
        chunk_drop_first(j);
    if (j->first && j->first->first <= seq)
        chunk_trim(j, seq + 1);
    j->acked = seq;
    if (j->at_seq <= seq)
        j->at_seq = seq + 1;
    return true;
}

/* -- reading --------------------------------------------------------------- */

bool journal_seek(struct journal *j, uint64_t seq)
{
    struct journal_chunk *c;

    if (seq > j->last)
        return false;
    if (seq < j->acked)
        seq = j->acked;
    j->at_seq = seq + 1;
    /* behind its last line the reader waits in the last chunk */
    c = j->first;
    while (c && c->next && c->first + c->count <= j->at_seq)
        c = c->next;
    j->at = c;
    j->at_pos = c ? chunk_offset(c, j->at_seq) : 0;
    return true;
}

bool journal_has_more(const struct journal *j)
{
    return j->at_seq <= j->last;
}

/* How many bytes of whole lines stand at p: at least one line, else at most
 * max; *lines counts them. */
static size_t whole_lines(const char *p, size_t len, size_t max,
                          uint64_t *lines)
{
    size_t at = 0;

    *lines = 0;
    while (at < len) {
        const char *lf = memchr(p + at, '\n', len - at);
        size_t next = (size_t)(lf - p) + 1;

        if (*lines && next > max)
            break;
        at = next;
        ++*lines;
    }
    return at;
}

void journal_take(struct journal *j, struct buf *out, size_t max)
{
    size_t taken = 0;

    while (journal_has_more(j) && (!taken || taken < max)) {
        struct journal_chunk *c = j->at;
        size_t left = buf_len(&c->text) - j->at_pos, n;
        uint64_t lines;

        if (!left) {
            j->at = c->next;
            j->at_pos = 0;
            continue;
        }
        n = whole_lines(buf_data(&c->text) + j->at_pos, left, max - taken,
                        &lines);
        buf_add(out, buf_data(&c->text) + j->at_pos, n);
        j->at_pos += n;
        j->at_seq += lines;
        taken += n;
    }
}

#include "worker/record.h"

#include <string.h>

#define ROOM 65536 /* bytes in memory that wait to be sent */
#define KEEP 4096  /* bytes of memory that an empty one keeps */
#define TAIL 4096  /* bytes that do not wait, if they are the last */

void record_init(struct record *r, const char *jid, size_t window)
{
    *r = (struct record){.jid = jid, .window = window};
}

struct buf *record_line(struct record *r, const char *word)
{
    struct buf *b = &r->lines;

    buf_add_str(b, word);
    buf_add_char(b, ' ');
    buf_add_str(b, r->jid);
    buf_add_char(b, ' ');
    buf_add_u64(b, r->last + 1);
    return b;
}

struct buf *record_last_line(struct record *r)
{
    r->over = true;
    return &r->lines;
}

void record_line_end(struct record *r)
{
    buf_add_char(&r->lines, '\n');
    r->last++;
    r->end = r->sent + buf_len(&r->lines);
}

bool record_is_full(const struct record *r)
{
    return r->end - r->sent >= ROOM;
}

void record_together(struct record *r, uint64_t from)
{
    if (from - r->acked < r->window)
        r->whole = r->end;
}

static bool may_send(const struct record *r)
{
    return r->sent - r->acked < r->window || r->sent < r->whole ||
           (r->over && r->end - r->sent < TAIL);
}

size_t record_next(const struct record *r, size_t max, const char **lines)
{
    const char *p = buf_data(&r->lines), *lf;
    size_t len = (size_t)(r->end - r->sent);

    if (!len || !may_send(r))
        return 0;
    *lines = p;
    if (len <= max)
        return len;
    lf = memrchr(p, '\n', max);
    if (!lf)
        lf = memchr(p, '\n', len);
    return (size_t)(lf - p) + 1;
}

void record_sent(struct record *r, size_t len)
{
    buf_consume(&r->lines, len);
    r->sent += len;
    if (record_is_sent(r))
        buf_reset(&r->lines, KEEP);
}

void record_acked(struct record *r, uint64_t offset)
{
    if (offset > r->acked && offset <= r->sent)
        r->acked = offset;
}

#include "worker/record.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "worker/spool_file.h"

#define ROOM     65536   /* bytes in memory */
#define KEEP     4096    /* bytes of memory that an empty one keeps */
#define TAIL     4096    /* bytes that do not wait, if they are the last */
#define BLOCK    4096    /* holes begin and end there */
#define PUNCH    1048576 /* bytes that are forgotten at once */
#define RETRY_MS 500     /* after a write that failed */

static const char *const stream_names[] = {"stdout", "stderr"};

void record_init(struct record *r, const char *jid, size_t window)
{
    *r = (struct record){.jid = jid, .window = window, .fd = -1};
}

void record_to_file(struct record *r, int fd, uint64_t base, size_t size)
{
    r->fd = fd;
    r->base = base;
    r->size = size;
    r->punched = BLOCK;
}

void record_free(struct record *r)
{
    buf_free(&r->lines);
}

/* -- lines ----------------------------------------------------------------- */

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
    r->end = r->from + buf_len(&r->lines);
}

void record_tell_cut(struct record *r)
{
    char text[160];
    int i;

    for (i = 0; i < 2; i++) {
        if (!r->cut[i])
            continue;
        snprintf(text, sizeof(text),
                 "muster: %" PRIu64 " bytes are missing here: the worker's "
                 "spool could not be written (%s)",
                 r->cut[i], strerror(r->failing));
        r->cut[i] = 0;
        buf_add_fmt(record_line(r, "out"), " %s", stream_names[i]);
        buf_add_word(&r->lines, text, strlen(text));
        record_line_end(r);
    }
}

bool record_cut(struct record *r, int stream, size_t len)
{
    if (!r->failing)
        return false;
    r->cut[stream] += len;
    r->cut_all += len;
    return true;
}

/* -- the file -------------------------------------------------------------- */

static bool write_rest(struct record *r)
{
    while (r->written < r->end) {
        size_t at = (size_t)(r->written - r->from);
        ssize_t n =
            pwrite(r->fd, buf_data(&r->lines) + at, buf_len(&r->lines) - at,
                   (off_t)(r->base + r->written));

        if (n <= 0)
            return false;
        r->written += (uint64_t)n;
    }
    return true;
}

void record_write(struct record *r, uint64_t now)
{
    if (r->fd < 0 || (r->failing && now < r->retry_ms))
        return;
    if (r->failing && write_rest(r))
        record_tell_cut(r);
    if (!write_rest(r)) {
        r->failing = errno ? errno : EIO;
        r->retry_ms = now + RETRY_MS;
        return;
    }
    r->failing = 0;
    r->retry_ms = 0;
    if (buf_len(&r->lines) >= ROOM) {
        buf_reset(&r->lines, KEEP);
        r->from = r->end;
    }
}

/* What the dispatcher has takes no place on the disk: but for the first block,
 * and the end of a line before the first one that it has not. */
static void punch(struct record *r)
{
    uint64_t to = (r->base + r->acked - 1) / BLOCK * BLOCK;

    if (r->fd < 0 || to < r->punched + PUNCH)
        return;
    if (fallocate(r->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                  (off_t)r->punched, (off_t)(to - r->punched)) == 0)
        r->punched = to;
}

/* -- sending --------------------------------------------------------------- */

bool record_is_full(const struct record *r)
{
    if (r->fd < 0)
        return r->end - r->sent >= ROOM;
    return r->end - r->acked >= r->size || buf_len(&r->lines) >= 4 * ROOM;
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

/* How many bytes of whole lines stand there, up to max or one longer line. */
static size_t whole_lines(const char *p, size_t len, size_t max)
{
    const char *lf;

    if (len <= max)
        return len;
    lf = memrchr(p, '\n', max);
    if (!lf)
        lf = memchr(p, '\n', len);
    return (size_t)(lf - p) + 1;
}

/* Only what the file has; at the end even what it cannot take. */
size_t record_next(struct record *r, size_t max, const char **lines)
{
    static struct buf page;
    uint64_t upto = r->fd < 0 || r->over ? r->end : r->written;

    if (r->sent >= upto || (r->failing && !r->over) || !may_send(r))
        return 0;
    if (r->sent >= r->from) {
        *lines = buf_data(&r->lines) + (r->sent - r->from);
        return whole_lines(*lines, (size_t)(upto - r->sent), max);
    }
    buf_reset(&page, 2 * ROOM);
    if (!spool_file_read(r->fd, r->base + r->sent, max, &page))
        return 0;
    *lines = buf_data(&page);
    return whole_lines(*lines, buf_len(&page), max);
}

void record_sent(struct record *r, size_t len)
{
    uint64_t done;

    r->sent += len;
    done = r->fd < 0 || r->sent < r->written ? r->sent : r->written;
    if (done > r->from) {
        buf_consume(&r->lines, (size_t)(done - r->from));
        r->from = done;
    }
    if (!buf_len(&r->lines))
        buf_reset(&r->lines, KEEP);
}

void record_acked(struct record *r, uint64_t offset)
{
    offset += r->origin;
    if (offset <= r->acked || offset > r->sent)
        return;
    r->acked = offset;
    punch(r);
}

void record_seek(struct record *r, uint64_t seq)
{
    uint64_t at;

    if (r->fd < 0 || seq >= r->last)
        at = r->end;
    else
        at = spool_file_seek(r->fd, r->jid, r->base, &seq) - r->base;
    r->sent = r->acked = r->origin = at;
    r->whole = 0;
}

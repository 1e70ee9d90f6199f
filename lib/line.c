#include "lib/line.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

#define LINE_KEEP 4096 /* an idle reader keeps no more bytes than this */

void line_init(struct line_reader *r, size_t max)
{
    *r = (struct line_reader){.max = max};
}

void line_free(struct line_reader *r)
{
    free(r->data);
    r->data = NULL;
    r->pos = r->end = r->size = r->scan = 0;
}

char *line_room(struct line_reader *r, size_t want, size_t *room)
{
    size_t used = line_pending(r);

    /* one byte stays free for the NUL behind a last line without LF */
    if (r->size < r->end + want + 1) {
        if (r->pos)
            memmove(r->data, r->data + r->pos, used);
        r->pos = 0;
        r->end = used;
        if (r->size < used + want + 1) {
            r->size = used + want + 1;
            r->data = xreallocarray(r->data, r->size, 1);
        }
    }
    *room = r->size - r->end - 1;
    return r->data + r->end;
}

void line_fed(struct line_reader *r, size_t len)
{
    r->end += len;
}

/* Takes the line of len bytes at pos; skip is the length of its end. */
static void line_take(struct line_reader *r, size_t len, size_t skip,
                      char **line, size_t *out_len)
{
    *line = r->data + r->pos;
    r->pos += len + skip;
    r->scan = 0;
    if (len && (*line)[len - 1] == '\r')
        len--;
    (*line)[len] = '\0';
    *out_len = len;
}

/* Drops what belongs to the over-long line. True if its end has come. */
static bool line_drain(struct line_reader *r)
{
    char *lf = memchr(r->data + r->pos, '\n', line_pending(r));

    r->scan = 0;
    r->pos = lf ? (size_t)(lf - r->data) + 1 : r->end;
    r->draining = !lf;
    return lf != NULL;
}

enum line_result line_next(struct line_reader *r, bool eof, char **line,
                           size_t *len)
{
    char *start, *lf;
    size_t n;

    if (!r->data || (r->draining && !line_drain(r)))
        return LINE_NONE;
    start = r->data + r->pos;
    n = line_pending(r);
    lf = memchr(start + r->scan, '\n', n - r->scan);
    if (lf)
        n = (size_t)(lf - start);
    /* one more than max: a CR is not counted, and not known yet */
    if (n > r->max + (n && start[n - 1] == '\r')) {
        r->draining = true;
        return LINE_TOO_LONG;
    }
    if (lf || (eof && n)) {
        line_take(r, n, lf ? 1 : 0, line, len);
        return LINE_GOT;
    }
    r->scan = n;
    return LINE_NONE;
}

char *line_bytes(struct line_reader *r, size_t max, size_t *len)
{
    char *bytes;

    *len = line_pending(r) < max ? line_pending(r) : max;
    if (!*len)
        return r->data;
    bytes = r->data + r->pos;
    r->pos += *len;
    r->scan = 0;
    return bytes;
}

void line_settle(struct line_reader *r)
{
    if (line_pending(r))
        return;
    r->pos = r->end = r->scan = 0;
    if (r->size > LINE_KEEP)
        line_free(r);
}

#include "client/cli/status_text.h"

#include <string.h>
#include <unistd.h>

#include "client/cli/text.h"

#define RED   "\x1b[31m"
#define DIM   "\x1b[2m"
#define PLAIN "\x1b[0m"

#define SLOWEST      3    /* hosts that are named */
#define NAME_COLUMNS 24   /* of each */
#define RATE_MS      1000 /* before that there is no rate to speak of */

static void add_count(struct buf *out, const struct life *l, unsigned n,
                      const char *word, const char *color)
{
    if (n == 0)
        return;
    buf_add_str(out, l->cli->err_color ? DIM " \xc2\xb7 " PLAIN : ", ");
    if (l->cli->err_color)
        buf_add_str(out, color);
    buf_add_fmt(out, "%u %s", n, word);
    if (l->cli->err_color)
        buf_add_str(out, PLAIN);
}

/* How many a second have ended, all the time taken together. */
static void add_rate(struct buf *out, unsigned ended, uint64_t ms)
{
    uint64_t tenths;

    if (!ended || ms < RATE_MS)
        return;
    tenths = (uint64_t)ended * 10000 / ms;
    if (tenths >= 100)
        buf_add_fmt(out, ", %llu/s", (unsigned long long)tenths / 10);
    else
        buf_add_fmt(out, ", %llu.%llu/s", (unsigned long long)tenths / 10,
                    (unsigned long long)tenths % 10);
}

/* Columns of a line with colours in it, which take none. */
static size_t columns_of(const struct buf *line)
{
    const char *p = buf_data(line), *end = p + buf_len(line);
    size_t width = 0;

    while (p < end) {
        const char *escape = memchr(p, '\x1b', (size_t)(end - p));
        const char *stop = escape ? escape : end;

        width += text_width(p, (size_t)(stop - p));
        if (escape)
            stop = memchr(escape, 'm', (size_t)(end - escape));
        p = escape && stop ? stop + 1 : end;
    }
    return width;
}

/* Those that have been running longest, once others have ended: the hosts come
 * in the order in which they began. As many as fit on the line. */
static void add_slowest(struct buf *out, const struct roster *h)
{
    size_t room = cli_terminal_width(STDERR_FILENO), used = columns_of(out);
    const struct roster_host *x;
    unsigned named = 0;

    for (x = h->by_name; x && named < SLOWEST; x = x->hh.next) {
        size_t len = strlen(x->name), fits;

        if (!x->acked || x->ended)
            continue;
        fits = text_fit(x->name, len, NAME_COLUMNS);
        used += text_width(x->name, fits) + (named ? 1 : 16);
        if (room && used > room)
            return;
        buf_add_str(out, named++ ? " " : "  waiting for ");
        text_add_safe(out, x->name, fits);
        if (fits < len)
            buf_add_str(out, "~");
    }
}

void status_text(void *life, struct buf *out)
{
    const struct life *l = life;
    const struct roster *h = &l->roster;
    unsigned running = h->acked > h->ended ? h->acked - h->ended : 0;
    uint64_t ms = loop_clock() - l->began;

    if (!l->jid) {
        buf_add_str(out, "waiting for a worker  ");
        text_add_elapsed(out, ms);
        return;
    }
    buf_add_fmt(out, "%s  ", l->jid);
    buf_add_fmt(out, "%u/%u done", h->ended, h->total);
    add_count(out, l, running, "running", "\x1b[36m");
    add_count(out, l, h->failed, "failed", RED);
    add_count(out, l, h->lost, "lost", RED);
    add_count(out, l, h->left, "left", "\x1b[33m");
    add_count(out, l, h->drained, "drained", DIM);
    add_rate(out, h->ended, ms);
    buf_add_str(out, "  ");
    text_add_elapsed(out, ms);
    if (h->ended)
        add_slowest(out, h);
}

#include "worker/spool_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/mem.h"
#include "lib/words.h"

#define TAIL  262144 /* bytes at the end that surely hold a whole line */
#define CHUNK 262144 /* bytes of one read, more than the longest line */

void spool_file_begin(struct buf *out, const char *jid, const char *op,
                      const char *by, const char *boot)
{
    buf_add_words(out, "begin");
    buf_add_words(out, jid);
    buf_add_words(out, op);
    buf_add_words(out, by);
    buf_add_words(out, boot);
    buf_add_char(out, '\n');
}

/* -- parts, pure ----------------------------------------------------------- */

uint64_t spool_line_number(const char *line, size_t len, const char *jid)
{
    const char *end = line + len, *p = memchr(line, ' ', len);
    size_t jid_len = strlen(jid);
    uint64_t n = 0;

    if (!p || p == line || (size_t)(end - p) < jid_len + 3 ||
        memcmp(p + 1, jid, jid_len) != 0 || p[1 + jid_len] != ' ')
        return 0;
    for (p += jid_len + 2; p < end && *p >= '0' && *p <= '9'; p++) {
        if (n > (UINT64_MAX - 9) / 10)
            return 0;
        n = n * 10 + (uint64_t)(*p - '0');
    }
    return p < end && *p == ' ' ? n : 0;
}

static bool is_exit(const char *line, size_t len)
{
    return len > 5 && memcmp(line, "exit ", 5) == 0;
}

static bool head_words(struct spool_look *look, char *line, size_t len,
                       const char *jid)
{
    struct word w[5];

    if (words_split(line, len, w, 5) != 5 || !word_is(&w[0], "begin") ||
        !word_is(&w[1], jid))
        return false;
    snprintf(look->op, sizeof(look->op), "%s", w[2].text);
    snprintf(look->by, sizeof(look->by), "%s", w[3].text);
    snprintf(look->boot, sizeof(look->boot), "%s", w[4].text);
    return true;
}

bool spool_head_parse(const char *bytes, size_t len, const char *jid,
                      struct spool_look *look)
{
    const char *lf = len ? memchr(bytes, '\n', len) : NULL;
    const char *next;
    char *line;
    bool good;

    if (!lf)
        return false;
    line = xmemdup0(bytes, (size_t)(lf - bytes));
    good = head_words(look, line, (size_t)(lf - bytes), jid);
    free(line);
    if (!good)
        return false;
    next = lf + 1;
    len -= (size_t)(next - bytes);
    lf = len ? memchr(next, '\n', len) : NULL;
    look->started = lf && lf - next > 6 && memcmp(next, "start ", 6) == 0;
    look->base = (uint64_t)((look->started ? lf + 1 : next) - bytes);
    return true;
}

/* -- files ----------------------------------------------------------------- */

static size_t read_at(int fd, char *out, size_t len, uint64_t at)
{
    size_t done = 0;
    ssize_t n;

    while (done < len &&
           (n = pread(fd, out + done, len - done, (off_t)(at + done))) > 0)
        done += (size_t)n;
    return done;
}

/* The newest of the lines in the file's end. */
static void tail_look(const char *bytes, size_t len, uint64_t at,
                      const char *jid, struct spool_look *look)
{
    const char *p = bytes, *end = bytes + len, *lf;

    while (p < end && (lf = memchr(p, '\n', (size_t)(end - p)))) {
        size_t n = (size_t)(lf - p);
        uint64_t number = spool_line_number(p, n, jid);

        if (number && number > look->last) {
            look->last = number;
            look->end = at + (uint64_t)(lf + 1 - bytes);
            free(look->exit);
            look->exit = is_exit(p, n) ? xstrndup(p, n) : NULL;
        }
        p = lf + 1;
    }
}

bool spool_file_look(int fd, const char *jid, struct spool_look *look)
{
    char head[SPOOL_HEAD_MAX], *tail;
    struct stat st;
    uint64_t at;
    size_t n;

    *look = (struct spool_look){.last = 0};
    n = read_at(fd, head, sizeof(head), 0);
    if (fstat(fd, &st) < 0 || !spool_head_parse(head, n, jid, look))
        return false;
    look->end = at = look->base;
    if ((uint64_t)st.st_size > at + TAIL)
        at = (uint64_t)st.st_size - TAIL;
    tail = xmalloc(TAIL);
    n = read_at(fd, tail, TAIL, at);
    tail_look(tail, n, at, jid, look);
    free(tail);
    return true;
}

void spool_look_free(struct spool_look *look)
{
    free(look->exit);
    look->exit = NULL;
}

/* A walk over a file's lines, for one that stands behind a number. */
struct seeking {
    const char *jid;
    uint64_t seq;    /* the number */
    uint64_t before; /* of the line before; 0: none in this run */
    uint64_t at;     /* where it stands; 0: not found */
    uint64_t number; /* and its own */
    uint64_t end;    /* behind the last line of the run */
};

static void seek_line(struct seeking *s, const char *line, size_t len,
                      uint64_t at)
{
    uint64_t n = spool_line_number(line, len, s->jid);

    if (!n || n != s->before + 1)
        s->at = 0;
    s->before = n;
    if (!n)
        return;
    s->end = at + len + 1;
    if (n > s->seq && !s->at) {
        s->at = at;
        s->number = n;
    }
}

static void seek_walk(struct seeking *s, int fd, uint64_t at)
{
    char *chunk = xmalloc(CHUNK);
    size_t n;

    while ((n = read_at(fd, chunk, CHUNK, at)) > 0) {
        const char *p = chunk, *end = chunk + n, *lf;

        while (p < end && (lf = memchr(p, '\n', (size_t)(end - p)))) {
            seek_line(s, p, (size_t)(lf - p), at + (uint64_t)(p - chunk));
            p = lf + 1;
        }
        if (p == chunk && n < CHUNK)
            break;
        at += p == chunk ? n : (size_t)(p - chunk); /* a hole has no LF */
    }
    free(chunk);
}

uint64_t spool_file_seek(int fd, const char *jid, uint64_t base, uint64_t *seq)
{
    struct seeking s = {.jid = jid, .seq = *seq, .end = base};

    seek_walk(&s, fd, base);
    if (s.at) {
        *seq = s.number - 1;
        return s.at;
    }
    if (s.before)
        *seq = s.before;
    return s.end;
}

size_t spool_file_read(int fd, uint64_t at, size_t max, struct buf *out)
{
    char *room = buf_reserve(out, CHUNK);
    size_t n = read_at(fd, room, CHUNK, at), len = 0;

    while (len < n && (!len || len < max)) {
        const char *lf = memchr(room + len, '\n', n - len);

        if (!lf)
            break;
        len = (size_t)(lf + 1 - room);
    }
    out->end += len;
    return len;
}

/*
 * Bytes in, lines out: a bounded line reader, pure (doc/protocol.md, Lines).
 * A line ends in LF, a CR before it is dropped; one that is longer than the
 * bound is reported once and its rest is drained.
 *
 * Must not know sockets or words.
 */
#ifndef MUSTER_LIB_LINE_H
#define MUSTER_LIB_LINE_H

#include <stdbool.h>
#include <stddef.h>

struct line_reader {
    char *data;    /* owned; bytes not yet handed out */
    size_t pos;    /* first of them */
    size_t end;    /* one past the last */
    size_t size;   /* allocated */
    size_t scan;   /* bytes from pos that are known to hold no LF */
    size_t max;    /* longest line in bytes, without its end */
    bool draining; /* inside the rest of a line that was too long */
};

enum line_result {
    LINE_NONE,    /* no whole line yet: feed more */
    LINE_GOT,     /* *line, *len: valid until the next feed */
    LINE_TOO_LONG /* told once per over-long line */
};

void line_init(struct line_reader *r, size_t max);
void line_free(struct line_reader *r);

/* Room for at least want more bytes; write there and call line_fed(). */
char *line_room(struct line_reader *r, size_t want, size_t *room);
void line_fed(struct line_reader *r, size_t len);

/*
 * The next line. line[len] is writable and set to NUL, so that it can be split
 * in place. At the end of the stream call with eof true: what is left without
 * an LF is a line too.
 */
enum line_result line_next(struct line_reader *r, bool eof, char **line,
                           size_t *len);

/* At most max of the bytes that are held, as they are: for what is no line.
 * Valid until the next feed. */
char *line_bytes(struct line_reader *r, size_t max, size_t *len);

/* The bytes that are held, to look at only; NULL if none ever were. */
static inline const char *line_peek(const struct line_reader *r, size_t *len)
{
    *len = r->end - r->pos;
    return r->data ? r->data + r->pos : NULL;
}

/* Bytes held and not handed out. */
static inline size_t line_pending(const struct line_reader *r)
{
    return r->end - r->pos;
}

/* Gives memory back when nothing is pending (idle connections cost nothing). */
void line_settle(struct line_reader *r);

#endif

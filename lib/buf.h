/*
 * A growable run of bytes with a read position, and the one writer of words:
 * whatever leaves on a port of ours as a word goes through buf_add_word(), so
 * that no peer's byte can end a line early (doc/protocol.md, Lines and words).
 *
 * Must not know sockets, nor what the words mean. The bound on its size is
 * its owner's: look at buf_len() before adding.
 */
#ifndef MUSTER_LIB_BUF_H
#define MUSTER_LIB_BUF_H

#include <stddef.h>
#include <stdint.h>

struct buf {
    char *data;  /* owned; NULL while empty and never grown */
    size_t pos;  /* first byte not yet consumed */
    size_t end;  /* one past the last byte */
    size_t size; /* bytes allocated */
};

#define BUF_INIT                                                               \
    {                                                                          \
        0                                                                      \
    }

static inline size_t buf_len(const struct buf *b)
{
    return b->end - b->pos;
}

/* NULL while it has never grown: not even 0 may be added to that. */
static inline char *buf_data(const struct buf *b)
{
    return b->data ? b->data + b->pos : NULL;
}

/* Frees the memory; b is an empty buffer again. */
void buf_free(struct buf *b);
/* Forgets the content; keeps at most keep bytes allocated. */
void buf_reset(struct buf *b, size_t keep);
/* Room for len more bytes; the caller writes there, then adds to b->end. */
char *buf_reserve(struct buf *b, size_t len);
void buf_consume(struct buf *b, size_t len);
void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_add_char(struct buf *b, char c);
void buf_add_str(struct buf *b, const char *text);
void buf_add_u64(struct buf *b, uint64_t n);
void buf_add_fmt(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The content as a NUL-terminated string, valid until the next change. */
const char *buf_str(struct buf *b);

/*
 * Appends one word, quoted whole if it is empty or holds white space, a
 * control character or a quote (a quote inside is doubled). A blank goes
 * before it unless the buffer is empty or ends in a line end. LF inside the
 * word is the caller's mistake on a line port: it is written as a blank, never
 * as a line end. Source: Inferno's str->quoted, registry(4).
 */
void buf_add_word(struct buf *b, const char *word, size_t len);
void buf_add_words(struct buf *b, const char *word); /* NUL-terminated */
void buf_add_pair(struct buf *b, const char *name, const char *value);

/* True if word must be quoted when it is written. */
int buf_word_quotes(const char *word, size_t len);

#endif

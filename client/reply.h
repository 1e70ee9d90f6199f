/*
 * The answer lines of the registry's three ports and of the dispatcher, taken
 * apart (doc/protocol.md). Pure: a line in, a struct out; it is fuzzed.
 *
 * Whatever a peer sends gives one of the kinds below; what is no answer of
 * that port is REPLY_BAD with the reason in text. Must not know connections,
 * nor what an answer is good for.
 */
#ifndef MUSTER_CLIENT_REPLY_H
#define MUSTER_CLIENT_REPLY_H

#include <stddef.h>
#include <stdint.h>

#include "client/muster.h"
#include "lib/words.h"

enum reply_kind {
    REPLY_BAD,   /* text: why */
    REPLY_ERROR, /* error: TEXT */
    /* new */
    REPLY_OK, /* ok NUMBER */
    /* find */
    REPLY_SERVICE, /* service */
    REPLY_END,     /* .end NUMBER */
    /* event */
    REPLY_VERSION, /* READY or a version: what a plain client is told */
    REPLY_READY,   /* READY NUMBER */
    REPLY_ADD,     /* + NUMBER service */
    REPLY_CHANGE,  /* = NUMBER service */
    REPLY_GONE,    /* - NUMBER service */
    REPLY_SYNCED,  /* = NUMBER */
    REPLY_MISSED,  /* ! NUMBER */
    /* exec */
    REPLY_SUBMIT,      /* submit NAME NUMBER: a job and its count of hosts */
    REPLY_ACK,         /* ack NAME */
    REPLY_OUT,         /* out NAME STREAM TEXT */
    REPLY_PART,        /* part NAME STREAM TEXT */
    REPLY_CUT,         /* cut NAME STREAM NUMBER: bytes */
    REPLY_RESULT,      /* result NAME TEXT: JSON, or its last piece */
    REPLY_RESULT_MORE, /* result+ NAME TEXT: a piece, more follows */
    REPLY_PROGRESS,    /* progress NAME NUMBER TEXT: percent */
    REPLY_EXIT,        /* exit NAME RC …: result */
    REPLY_MERGED,      /* merged NAME: a job that was there before */
    REPLY_HELD,        /* held NAME …: number: the pair next, or 0 */
    REPLY_RETRY,       /* retry NAME NUMBER …: result's pairs; the attempt */
    REPLY_DONE         /* done NAME …: summary */
};

/* One answer; all of it points into the line and the parser. */
struct reply {
    enum reply_kind kind;
    uint64_t number;
    const char *name; /* a host or a job */
    const char *text; /* may hold NULs: text_len; a NUL stands behind it */
    size_t text_len;
    enum muster_stream stream;
    struct muster_service service;
    struct muster_result result;
    struct muster_summary summary;
};

/* Memory that is used again for each line; begin with all zero. */
struct reply_parser {
    struct word *words; /* owned */
    size_t words_size;
    struct muster_attr *attrs; /* owned */
    size_t attrs_size;
};

void reply_parser_free(struct reply_parser *p);

/* line is spoilt, and line[len] must be writable, as words_split() has it. */
typedef void reply_parse_fn(struct reply_parser *p, char *line, size_t len,
                            struct reply *r);
reply_parse_fn reply_parse_new;
reply_parse_fn reply_parse_find;
reply_parse_fn reply_parse_event;
reply_parse_fn reply_parse_exec;

/* An answer line of a dispatcher as words; REPLY_OK and *count, or REPLY_BAD
 * or REPLY_ERROR in r. The words hold no NUL. */
const struct word *reply_parse_words(struct reply_parser *p, char *line,
                                     size_t len, struct reply *r,
                                     size_t *count);

#endif

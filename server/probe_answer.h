/*
 * The answer of an HTTP server to a probe, as it comes (RFC 9112), pure: its
 * status, where it leads to, and the beginning of its body. Lenient, for it
 * decides about nothing but a check; bounded everywhere.
 *
 *   status line -> headers -> body (by length, in chunks, to the end) -> done
 *
 * Must not know connections, nor what a status means for a check.
 */
#ifndef MUSTER_SERVER_PROBE_ANSWER_H
#define MUSTER_SERVER_PROBE_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/line.h"

enum answer_part {
    ANSWER_STATUS,
    ANSWER_HEADERS,
    ANSWER_BODY,      /* left bytes of it */
    ANSWER_TO_END,    /* all that comes */
    ANSWER_CHUNK,     /* the line with a chunk's size */
    ANSWER_CHUNK_END, /* the line end behind one */
    ANSWER_DONE,
    ANSWER_BROKEN
};

struct probe_answer {
    struct line_reader in;
    enum answer_part part;
    unsigned status;
    char reason[64]; /* the status line's text, cut */
    bool chunked, has_length, no_body;
    uint64_t left;
    size_t head;     /* bytes of lines so far */
    size_t body_max; /* more of the body is not waited for */
    char *location;  /* owned; NULL: none */
    struct buf body;
};

/* no_body: of a HEAD. */
void probe_answer_init(struct probe_answer *a, size_t body_max, bool no_body);
void probe_answer_free(struct probe_answer *a);
/* Takes what came. True: no more is needed, it is done or broken. */
bool probe_answer_feed(struct probe_answer *a, const char *bytes, size_t len);
/* Nothing more comes. False: it broke off. */
bool probe_answer_end(struct probe_answer *a);

#endif

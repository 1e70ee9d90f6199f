/*
 * What a line to port event asks for beside its selector. Pure: it knows no
 * connection and no reader.
 */
#ifndef MUSTER_FACE_EVENT_OPTIONS_H
#define MUSTER_FACE_EVENT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/mem.h"
#include "lib/selector.h"
#include "lib/words.h"

struct event_options {
    bool filter, detail, sync, hidden, reason;
    uint64_t since; /* UINT64_MAX: not said */
};

/* True if the line is one of ours: a plain client may send what it likes. */
bool event_line_is_ours(const struct word *w, int n);
/* Reads the words of a line into s and o. NULL, or an error text for the peer
 * (owned by the caller); s is the caller's to free in both cases. */
MUST_CHECK char *event_options_read(struct selector *s, struct event_options *o,
                                    const struct word *w, int n);

#endif

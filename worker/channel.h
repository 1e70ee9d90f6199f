/*
 * What a worker and the monitor of a job say to each other: messages on a
 * socket of the kind SOCK_SEQPACKET, each a letter and what belongs to it.
 *
 *   worker                            monitor
 *     |<--- ready ----------------------|   (with a spool: its file is there)
 *     |---- start --------------------->|
 *     |<--- lines, lines, ... ----------|   whole lines of the record
 *     |---- acked OFFSET -------------->|   lets it send, and forget, more
 *     |---- end REASON, kill REASON --->|
 *     |<--- gone -----------------------|   nobody of the tree is left
 *     |<--- last -----------------------|   lines up to the last one
 *
 * A worker that comes after the first one is greeted, and gets lines when it
 * has said which:
 *
 *     |<--- hello LAST -----------------|
 *     |---- from SEQ ------------------>|
 *
 * Must not know what a line says.
 */
#ifndef MUSTER_WORKER_CHANNEL_H
#define MUSTER_WORKER_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHANNEL_LINES_MAX 32768 /* bytes of one message, or one longer line */
#define CHANNEL_MAX       69632 /* bytes of the longest message */

enum channel_word {
    /* the monitor's */
    CHANNEL_READY = 'r', /* it waits for the start: a number, errno or 0 */
    CHANNEL_LINES = 'l', /* lines */
    CHANNEL_LAST = 'x',  /* lines, and the last one is the last of all */
    CHANNEL_GONE = 'g',  /* nobody of the tree is left: the line to be last */
    CHANNEL_STUCK = 's', /* some live on after KILL: their number */
    CHANNEL_FACT = 'f',  /* about the host: ATTR, NUL, VALUE */
    CHANNEL_LEFT = 'd',  /* whom it leaves behind on purpose: their pids */
    CHANNEL_HELLO =
        'h', /* to a worker that has come: number of its last line */
    /* the worker's */
    CHANNEL_START = 'S',
    CHANNEL_END = 'e',   /* TERM, grace, KILL: the reason */
    CHANNEL_KILL = 'k',  /* KILL at once: the reason */
    CHANNEL_ACKED = 'a', /* the dispatcher has all before: an offset */
    CHANNEL_FROM = 'n',  /* it wants the lines behind that number */
    CHANNEL_PEER = 'p'   /* whether a dispatcher takes the lines: 0 or 1 */
};

struct channel_message {
    enum channel_word word;
    const char *bytes; /* not NUL-terminated */
    size_t len;
};

/* Sends one, without waiting. False and errno: it was not sent. */
bool channel_send(int fd, enum channel_word word, const void *bytes,
                  size_t len);
bool channel_send_number(int fd, enum channel_word word, uint64_t n);
/* Takes one into room of CHANNEL_MAX bytes, without waiting. 1; 0: the other
 * side is gone; -1: there is none now. */
int channel_take(int fd, char *room, struct channel_message *m);
/* The number in a message; 0 if there is none. */
uint64_t channel_number(const struct channel_message *m);

#endif

/*
 * The life of a job as an ordered list of events, and cursors that read it.
 * Every reader, attached or late, reads this one list; there is no other way
 * to learn of output.
 *
 * Output is bounded for each host: the first half of the bound (head) stays,
 * of the rest the last half (tail). Each piece of output knows its offset in
 * its host's stream, so a cursor that meets a jump knows exactly how many
 * bytes it did not get and says so (EVENT_CUT is made up, never stored).
 *
 * One cursor may pace the log: what it has not read is not cut, it counts as
 * backlog, and whoever appends looks at eventlog_is_full() before letting the
 * source send more. Above a further bound its unread output is cut, too.
 *
 * Pure: must not know sockets, clocks, jobs or hosts: these are indexes here.
 */
#ifndef DISPATCHER_EVENTS_H
#define DISPATCHER_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

enum event_kind {
    EVENT_SUBMIT,
    EVENT_ACK,
    EVENT_OUT,  /* a line, without its LF; or the last piece of a result */
    EVENT_PART, /* output that ended without LF; or a piece of a result */
    EVENT_EXIT,
    EVENT_DONE,
    EVENT_ERROR,
    EVENT_HELD,
    EVENT_CUT,
    EVENT_RETRY /* an attempt failed, another one follows */
};
#define EVENT_KINDS 10 /* joblog.c has a letter for each */

#define EVENT_STREAMS 4 /* enum dispatch_stream has their names */

struct event {
    TAILQ_ENTRY(event) link;
    struct event *next_of_host; /* while in its host's tail */
    const char *host;           /* borrowed from the job */
    uint64_t seq;               /* order in this log */
    int64_t ms;                 /* by the wall clock, since 1970 */
    uint64_t offset;            /* in its host's stream, of the first byte */
    uint32_t index;             /* of the host */
    uint32_t len;
    uint8_t kind, stream;
    char text[]; /* len bytes and a NUL */
};

TAILQ_HEAD(event_list, event);

struct eventlog_bounds {
    size_t host;    /* stored output of one host, with its overhead */
    size_t window;  /* backlog of one host */
    size_t backlog; /* of all hosts of the job */
};

/* What the log keeps of each host. */
struct eventlog_host {
    size_t head, tail;          /* stored bytes */
    struct event *first, *last; /* of the tail */
    size_t unread;              /* stored bytes that the pacer has not read */
    uint64_t offset[EVENT_STREAMS]; /* bytes that came */
    bool cutting;                   /* the head is complete */
};

struct event_cursor;
LIST_HEAD(event_cursors, event_cursor);
typedef void event_ready_fn(void *arg);

struct eventlog {
    struct event_list events;
    uint64_t next_seq;
    int64_t now_ms; /* what events to come are stamped with */
    size_t bytes;   /* stored output */
    size_t *total;  /* the same of all logs, or NULL */
    size_t backlog; /* unread by the pacer, of all hosts */
    struct eventlog_bounds bounds;
    struct eventlog_host *hosts;
    unsigned n_hosts;
    bool closed; /* nothing will come */
    struct event_cursors cursors;
    struct event_cursor *pacer;
};

void eventlog_init(struct eventlog *log, const struct eventlog_bounds *b);
void eventlog_free(struct eventlog *log);
/* Says how many hosts there are; once. */
void eventlog_set_hosts(struct eventlog *log, unsigned n);

/* host as a text stays the caller's, index is its number. */
void eventlog_add(struct eventlog *log, enum event_kind kind, unsigned index,
                  const char *host, const char *text, size_t len);
void eventlog_add_output(struct eventlog *log, bool whole, unsigned index,
                         const char *host, unsigned stream, const char *text,
                         size_t len);
/* An event that was, as it was: in order, before any that is added. Output is
 * kept as any other. */
struct event_past {
    enum event_kind kind;
    uint64_t seq;
    int64_t ms;
    unsigned index;
    const char *host; /* as above */
    unsigned stream;
    uint64_t offset; /* of output */
    const char *text;
    size_t len;
};
void eventlog_restore(struct eventlog *log, const struct event_past *past);
/* What comes of that host from now on is of its tail. */
void eventlog_cut_head(struct eventlog *log, unsigned index);
/* So many bytes of that host came, whatever of them is here. */
void eventlog_set_offset(struct eventlog *log, unsigned index, unsigned stream,
                         uint64_t offset);
/* Frees every event before that one, of a log whose bounds were never reached
 * and that nobody paces. Who reads has read them. */
void eventlog_drop_before(struct eventlog *log, uint64_t seq);

/* Every cursor is to look again, though nothing is appended. */
void eventlog_wake(struct eventlog *log);
/* Forgets what happened: nobody has read any of it. */
void eventlog_clear(struct eventlog *log);
/* Cursors end after what is there. */
void eventlog_close(struct eventlog *log);
/* Cuts the whole tail of a host that nobody waits for: memory is short. */
void eventlog_squeeze(struct eventlog *log, unsigned index);

/* The pacer is one reader of many from here on. */
void eventlog_unpace(struct eventlog *log);

/* True while the pacer is too far behind for more of this host. */
bool eventlog_is_full(const struct eventlog *log, unsigned index);
/* True once it has caught up enough. */
bool eventlog_has_room(const struct eventlog *log, unsigned index);

/* What a cursor reads. Texts are valid until the log or the cursor changes. */
struct event_view {
    enum event_kind kind;
    const char *host;
    unsigned index;
    unsigned stream;
    uint64_t seq;    /* order in the log; of a cut: that of what comes next */
    int64_t ms;      /* by the wall clock, since 1970 */
    uint64_t offset; /* of output and cuts: in its host's stream, bytes */
    const char *text;
    size_t len;
    uint64_t bytes; /* EVENT_CUT */
};

enum event_read { EVENT_GOT, EVENT_NONE, EVENT_END };

/* From the start of the log. ready is called whenever something is appended
 * after EVENT_NONE was returned, from inside the call that appends. */
struct event_cursor *event_cursor_new(struct eventlog *log, bool pacer,
                                      event_ready_fn *ready, void *arg);
enum event_read event_cursor_next(struct event_cursor *c, struct event_view *v);
void event_cursor_free(struct event_cursor *c);

#endif

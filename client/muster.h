/*
 * libmuster: muster from a C program, on the caller's libevent loop.
 *
 * A struct muster is a connection manager. It keeps registrations alive over
 * reconnects, looks services up, follows a selection of them, and runs
 * commands on workers through a dispatcher. Nothing here blocks; every answer
 * comes in a callback, never from inside the call that asked for it. It is not
 * thread-safe: one loop, one thread.
 *
 * Strings and services handed to a callback are valid during the callback.
 * Strings handed in are copied. From any callback any function here may be
 * called, the freeing of the very object included.
 *
 * What is spoken: doc/protocol.md. A text "selector" is written as on the
 * command line: "os linux role=web mem>=8G"; an empty one selects all.
 */
#ifndef MUSTER_H
#define MUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

struct event_base;

#define MUSTER_API __attribute__((visibility("default")))

/* -- manager ------------------------------------------------------------- */

struct muster;

struct muster_attr {
    const char *name;
    const char *value;
};

struct muster_service {
    const char *name;
    const struct muster_attr *attrs; /* in the order of registration */
    size_t attr_count;
};

/* The value of an attribute, or NULL if the service has none. */
MUSTER_API const char *muster_service_get(const struct muster_service *s,
                                          const char *attr);

enum muster_link { MUSTER_DOWN, MUSTER_UP };

/*
 * What TLS is spoken with, wherever an address begins with tls!: PEM files, and
 * each may be NULL. They are looked at before each connection, and read again
 * when they have changed; while what is in them is no good, what was read
 * before is used.
 */
struct muster_tls {
    const char *ca;   /* who signs servers' certificates; NULL: those whom the
                         system trusts */
    const char *cert; /* ours, for servers that ask for one */
    const char *key;  /* its key; NULL: in the file of cert */
    const char *name; /* in the servers' certificates; NULL: the host dialled */
    bool only_13;     /* nothing older than TLS 1.3 */
};

struct muster_options {
    /* Registries, separated by blanks or commas, each
     * [tls!]HOST[:NEW[:FIND[:EVENT]]]; one that answers is used, the others are
     * fallen back to. NULL: 127.0.0.1 */
    const char *registries;
    /* A dispatcher's address (HOST:PORT, tls!HOST!PORT, unix!/path). NULL: one
     * is looked up in the registry (kind dispatcher). */
    const char *dispatcher;
    /* Reconnecting waits a random time up to a bound that doubles from
     * backoff_min_ms to backoff_max_ms (full jitter). 0: 100 and 10000. */
    unsigned backoff_min_ms, backoff_max_ms;
    unsigned connect_timeout_ms; /* 0: 5000 */
    unsigned request_timeout_ms; /* a lookup's answer; 0: 30000 */
    size_t line_max;             /* bytes of an answer line; 0: 1 MiB */
    size_t services_max;         /* that one monitor may know; 0: 1000000 */
    /* NAME.SECRET: shown first on every connection; whoever it belongs to must
     * be trusted with it, or be reached by TLS. NULL: none */
    const char *token;
    /* Told when a registry link of any registration or monitor comes or goes,
     * or the dispatcher's in the middle of a job; text names it and the cause.
     * May be NULL. */
    void (*on_link)(void *arg, enum muster_link state, const char *text);
    void *arg;
    /* NULL: no certificate, and servers' are checked against the system's CAs.
     * Copied. */
    const struct muster_tls *tls;
};

/* options NULL: all defaults. On a bad option NULL, and *error (if error is not
 * NULL) is a text to free(). */
MUSTER_API struct muster *muster_new(struct event_base *base,
                                     const struct muster_options *options,
                                     char **error);
/* Closes everything made with it; objects of m must not be used afterwards.
 * No callback is called any more. */
MUSTER_API void muster_free(struct muster *m);
/* Other files or names for connections to come. On one that is no good false,
 * *error (if error is not NULL) is a text to free(), and what was read before
 * stays in use. */
MUSTER_API bool muster_set_tls(struct muster *m, const struct muster_tls *tls,
                               char **error);
/* Another token (NULL: none) for connections to come. False if it is none. */
MUSTER_API bool muster_set_token(struct muster *m, const char *token);
/* "MAJOR.MINOR.PATCH" of the library in use. */
MUSTER_API const char *muster_version(void);

/* -- registrations ------------------------------------------------------- */

struct muster_registration;

struct muster_registration_options {
    const char *name;
    const struct muster_attr *attrs;
    size_t attr_count;
    bool persist;               /* outlives the connection */
    unsigned ttl_s;             /* 0: none; refreshed by the library in time */
    const char *volatile_attrs; /* "load,slots_free": change without event */
    /* Takes a service of that name over from whoever holds it. Without it the
     * first registration of a name that is taken is refused; what this very
     * registration left behind at a reconnect is always replaced. */
    bool replace;
    /* Committed at the registry (again after each reconnect). */
    void (*on_registered)(void *arg, uint64_t revision);
    /* Refused: text is the registry's. The library tries again with back-off,
     * with the attributes of then, until the registration is freed. */
    void (*on_refused)(void *arg, const char *text);
    void *arg;
};

/*
 * Registers a service and keeps it registered. On reconnect it replaces in
 * place what an old connection left, and nobody who watches is woken unless
 * something changed. NULL and *error on a bad name or attribute.
 */
MUSTER_API struct muster_registration *
muster_register(struct muster *m, const struct muster_registration_options *o,
                char **error);
/* Sets or (value NULL) removes an attribute; sets made in one turn of the loop
 * go out as one change. Returns false on a name or value that cannot be. */
MUSTER_API bool muster_registration_set(struct muster_registration *r,
                                        const char *attr, const char *value);
/* Removes the service from the registry (a persistent one, too). */
MUSTER_API void muster_registration_free(struct muster_registration *r);

/* -- lookups ------------------------------------------------------------- */

struct muster_find;

struct muster_find_callbacks {
    void (*on_service)(void *arg, const struct muster_service *s);
    /* The end; error NULL: all was told, as of that revision. The handle is
     * gone after it. */
    void (*on_done)(void *arg, const char *error, uint64_t revision);
};

/* NULL and *error on a selector that does not parse. */
MUSTER_API struct muster_find *
muster_find(struct muster *m, const char *selector,
            const struct muster_find_callbacks *cb, void *arg, char **error);
/* The same with directives of the find port (".names", ".count", ".limit",
 * ".after", ".pinned", ".hidden", ".meta", ".whoami", and ".token" for one that
 * is shown in place of the manager's; names with their dot).
 * What an answer line has come as a service: with ".count" the number is its
 * name. */
MUSTER_API struct muster_find *
muster_find_with(struct muster *m, const char *selector,
                 const struct muster_attr *directives, size_t count,
                 const struct muster_find_callbacks *cb, void *arg,
                 char **error);
MUSTER_API void muster_find_cancel(struct muster_find *f);

/* -- monitors ------------------------------------------------------------ */

struct muster_monitor;

struct muster_monitor_callbacks {
    /* First for every service present, then for each that comes. */
    void (*on_add)(void *arg, const struct muster_service *s);
    void (*on_change)(void *arg, const struct muster_service *s,
                      const struct muster_service *old);
    void (*on_gone)(void *arg, const struct muster_service *old);
    /* All that was present has been told (again after each reconnect, when only
     * the differences were told). */
    void (*on_synced)(void *arg, uint64_t revision);
    /* The link is lost, or the registry refused; the library goes on trying and
     * what was told stands until the next on_synced. */
    void (*on_error)(void *arg, const char *text);
};

MUSTER_API struct muster_monitor *
muster_monitor(struct muster *m, const char *selector,
               const struct muster_monitor_callbacks *cb, void *arg,
               char **error);
/* The same with directives of the event port: ".hidden" tells what the registry
 * set (".owner", ".pinned.ATTR") as further attributes. */
MUSTER_API struct muster_monitor *
muster_monitor_with(struct muster *m, const char *selector,
                    const struct muster_attr *directives, size_t count,
                    const struct muster_monitor_callbacks *cb, void *arg,
                    char **error);
MUSTER_API void muster_monitor_free(struct muster_monitor *w);

/* -- jobs ---------------------------------------------------------------- */

struct muster_exec;

/* A host's end. */
struct muster_result {
    int rc;    /* exit status, or -1 where there is none */
    int state; /* 0 ok, 1 skipped, 2 failed, 3 unreachable, 4 changed */
    const char *reason; /* "exited", "signal 9", "timeout", "lost", … */
    const struct muster_attr *attrs; /* whatever else the line says */
    size_t attr_count;
};

/* A job's end. */
struct muster_summary {
    int state; /* 0 done, 2 failure */
    unsigned ok, skipped, failed, unreachable, changed;
    const struct muster_attr *attrs; /* the done line's pairs, all of them */
    size_t attr_count;
};

/* The last two come with on_cut only. */
enum muster_stream {
    MUSTER_STDOUT,
    MUSTER_STDERR,
    MUSTER_RESULTS,
    MUSTER_PROGRESS
};

struct muster_exec_callbacks {
    void (*on_submit)(void *arg, const char *jid, unsigned hosts);
    void (*on_ack)(void *arg, const char *host);
    /* One line without its LF (whole true), or output that ended without one
     * (whole false). The bytes are the program's: any byte but LF. */
    void (*on_output)(void *arg, const char *host, enum muster_stream stream,
                      const char *text, size_t len, bool whole);
    /* bytes of that stream were not kept and are missing here. */
    void (*on_cut)(void *arg, const char *host, enum muster_stream stream,
                   uint64_t bytes);
    /* What the operation gave as a result, whole: JSON. There may be several;
     * len bytes and a NUL. */
    void (*on_result)(void *arg, const char *host, const char *json,
                      size_t len);
    /* How far it is, by its own account. */
    void (*on_progress)(void *arg, const char *host, unsigned percent,
                        const char *text, size_t len);
    void (*on_exit)(void *arg, const char *host, const struct muster_result *r);
    /* The last calls: exactly one of them comes; the handle is gone after. */
    void (*on_done)(void *arg, const struct muster_summary *s);
    void (*on_error)(void *arg, const char *text, bool unreachable);
    /* The request was sent before, under its .key: that job's life follows. */
    void (*on_merged)(void *arg, const char *jid);
    /* It does not begin yet (.at, .every, .after): on_submit comes when it
     * does. next: when, in seconds since 1970; 0: not known yet. */
    void (*on_held)(void *arg, const char *jid, time_t next);
    /* The operation failed there, as pairs of its exit say (rc, state, reason,
     * and in: the seconds until then); its attempt of that number follows. */
    void (*on_retry)(void *arg, const char *host, unsigned attempt,
                     const struct muster_attr *pairs, size_t count);
};

/*
 * Submits `OP [arg value]…` with directives (".on", ".timeout", …, as in
 * doc/protocol.md; names with their dot) and follows its life. The value of an
 * argument may hold line ends, and `stdin` may be as long as limits.body; what
 * `.secret` names is masked in all that the
 * job writes. With
 * ".detach" "1" on_done comes after on_submit, with a summary of zeroes.
 */
MUSTER_API struct muster_exec *
muster_exec(struct muster *m, const char *op, const struct muster_attr *args,
            size_t arg_count, const struct muster_exec_callbacks *cb, void *arg,
            char **error);
/* The same with standard input for the operation: any len bytes, as many as the
 * dispatcher takes (limits.body). */
MUSTER_API struct muster_exec *muster_exec_input(
    struct muster *m, const char *op, const struct muster_attr *args,
    size_t arg_count, const void *input, size_t len,
    const struct muster_exec_callbacks *cb, void *arg, char **error);
/* The life of a job from its start, then live. */
MUSTER_API struct muster_exec *
muster_follow(struct muster *m, const char *jid,
              const struct muster_exec_callbacks *cb, void *arg, char **error);
/* Runs a job that has ended again, where it ended as one of the words of where
 * says (with commas between them; NULL: not well): a job of its own, whose life
 * is told. */
MUSTER_API struct muster_exec *
muster_rerun(struct muster *m, const char *jid, const char *where, bool detach,
             const struct muster_exec_callbacks *cb, void *arg, char **error);
/* Stops the reading of the job's life, and goes on with it: for a caller whose
 * own output is slow. No callback comes while it is stopped, and what waits is
 * bounded; the job itself waits in the end. */
MUSTER_API void muster_exec_pause(struct muster_exec *e);
MUSTER_API void muster_exec_resume(struct muster_exec *e);
/* Stops following; the job goes on. */
MUSTER_API void muster_exec_detach(struct muster_exec *e);
/* Asks the dispatcher to cancel the job; its end comes as usual. False if it
 * has not been submitted yet. */
MUSTER_API bool muster_exec_cancel(struct muster_exec *e);

/*
 * Any other request to the dispatcher ("jobs", "job JID", "cancel JID",
 * "delete JID"): words go out quoted, every answer line comes as words, then
 * on_done (error NULL: the answer was whole).
 */
struct muster_request;
struct muster_request_callbacks {
    void (*on_line)(void *arg, const char *const *words, size_t count);
    void (*on_done)(void *arg, const char *error, bool unreachable);
};
MUSTER_API struct muster_request *
muster_request(struct muster *m, const char *const *words, size_t count,
               const struct muster_request_callbacks *cb, void *arg,
               char **error);
MUSTER_API void muster_request_cancel(struct muster_request *q);

#ifdef __cplusplus
}
#endif

#endif

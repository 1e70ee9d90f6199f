/*
 * log: one line per thing that happened, as text or as a JSON object, to
 * stderr, a file or syslog.
 *
 *   2024-11-22T02:13:05.123Z info musterd[812]: new#12: connected
 *   {"time":"2024-11-22T02:13:05.123Z","level":"info","program":"musterd",
 *    "pid":812,"id":"new#12","msg":"connected"}
 *
 * Everything in a line may come from a stranger: control characters, invalid
 * UTF-8 are written as \xNN (and a backslash as two), so that a line is always
 * one line of valid UTF-8 and nothing reaches a terminal raw. A line is at most
 * LOG_LINE_MAX bytes; what is longer is cut and ends in "...".
 *
 * Writing never waits: a line that a full pipe, terminal or socket would not
 * take at once is dropped and counted, and the count is told before the next
 * line that goes through.
 *
 * It knows no settings and no event loop: daemon.c hands it the values of
 * log.*. It is one of the few modules with a state of its own; not for threads.
 */
#ifndef MUSTER_LIB_LOG_H
#define MUSTER_LIB_LOG_H

#include <stdbool.h>
#include <stddef.h>

/* PIPE_BUF: a write of so many bytes to a pipe is whole or not at all. */
#define LOG_LINE_MAX 4096

enum log_level { MLOG_ERROR, MLOG_WARN, MLOG_INFO, MLOG_DEBUG };
enum log_format { LOG_TEXT, LOG_JSON };

/*
 * Names the program in every line (kept, not copied). Before log_open() lines
 * of MLOG_INFO and above go to stderr as text.
 */
void log_init(const char *program);

/*
 * Sends lines to `to`: "stderr", "file:PATH", "syslog" or "syslog:SOCKET". When
 * that fails, says why in err and leaves the log as it was.
 */
__attribute__((warn_unused_result)) bool log_open(const char *to, char *err,
                                                  size_t err_size);

/* The least important level that is still written, and how. */
void log_set(enum log_level level, enum log_format format);

/* Opens the file again (after it was renamed away); the old one if it fails. */
void log_reopen(void);

/* Forgets everything; lines go to stderr again. */
void log_close(void);

/*
 * Who wants every line of that level and above, as text and with a newline at
 * its end, wherever lines go and whatever log.level is: embedded in him, level
 * and line set. line() is called from wherever something is logged: it keeps
 * what it wants, and does nothing else.
 */
struct log_watcher {
    enum log_level level;
    void (*line)(struct log_watcher *w, const char *line, size_t len);
    struct log_watcher *prev, *next;
};
void log_watch(struct log_watcher *w);
void log_unwatch(struct log_watcher *w);

/* Whether a line of that level is written, for what is costly to compose. */
bool log_enabled(enum log_level level);

/* Lines dropped since the last one that told their number. */
unsigned long log_lost(void);

/*
 * Writes one line. id names the session or job it is about ("new#12",
 * "job k3xq-4"), NULL for none. errno is as before, so %m works and callers
 * may log before they look at it.
 */
__attribute__((format(printf, 3, 4))) void
log_write(enum log_level level, const char *id, const char *fmt, ...);

#define log_id_at(level, id, ...)                                              \
    do {                                                                       \
        if (log_enabled(level))                                                \
            log_write((level), (id), __VA_ARGS__);                             \
    } while (0)

#define log_error(...) log_id_at(MLOG_ERROR, NULL, __VA_ARGS__)
#define log_warn(...)  log_id_at(MLOG_WARN, NULL, __VA_ARGS__)
#define log_info(...)  log_id_at(MLOG_INFO, NULL, __VA_ARGS__)
#define log_debug(...) log_id_at(MLOG_DEBUG, NULL, __VA_ARGS__)

#define log_id_error(id, ...) log_id_at(MLOG_ERROR, (id), __VA_ARGS__)
#define log_id_warn(id, ...)  log_id_at(MLOG_WARN, (id), __VA_ARGS__)
#define log_id_info(id, ...)  log_id_at(MLOG_INFO, (id), __VA_ARGS__)
#define log_id_debug(id, ...) log_id_at(MLOG_DEBUG, (id), __VA_ARGS__)

/* "error", "warn", "info", "debug" (as log.level has them), false if none. */
__attribute__((warn_unused_result)) bool log_level_parse(const char *text,
                                                         enum log_level *level);

#endif

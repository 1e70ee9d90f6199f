#include "lib/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#include "lib/log_line.h"
#include "lib/log_sink.h"

static struct {
    const char *program; /* borrowed */
    enum log_level level;
    enum log_format format;
    struct log_sink sink;
    unsigned long lost; /* lines dropped, not yet told */
    struct log_watcher *watchers;
} the_log = {
    .program = "muster",
    .level = MLOG_INFO,
    .sink = {.kind = LOG_SINK_STDERR, .fd = STDERR_FILENO},
};

void log_init(const char *program)
{
    the_log.program = program;
}

bool log_open(const char *to, char *err, size_t err_size)
{
    struct log_sink sink;

    if (!log_sink_open(&sink, to, err, err_size))
        return false;
    log_sink_close(&the_log.sink);
    the_log.sink = sink;
    return true;
}

void log_set(enum log_level level, enum log_format format)
{
    the_log.level = level;
    the_log.format = format;
}

void log_reopen(void)
{
    if (!log_sink_reopen(&the_log.sink))
        log_error("cannot open the log %s again: %m", the_log.sink.path);
}

void log_close(void)
{
    log_sink_close(&the_log.sink);
    the_log.level = MLOG_INFO;
    the_log.format = LOG_TEXT;
    the_log.lost = 0;
}

bool log_enabled(enum log_level level)
{
    const struct log_watcher *w;

    if (level <= the_log.level)
        return true;
    DL_FOREACH (the_log.watchers, w)
        if (level <= w->level)
            return true;
    return false;
}

void log_watch(struct log_watcher *w)
{
    DL_APPEND(the_log.watchers, w);
}

void log_unwatch(struct log_watcher *w)
{
    DL_DELETE(the_log.watchers, w);
}

unsigned long log_lost(void)
{
    return the_log.lost;
}

static bool write_event(const struct log_event *e)
{
    char line[LOG_LINE_MAX];
    size_t len;

    if (the_log.sink.kind == LOG_SINK_SYSLOG)
        len = log_line_syslog(e, the_log.format, line);
    else if (the_log.format == LOG_JSON)
        len = log_line_json(e, line);
    else
        len = log_line_text(e, line);
    return log_sink_write(&the_log.sink, line, len);
}

/* Tells how many lines were lost; false while that does not go through. */
static bool write_lost(const struct log_event *about)
{
    struct log_event e = *about;
    char msg[80];

    if (the_log.lost == 0)
        return true;
    snprintf(msg, sizeof(msg), "%lu lines of the log were lost here",
             the_log.lost);
    e.level = MLOG_WARN;
    e.id = NULL;
    e.msg = msg;
    e.cut = false;
    if (!write_event(&e))
        return false;
    the_log.lost = 0;
    return true;
}

static void tell_watchers(const struct log_event *e)
{
    struct log_watcher *w;
    char line[LOG_LINE_MAX];
    size_t len;

    if (!the_log.watchers)
        return;
    len = log_line_text(e, line);
    DL_FOREACH (the_log.watchers, w)
        if (e->level <= w->level)
            w->line(w, line, len);
}

void log_write(enum log_level level, const char *id, const char *fmt, ...)
{
    struct log_event e = {.level = level, .program = the_log.program, .id = id};
    char msg[LOG_LINE_MAX];
    int saved = errno;
    va_list ap;
    int n;

    if (!log_enabled(level))
        return;
    va_start(ap, fmt);
    n = vsnprintf(msg, sizeof(msg), fmt, ap);
    va_end(ap);
    clock_gettime(CLOCK_REALTIME, &e.when);
    e.pid = getpid();
    e.msg = n < 0 ? fmt : msg;
    e.cut = n >= (int)sizeof(msg);
    tell_watchers(&e);
    if (level <= the_log.level && (!write_lost(&e) || !write_event(&e)))
        the_log.lost++;
    errno = saved;
}

bool log_level_parse(const char *text, enum log_level *level)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};

    for (int i = 0; i < 4; i++) {
        if (strcmp(text, names[i]) == 0) {
            *level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

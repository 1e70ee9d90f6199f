/*
 * log_line: composes the lines of the log. Pure: bytes in, one line out, which
 * is valid UTF-8 whatever came in.
 *
 * It must not know where lines go.
 */
#ifndef MUSTER_LIB_LOG_LINE_H
#define MUSTER_LIB_LOG_LINE_H

#include <sys/types.h>
#include <time.h>

#include "lib/log.h"

/* What a line says. Texts are borrowed and may hold any bytes. */
struct log_event {
    struct timespec when; /* CLOCK_REALTIME */
    enum log_level level;
    const char *program;
    pid_t pid;
    const char *id; /* or NULL */
    const char *msg;
    bool cut; /* msg is not the whole of it */
};

/*
 * Write the event, with a newline at its end, to out, which has room for
 * LOG_LINE_MAX bytes; return the length. There is no NUL.
 */
size_t log_line_text(const struct log_event *e, char *out);
size_t log_line_json(const struct log_event *e, char *out);

/* The same as a datagram for syslog, which holds the message in the format. */
size_t log_line_syslog(const struct log_event *e, enum log_format format,
                       char *out);

#endif

/*
 * log_sink: where the lines of the log go, and how to hand one over without
 * ever waiting for the one who reads them.
 *
 * It must not know what is in a line.
 */
#ifndef MUSTER_LIB_LOG_SINK_H
#define MUSTER_LIB_LOG_SINK_H

#include <stdbool.h>
#include <stddef.h>

enum log_sink_kind { LOG_SINK_STDERR, LOG_SINK_FILE, LOG_SINK_SYSLOG };

struct log_sink {
    enum log_sink_kind kind;
    char *path;  /* owned; NULL for stderr */
    int fd;      /* 2, or one of its own; -1: none at the moment */
    bool socket; /* takes send() */
};

/* What `to` names (see log.h), without opening it. False: it names nothing. */
bool log_sink_parse(const char *to, enum log_sink_kind *kind,
                    const char **path);

/* Opens it; on failure says why in err, and sink is untouched. */
__attribute__((warn_unused_result)) bool log_sink_open(struct log_sink *sink,
                                                       const char *to,
                                                       char *err,
                                                       size_t err_size);

/* True if all of it is written; false if it was dropped. */
__attribute__((warn_unused_result)) bool
log_sink_write(struct log_sink *sink, const char *line, size_t len);

/* Opens a file anew. False, and the old one stays, if that fails (errno). */
__attribute__((warn_unused_result)) bool log_sink_reopen(struct log_sink *sink);

void log_sink_close(struct log_sink *sink);

#endif

/*
 * daemon: what the main of every daemon has in common. In order:
 *
 *   struct daemon d = {.name = "musterd", .program = CONF_MUSTERD, ...};
 *   int status = daemon_start(&d, argc, argv);
 *   if (status >= 0)
 *       return status;
 *   ... listen on everything ...
 *   if (!daemon_ready(&d, "new 127.0.0.1:6701 find 127.0.0.1:6702"))
 *       return DAEMON_FAILED;
 *   ... the loop; at SIGHUP: if (daemon_reload(&d)) read d.conf again ...
 *   daemon_stopping(&d);
 *   ... the loop ends: daemon_over(); close everything ...
 *   daemon_end(&d);
 *
 * A daemon stays in the foreground, whoever started it is told by ready_fd or
 * NOTIFY_SOCKET that it serves. It knows no event loop and no sockets of ours:
 * signals are the program's own.
 */
#ifndef MUSTER_LIB_DAEMON_H
#define MUSTER_LIB_DAEMON_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>

#include "lib/auth/auth_conf.h"
#include "lib/conf.h"

/* Exit statuses, as -h tells them. */
enum daemon_status {
    DAEMON_OK = 0,
    DAEMON_FAILED = 1, /* bad configuration, or it could not start */
    DAEMON_USAGE = 2   /* bad command line */
};

struct daemon {
    /* set by the program */
    const char *name;          /* "musterd" */
    const char *about;         /* for -h: one line of what it does */
    enum conf_program program; /* the settings it uses */

    /* set by daemon_start() */
    struct conf *conf; /* daemon_reload() swaps it: keep no pointer into it */
    struct auth_files files; /* that its settings name; as conf is */
    bool debug;              /* -d */
    struct rlimit nofile;    /* as it was found, for children */
    const char *file;        /* -c, or NULL */
    const char *profile;     /* --profile, or NULL */
    const char **options;    /* -o */
    size_t n_options;
    bool stopping; /* daemon_stopping() was called: nothing is read again */
};

/*
 * Reads the command line into d and the configuration: daemon_options() and
 * daemon_prepare(). Returns -1 to go on, or the status to exit with at once;
 * everything there is to say has then been said.
 */
__attribute__((warn_unused_result)) int daemon_start(struct daemon *d, int argc,
                                                     char **argv);

/*
 * The parts of daemon_start(): the command line and the configuration; then
 * the process: SIGPIPE ignored, as many descriptors as allowed, the log.
 */
__attribute__((warn_unused_result)) int daemon_options(struct daemon *d,
                                                       int argc, char **argv);
__attribute__((warn_unused_result)) int daemon_prepare(struct daemon *d);

/*
 * It serves: writes `words` and a newline to ready_fd and closes that, tells
 * systemd READY=1, logs it. False, and logged, if ready_fd takes no line.
 */
__attribute__((warn_unused_result)) bool daemon_ready(struct daemon *d,
                                                      const char *words);

/* It is about to end: tells systemd STOPPING=1, logs why. */
void daemon_stopping(struct daemon *d, const char *why);

/* The loop is over: no further signal cuts short what is left to be done. */
void daemon_over(void);

/*
 * For SIGHUP: opens the log again and builds a new configuration. With any
 * mistake logs all of them, keeps the old one and returns false. Otherwise
 * logs each changed setting of this program, saying which of them need a
 * restart (these keep their value in d->conf), and returns true: the program
 * reads its reloadable settings again.
 */
bool daemon_reload(struct daemon *d);

/* Frees what daemon_start() made, closes the log. */
void daemon_end(struct daemon *d);

#endif

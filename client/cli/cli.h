/*
 * cli: what a running verb has at hand: its command line, the configuration,
 * libmuster on a loop, standard output, and the one way of complaining.
 *
 * Exit statuses: doc/muster.1, "EXIT STATUS".
 */
#ifndef MUSTER_CLI_CLI_H
#define MUSTER_CLI_CLI_H

#include <stdbool.h>

#include "client/cli/args.h"
#include "client/cli/json.h"
#include "client/cli/out.h"
#include "client/muster.h"
#include "lib/conf.h"
#include "lib/loop.h"

enum cli_status {
    CLI_OK = 0,
    CLI_NO = 1,        /* the answer is no; a task failed */
    CLI_USAGE = 2,     /* the command line or the configuration is wrong */
    CLI_NOBODY = 3,    /* nothing matched */
    CLI_LOST = 4,      /* a host was lost or unreachable */
    CLI_CANCELLED = 5, /* the job was cancelled */
    CLI_STOPPED = 6,   /* it was stopped by --fail */
    CLI_TIMEOUT = 7,   /* a task ran out of time */
    CLI_UNREACHED = 8  /* no registry or dispatcher, or it refuses */
};

struct cli {
    struct args args;
    const struct verb *verb; /* that runs: the one named, or help */
    struct conf *conf;       /* NULL for a bare verb */
    struct loop *loop;       /* after cli_connect() */
    struct muster *muster;
    struct out out;
    bool stopped; /* its loop was told to stop */
    int status;   /* of the verb, then */
    /* Told when a registry link of a registration or a monitor is lost, or
     * could not be had; NULL: nobody cares. */
    void (*on_link_lost)(void *arg, const char *text);
    void *link_arg;
    size_t registries; /* how many there are to try */
    bool json, quiet, verbose;
    bool err_tty;          /* stderr is a terminal */
    bool color, err_color; /* of stdout and stderr */
};

/* False after complaining: *status is what to exit with. */
bool cli_begin(struct cli *cli, int *status);
void cli_end(struct cli *cli);
/* Whether to write in colour there: --color, client.color, or a terminal. */
bool cli_wants_color(const struct cli *cli, int fd);

/* The configuration that the command line asks for, or NULL and mistakes. */
struct conf *cli_load_conf(struct cli *cli, struct conf_errors *errors);

/* The token that the settings name, for secret_free(); NULL: none, or *error
 * (free()) says why it cannot be had. */
char *cli_token(struct cli *cli, char **error);

/* Makes the loop and libmuster on it. False after complaining. */
bool cli_connect(struct cli *cli);
/* Runs the loop until cli_stop(); returns the status it named. */
int cli_run(struct cli *cli);
/* The first status stands. */
void cli_stop(struct cli *cli, int status);

/*
 * Says what is wrong on stderr, or with --json as {"error": …} on stdout, and
 * what to do about it (hint, NULL: nothing can be said). Returns status.
 */
int cli_fail(struct cli *cli, int status, const char *hint, const char *fmt,
             ...) __attribute__((format(printf, 4, 5)));
/* The same with a text and a hint that are freed. */
int cli_fail_text(struct cli *cli, int status, char *text, char *hint);
/* The registry cannot be reached, or refuses: says so with the right hint. */
int cli_fail_registry(struct cli *cli, const char *text);
int cli_fail_dispatcher(struct cli *cli, const char *text, bool unreachable);

/* A remark on stderr, unless --quiet. */
void cli_note(struct cli *cli, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Ends the object and puts it on stdout as a line. */
void cli_json(struct cli *cli, struct jline *j);

/* The selector made of the verb's words, in out; false after complaining. */
bool cli_selector(struct cli *cli, struct buf *out);

/* Adds the service as a line of words, as the find port writes it; made safe
 * on a terminal. */
void cli_service_line(struct cli *cli, const struct muster_service *s);

/* Columns of the terminal that fd is, but the last, which wraps; 0: it is none,
 * or will not say. */
unsigned cli_terminal_width(int fd);

#endif

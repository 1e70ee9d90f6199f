/*
 * dev: registry, dispatcher and workers as children of `muster dev`: what
 * they are, and what each is started with. The life of all of it is dev.c's.
 *
 *   registry ready --> dispatcher and workers ready --> all registered: up
 *        any of them ends, or a signal --> ending --> all gone
 */
#ifndef MUSTER_CLI_DEV_H
#define MUSTER_CLI_DEV_H

#include <stdbool.h>
#include <sys/types.h>

#include "client/cli/cli.h"
#include "lib/buf.h"
#include "lib/conf.h"
#include "lib/line.h"

struct dev;

/* A child. */
struct dev_child {
    struct dev *dev;
    char name[32];        /* for people: "registry", "dev1" */
    const char *program;  /* "musterd" */
    unsigned mask;        /* of the settings that it uses */
    pid_t pid;            /* 0: not started, or gone */
    int ready;            /* where its ready line comes from, or -1 */
    struct loop_fd *told; /* when it comes */
    struct buf line;      /* the ready line, up to now */
    bool is_ready;
    int err;                     /* its stderr, or -1 */
    struct loop_fd *said;        /* when it says something */
    struct loop_timer *patience; /* and it is read a little later */
    struct line_reader lines;
};

struct dev {
    struct cli *cli;
    struct dev_child *children; /* registry, dispatcher, workers */
    size_t count;
    size_t ready;     /* of them */
    char state[32];   /* folder of the workers' plugins, gone at the end */
    char *registry;   /* HOST:NEW:FIND:EVENT, once it is ready */
    char *dispatcher; /* HOST:PORT, once it is ready */
    unsigned seen;    /* dispatcher and workers that the registry knows */
    bool up, ending;
    int status;                  /* to exit with */
    struct loop_timer *deadline; /* start-up, then the end */
};

#define DEV_REGISTRY   0
#define DEV_DISPATCHER 1
#define DEV_WORKER     2 /* the first of them */

/* dev_child.c: starts it; false after complaining. */
bool dev_child_start(struct dev_child *c);
/* The address that its ready line names for face, or NULL. */
const char *dev_child_address(const struct dev_child *c, const char *face,
                              char *out, size_t size);
/* What it said is told first. */
void dev_child_close(struct dev_child *c);
/* What a worker's attributes are, as "role=web" texts; NULL after the last. */
const char *dev_worker_attr(const struct dev *d, size_t worker, size_t i);

/* dev.c: told by dev_child.c */
void dev_child_ready(struct dev_child *c);

/* dev_text.c: says what runs where, and what to try. */
void dev_print(const struct dev *d);

#endif

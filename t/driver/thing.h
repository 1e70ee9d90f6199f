/*
 * The things that the driver of the tests of libmuster has made, and their
 * callbacks, each printed as a line of words. Must not know who orders them.
 */
#ifndef MUSTER_T_DRIVER_THING_H
#define MUSTER_T_DRIVER_THING_H

#include <stdbool.h>

#include "client/muster.h"

enum kind { NOTHING, REGISTRATION, FIND, MONITOR, EXEC, REQUEST };

struct thing {
    char *id; /* NULL: free place */
    enum kind kind;
    void *handle;
    char *at, *action, *other; /* of the next callback of that name */
};

/* The manager; NULL once it is freed. */
struct muster *driver_muster(void);
/* Makes it; false, and it was said why. */
bool driver_begin(struct event_base *base, struct muster_options *options);
/* muster_free(), and nothing is left. */
void driver_end(void);

/* Exits if there is none. */
struct thing *thing_find(const char *id);
struct thing *thing_new(const char *id, enum kind kind);
/* What was asked for could not be (handle NULL): the thing never was. Takes
 * over error. */
void thing_begun(struct thing *t, void *handle, char *error);
void thing_free(struct thing *t);

void say_text(struct thing *t, const char *event, const char *text);

/* The callbacks; their arg is the thing. */
void driver_on_registered(void *arg, uint64_t revision);
void driver_on_refused(void *arg, const char *text);
const struct muster_find_callbacks *driver_find(void);
const struct muster_monitor_callbacks *driver_monitor(void);
const struct muster_exec_callbacks *driver_exec(void);
const struct muster_request_callbacks *driver_request(void);

#endif

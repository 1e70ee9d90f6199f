/*
 * The job of a request: its targets and options taken from the parameters, the
 * right to it, submitting it, and the answer: at once with its id, or with
 * what its hosts said when it has ended. Whoever asked may go away; the job
 * goes on.
 */
#ifndef PLUGINS_DISPATCH_EXED_RUN_H
#define PLUGINS_DISPATCH_EXED_RUN_H

#include <stdbool.h>

#include "plugins/dispatch/exed/endpoint.h"

/* A job of that operation; its arguments are added to what is returned, then
 * run_submit() takes it over. */
struct dispatch_spec *run_spec(const char *op);
void run_arg(struct dispatch_spec *spec, const char *name, const char *text);
/* The same of a parameter, if it is there; an object as JSON text, a bool as
 * 1, and not at all if it is false, a list with commas. */
void run_param(struct dispatch_spec *spec, const struct exed_call *c,
               const char *param, const char *name);

enum http_verdict run_submit(struct exed_call *c, struct dispatch_spec *spec);

/* Rows of a table of parameters: those of every job. */
#define RUN_PARAMS                                                             \
    {.name = "select",                                                         \
     .help = "The hosts by a selector on their attributes, or all."},          \
    {                                                                          \
        .name = "options", .type = PARAM_OBJECT,                               \
        .help = "Directives of the job by their names without the dot: "       \
                "timeout, parallel, fail, wait, ..."                           \
    }
#define RUN_TARGET                                                             \
    {.name = "target",                                                         \
     .wrong = "no target(s) given",                                            \
     .help = "One host, by its name."},                                        \
        RUN_PARAMS
#define RUN_TARGETS                                                            \
    {.name = "targets",                                                        \
     .type = PARAM_TEXTS,                                                      \
     .wrong = "no target(s) given",                                            \
     .help = "The hosts, by their names."},                                    \
        {.name = "secrets",                                                    \
         .type = PARAM_OBJECT,                                                 \
         .help = "Secrets by their names: variables MUSTER_SECRET_NAME of "    \
                 "the job, masked in all that it writes."},                    \
        RUN_TARGET

#endif

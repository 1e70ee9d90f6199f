/*
 * conf_impl: what is inside a struct conf, for conf*.c only.
 */
#ifndef MUSTER_LIB_CONF_IMPL_H
#define MUSTER_LIB_CONF_IMPL_H

#include "lib/conf_layer.h"

#define CONF_UNIQUE_LEN 20

struct conf {
    struct conf_layer layer;          /* everything laid together */
    char *file;                       /* that was read, or NULL */
    char *profile;                    /* that applies, or NULL */
    char *nodename;                   /* what %n is */
    char unique[CONF_UNIQUE_LEN + 1]; /* what %u is */
};

/*
 * What follows from all layers together: `binds` and `seeds` where they stand
 * in for others, %n and %u, the texts for people.
 */
void conf_derive(struct conf *conf, const struct conf *old);

/* EXEd's names where they stand in for settings of ours (conf_exed.c). */
void conf_exed(struct conf *conf);

/* The text for people of a value: as YAML has it, on one line. */
char *conf_show(const struct conf_setting *setting,
                const struct conf_value *value);

#endif

/*
 * conf_types: what the types of settings are: whether a text is a value of
 * one, and which. Pure; conf_parse_*() of conf.h stand here too.
 *
 * It must not know where texts come from.
 */
#ifndef MUSTER_LIB_CONF_TYPES_H
#define MUSTER_LIB_CONF_TYPES_H

#include "lib/conf.h"

/* Room for a `why`: a message in which what a user wrote is cut to fit. */
#define CONF_WHY_MAX 400

/* Whether values of the type are lists of texts. */
bool conf_type_is_list(enum conf_type type);

/* Its name, for people: "duration". */
const char *conf_type_name(enum conf_type type);

/*
 * Whether text is a value of the setting (an item, if it is a list). number is
 * set for those that have one: bool, int, ms, bytes, the place in .values.
 * When not, why says so: "'x' is not a whole number".
 */
__attribute__((warn_unused_result)) bool
conf_type_check(const struct conf_setting *setting, const char *text,
                int64_t *number, char *why);

/* Whether values of the type are maps. */
bool conf_type_is_map(enum conf_type type);

/* The same for an entry of a map. */
__attribute__((warn_unused_result)) bool
conf_type_check_entry(const struct conf_setting *setting, const char *name,
                      const char *text, char *why);

/* A number of the type as people write it: "64K", "1d". */
void conf_type_write(enum conf_type type, int64_t number, char *out,
                     size_t size);

/*
 * The address HOST:PORT that a bind gives for a face: its port number `face`,
 * or `port` where it names none. False, and why, if it is no bind.
 */
__attribute__((warn_unused_result)) bool conf_bind_addr(const char *bind,
                                                        int face, int port,
                                                        char *out, size_t size,
                                                        char *why);

#endif

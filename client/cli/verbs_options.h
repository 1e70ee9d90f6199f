/*
 * The options of the verbs, for their table in verbs.c only: a list for each
 * verb that has any, ended by one without a name.
 */
#ifndef MUSTER_CLI_VERBS_OPTIONS_H
#define MUSTER_CLI_VERBS_OPTIONS_H

#include "client/cli/verbs.h"

/* Rows that several of them have, and what ends each. */
#define OPTION_SELECTOR                                                        \
    {                                                                          \
        .name = "selector", .letter = 's', .kind = VALUE_TEXT,                 \
        .value = "SELECTOR", .many = true,                                     \
        .help = "the workers; given several times, all must hold"              \
    }
#define OPTION_HOSTS                                                           \
    {                                                                          \
        .name = "hosts", .letter = 'H', .kind = VALUE_TEXT,                    \
        .value = "HOST,HOST", .many = true, .help = "these hosts, by name"     \
    }
#define OPTION_MIN                                                             \
    {                                                                          \
        .name = "min", .kind = VALUE_NUMBER, .value = "N",                     \
        .directive = ".min", .help = "refuse unless at least N match"          \
    }
#define OPTION_EXPECT                                                          \
    {                                                                          \
        .name = "expect", .kind = VALUE_NUMBER, .value = "N",                  \
        .directive = ".expect", .help = "refuse unless exactly N match"        \
    }
#define OPTION_ADMIN                                                           \
    {                                                                          \
        .name = "admin", .kind = VALUE_TEXT, .value = "HOST:PORT",             \
        .help = "the registry's admin face (its host:6700)"                    \
    }
#define OPTIONS_END                                                            \
    {                                                                          \
        .name = NULL                                                           \
    }

extern const struct verb_option verb_globals[];
extern const struct verb_option verb_options_of_register[];
extern const struct verb_option verb_options_of_find[];
extern const struct verb_option verb_options_of_exec[];
extern const struct verb_option verb_options_of_copy[];    /* verbs_push.c */
extern const struct verb_option verb_options_of_release[]; /* verbs_push.c */
extern const struct verb_option verb_options_of_deploy[];  /* verbs_push.c */
extern const struct verb_option verb_options_of_plan[];
extern const struct verb_option verb_options_of_explain[];
extern const struct verb_option verb_options_of_follow[];
extern const struct verb_option verb_options_of_rerun[];
extern const struct verb_option verb_options_of_drain[];
extern const struct verb_option verb_options_of_jobs[];
extern const struct verb_option verb_options_of_dev[];
extern const struct verb_option verb_options_of_tls[];
extern const struct verb_option verb_options_of_config[];
extern const struct verb_option verb_options_of_audit[];
extern const struct verb_option verb_options_of_backup[];
extern const struct verb_option verb_options_of_health[];
extern const struct verb_option verb_options_of_restore[];
extern const struct verb_option verb_options_of_kv[];       /* verbs_consul.c */
extern const struct verb_option verb_options_of_services[]; /* verbs_consul.c */
extern const struct verb_option verb_options_of_nodes[];    /* verbs_consul.c */
extern const struct verb_option verb_options_of_event[];    /* verbs_consul.c */
extern const struct verb_option
    verb_options_of_consul_config[]; /* verbs_consul.c */

#endif

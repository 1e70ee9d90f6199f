/*
 * conf: the configuration of a program. conf_load() builds a whole, immutable
 * one from, lowest first,
 *
 *   the defaults in the table (settings.c)
 *   the common part of the YAML file
 *   the chain of profiles in that file, oldest parent first
 *   the environment (only for settings that name a variable)
 *   -o KEY=VALUE on the command line, in order
 *
 * and either gives it or collects every mistake with its place. A reload
 * builds another one and swaps. A later layer replaces a value or a whole list;
 * in a map it replaces the entries it names and leaves the others.
 *
 * Every getter takes a key that is in the table, with the type that the getter
 * is for; anything else is a broken program and aborts. What a getter returns
 * lives as long as the configuration.
 *
 * It knows no sockets and no program: libyaml is known in conf_yaml.c only.
 */
#ifndef MUSTER_LIB_CONF_H
#define MUSTER_LIB_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Read when no file is named; that it is not there is fine. */
#define CONF_DEFAULT_FILE MUSTER_SYSCONFDIR "/muster/muster.yaml"

#define CONF_FILE_MAX     (1024 * 1024) /* bytes of a file */
#define CONF_DEPTH_MAX    8             /* levels of nesting in it */
#define CONF_PROFILES_MAX 1000          /* profiles in it */
#define CONF_CHAIN_MAX    16            /* profiles in a chain of parents */
#define CONF_ITEMS_MAX    1024          /* items of a list, entries of a map */
#define CONF_ERRORS_MAX   100           /* mistakes told; further are counted */

/* Who uses a setting: a mask. */
enum conf_program {
    CONF_MUSTERD = 1,
    CONF_DISPATCH = 2,
    CONF_WORKER = 4,
    CONF_CLI = 8,
    CONF_DAEMONS = CONF_MUSTERD | CONF_DISPATCH | CONF_WORKER,
    CONF_ALL = CONF_DAEMONS | CONF_CLI
};

/* In brackets the getter. */
enum conf_type {
    CONF_STRING,     /* any text without control characters [conf_str] */
    CONF_ID,         /* text in which %n %u %% are expanded [conf_str] */
    CONF_ENUM,       /* one of the words in .values [conf_str, conf_enum] */
    CONF_BOOL,       /* on off yes no true false 1 0 [conf_bool] */
    CONF_INT,        /* a whole number in min..max [conf_int] */
    CONF_DURATION,   /* 30 30s 500ms 5m 1h 2d, in ms [conf_duration_ms] */
    CONF_SIZE,       /* 64K: bytes, K M G T powers of 1024 [conf_size] */
    CONF_ADDR,       /* HOST:PORT [V6]:PORT unix!/path off [conf_str] */
    CONF_LISTEN,     /* a list of such to listen on; off alone [conf_listen] */
    CONF_BINDS,      /* a list of HOST[:PORT[:PORT[:PORT]]] [conf_list] */
    CONF_REGISTRIES, /* a list of HOST[:NEW[:FIND[:EVENT]]] [conf_list] */
    CONF_WORDS,      /* a list of words [conf_list] */
    CONF_MAP,        /* attributes and their values [conf_map] */
    CONF_ACTIONS,    /* the same of actions (action.h): the value of each is a
                      * map, as YAML on one line [conf_map] */
    CONF_STORE,      /* memory sqlite:PATH [conf_str] */
    CONF_LOG_TO,     /* stderr file:PATH syslog [conf_str] */
    CONF_AUDIT_TO    /* off file:PATH [conf_str] */
};

/* A row of the table of settings. */
struct conf_setting {
    const char *key; /* dotted path */
    enum conf_type type;
    const char *def;    /* as it would be written; NULL: not set */
    int64_t min, max;   /* of numbers, durations in ms (both 0: any from 0 on);
                         * min of lists: their least number of items */
    const char *values; /* CONF_ENUM: "text json" */
    const char *unit;   /* what a CONF_INT counts: "services"; or NULL */
    const char *env;    /* a variable that sets it too, or NULL */
    int face;           /* CONF_LISTEN: which port of a bind is for it, 0..;
                         * -1: none */
    bool reloadable;    /* SIGHUP is enough */
    unsigned programs;  /* mask of enum conf_program */
    const char *help;   /* one sentence, no full stop */
};

/* From what to build; everything is borrowed for the call only. */
struct conf_source {
    const struct conf_setting *table; /* NULL: settings_table() */
    size_t n_table;
    const char *file;    /* NULL: CONF_DEFAULT_FILE, if it is there */
    const char *profile; /* NULL: the node name, if there is such a profile */
    const char *const *options; /* texts KEY=VALUE */
    size_t n_options;
    bool environment;       /* whether variables of the table count */
    const char *nodename;   /* NULL: uname -n */
    const struct conf *old; /* a reload: %u stays what it was in this one */
};

/* One mistake. */
struct conf_error {
    char *where; /* "FILE:LINE", "-o KEY", "$VARIABLE" or "FILE" */
    int line;    /* in the file, 0: none */
    char *text;
};

/* All mistakes of one conf_load(); begin with all zero. */
struct conf_errors {
    struct conf_error *items; /* in the order of the file, then the rest */
    size_t n;
    size_t more; /* that were not kept */
};

struct conf;

/* The configuration, or NULL and at least one mistake in errs. */
__attribute__((warn_unused_result)) struct conf *
conf_load(const struct conf_source *src, struct conf_errors *errs);
void conf_free(struct conf *conf); /* NULL is fine */

/*
 * Whether all that these programs would listen on can be reached from this
 * machine only; a mistake for each that cannot.
 */
bool conf_check_local(const struct conf *conf, unsigned programs,
                      struct conf_errors *errs);

/* Prints a line "PREFIX: WHERE: TEXT" for each mistake. */
void conf_errors_print(const struct conf_errors *errs, FILE *to,
                       const char *prefix);
void conf_errors_free(struct conf_errors *errs); /* all zero again */

/* What %n is: the name of this machine, as a word. */
const char *conf_nodename(const struct conf *conf);
/* NULL when it is not set and has no default. */
const char *conf_str(const struct conf *conf, const char *key);
/* The place of the value in the setting's .values, from 0. */
int conf_enum(const struct conf *conf, const char *key);
bool conf_bool(const struct conf *conf, const char *key);
int64_t conf_int(const struct conf *conf, const char *key);
int64_t conf_duration_ms(const struct conf *conf, const char *key);
uint64_t conf_size(const struct conf *conf, const char *key);

/*
 * The items of a list. Where a CONF_REGISTRIES is not set above its default
 * and `seeds` is, these are the seeds.
 */
const char *const *conf_list(const struct conf *conf, const char *key,
                             size_t *count);
/* The same as one text with blanks between the items. */
const char *conf_joined(const struct conf *conf, const char *key);

/*
 * The addresses that a face listens on: its own key where that is set above
 * the default; else one for each of `binds`, where that is set; else the
 * default. None when it is off. Texts for addr_parse(); a bind `*` gives
 * "*:PORT".
 */
const char *const *conf_listen(const struct conf *conf, const char *key,
                               size_t *count);

/* The entries of a map, in the order of their names; false after the last. */
struct conf_map_entry {
    const char *name;
    const char *value;
    const char *origin; /* as conf_origin() says it */
};
size_t conf_map_size(const struct conf *conf, const char *key);
struct conf_map_entry conf_map_at(const struct conf *conf, const char *key,
                                  size_t i);
/* The value of an entry, NULL if there is none of that name. */
const char *conf_map_get(const struct conf *conf, const char *key,
                         const char *name);

/* Whether anything above the built-in default sets it. */
bool conf_is_set(const struct conf *conf, const char *key);

/*
 * Where the value comes from: "default", "FILE:LINE", "profile NAME
 * (FILE:LINE)", "$VARIABLE" or "-o"; with ", by seeds" or ", by binds" behind
 * it where that stands in for the setting.
 */
const char *conf_origin(const struct conf *conf, const char *key);

/* The value as it could be written in the file on one line; "" if not set. */
const char *conf_text(const struct conf *conf, const char *key);

/* Any text as the file could have it: quoted where it must be. To be freed. */
char *conf_quote(const char *text);

const char *conf_file(const struct conf *conf);    /* NULL: none was read */
const char *conf_profile(const struct conf *conf); /* NULL: none applies */

/*
 * Tells fn each setting that differs and that one of `programs` uses, in the
 * order of the table. Returns how many.
 */
typedef void conf_change_fn(void *arg, const struct conf_setting *setting,
                            const char *from, const char *to);
size_t conf_diff(const struct conf *from, const struct conf *to,
                 unsigned programs, conf_change_fn *fn, void *arg);

/*
 * Takes over from old what is not reloadable, so that `conf` says what is in
 * effect.
 */
void conf_keep_fixed(struct conf *conf, const struct conf *old);

/* The table it was built by. */
const struct conf_setting *conf_table(const struct conf *conf, size_t *count);

/*
 * Single values, as the file and command lines write them. False, and nothing
 * stored, for what is none or does not fit.
 */
__attribute__((warn_unused_result)) bool conf_parse_bool(const char *text,
                                                         bool *value);
__attribute__((warn_unused_result)) bool conf_parse_int(const char *text,
                                                        int64_t *value);
__attribute__((warn_unused_result)) bool conf_parse_duration(const char *text,
                                                             int64_t *ms);
__attribute__((warn_unused_result)) bool conf_parse_size(const char *text,
                                                         uint64_t *bytes);

#endif

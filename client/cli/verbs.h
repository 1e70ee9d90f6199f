/*
 * verbs: the one table of what `muster` can do. A verb exists because it has a
 * row here: parsing (args.c), help, completion and the man page's test all go
 * by it, and its role, words and options are checked before it runs.
 *
 * It knows nothing but the verbs' functions.
 */
#ifndef MUSTER_CLI_VERBS_H
#define MUSTER_CLI_VERBS_H

#include <stdbool.h>
#include <stddef.h>

struct cli;

/* What an option takes. */
enum verb_value {
    VALUE_NONE,     /* nothing: it is a flag */
    VALUE_TEXT,     /* any text */
    VALUE_FILE,     /* any text; completion offers files */
    VALUE_OPTIONAL, /* a text, only as --name=TEXT */
    VALUE_NUMBER,   /* a whole number from 0 */
    VALUE_SHARE,    /* a whole number from 0, or N% up to 100% */
    VALUE_TIME,     /* 30, 30s, 500ms, 5m, 1h, 2d */
    VALUE_ONE_OF    /* one of the words in .value, "a|b|c" */
};

struct verb_option {
    const char *name; /* without its dashes; NULL ends a table */
    char letter;      /* or 0 */
    enum verb_value kind;
    const char *value; /* its name in usage; of VALUE_ONE_OF the words */
    const char *help;  /* a phrase, no full stop */
    /* exec: the directive (".timeout") or argument ("user") it is sent as. */
    const char *directive;
    bool many; /* may be given several times */
};

struct verb {
    const char *word;
    const char *usage; /* the words it takes, "" for none */
    const char *help;  /* a phrase, no full stop */
    const char *more;  /* paragraphs and examples for `muster help VERB` */
    int min, max;      /* number of words; max -1: any */
    bool command;      /* takes -- COMMAND ARG… apart from its words */
    bool bare;         /* runs without reading the configuration */
    int (*run)(struct cli *cli);
    const struct verb_option *options;
    const char
        *options_of; /* the verb whose options these are; NULL: its own */
};

const struct verb *verbs_table(size_t *count);
/* NULL: there is none of that name. */
const struct verb *verbs_find(const char *word);
/* The options that every verb takes. */
const struct verb_option *verbs_globals(void);

/* verbs_token.c */
extern const struct verb_option verbs_token_options[];
extern const char verbs_token_more[];

/* verbs_push.c */
extern const char verbs_copy_more[], verbs_release_more[], verbs_deploy_more[];

/* verbs_consul.c */
extern const char verbs_kv_more[], verbs_services_more[], verbs_nodes_more[],
    verbs_event_more[], verbs_consul_config_more[];

/* The verbs, a file each: they return the exit status. */
int verb_backup(struct cli *cli);
int verb_cancel(struct cli *cli);
int verb_completion(struct cli *cli);
int verb_audit(struct cli *cli);
int verb_config(struct cli *cli);
int verb_consul_config(struct cli *cli);
int verb_copy(struct cli *cli);
int verb_delete(struct cli *cli);
int verb_drain(struct cli *cli);
int verb_deploy(struct cli *cli);
int verb_dev(struct cli *cli);
int verb_event(struct cli *cli);
int verb_exec(struct cli *cli);
int verb_explain(struct cli *cli);
int verb_find(struct cli *cli);
int verb_follow(struct cli *cli);
int verb_health(struct cli *cli);
int verb_help(struct cli *cli);
int verb_job(struct cli *cli);
int verb_jobs(struct cli *cli);
int verb_kv(struct cli *cli);
int verb_nodes(struct cli *cli);
int verb_pause(struct cli *cli);
int verb_plan(struct cli *cli);
int verb_register(struct cli *cli);
int verb_release(struct cli *cli);
int verb_rerun(struct cli *cli);
int verb_restore(struct cli *cli);
int verb_run(struct cli *cli);
int verb_services(struct cli *cli);
int verb_tls(struct cli *cli);
int verb_token(struct cli *cli);
int verb_version(struct cli *cli);
int verb_watch(struct cli *cli);
int verb_why(struct cli *cli);

#endif
